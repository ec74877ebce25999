"""Citizens' comments and the officers' answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from unicodedata import normalize

from demo import cast, plan
from demo.remarks import Remark, load, under
from publisher.people import register_data
from publisher.states import CommentState, DeliveryState
from tests.demo_material.weighing import LIMIT, at_most

DEVANAGARI = re.compile("[\u0900-\u097f]")
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
MIDNIGHT = datetime(2026, 11, 24, 18, 35, tzinfo=UTC)


def published() -> set[tuple[str | None, str, str | None]]:
    """Notice, platform and language of every post that goes live in the demo."""
    return {
        (course.notice, outcome.platform, outcome.language)
        for course in plan.COURSES
        for outcome in course.deliveries
        if outcome.state is DeliveryState.PUBLISHED
    }


def by_key() -> dict[str, Remark]:
    """All remarks by key."""
    return {remark.key: remark for remark in load()}


def test_there_are_at_least_forty_of_which_ten_are_answered() -> None:
    assert len(load()) >= 40
    assert sum(remark.answer is not None for remark in load()) >= 10


def test_they_end_in_every_state_and_some_are_late_reopened_or_passed_on() -> None:
    assert {remark.state for remark in load()} == set(CommentState)
    for mark in ("overdue", "reopened", "transferred", "parent", "off_topic_for"):
        assert any(getattr(remark, mark) for remark in load()), mark


def test_each_stands_under_a_post_that_is_live_or_is_a_mention() -> None:
    live = published()
    for remark in load():
        if remark.notice is None:
            assert (remark.platform, remark.variant) == ("x", None)
            assert "@pmc_namuna" in remark.text
        else:
            assert (remark.notice, remark.platform, remark.variant) in live, remark.key


def test_a_reply_stands_under_the_same_post_after_what_it_answers() -> None:
    earlier: dict[str, Remark] = {}
    for remark in load():
        if remark.parent is not None:
            parent = earlier[remark.parent]
            assert (remark.notice, remark.platform, remark.variant) == (
                parent.notice,
                parent.platform,
                parent.variant,
            )
            assert remark.after_minutes > parent.after_minutes
        earlier[remark.key] = remark


def test_each_was_written_in_the_past_and_after_its_post() -> None:
    notices = {notice.key: notice for notice in plan.all_notices()}
    for remark in load():
        base = notices[remark.notice].wished.moment(MIDNIGHT) if remark.notice else MIDNIGHT
        assert remark.made_at(base) < MIDNIGHT, remark.key
        assert (remark.after_minutes > 0) == (remark.notice is not None)


def test_what_is_overdue_is_more_than_nine_days_old_and_unanswered() -> None:
    notices = {notice.key: notice for notice in plan.all_notices()}
    for remark in load():
        if remark.overdue:
            assert remark.notice is not None
            assert notices[remark.notice].wished.days <= -10
            assert remark.state is CommentState.ROUTED
            assert remark.answer is None


def test_an_answer_goes_with_answered_or_reopened_and_a_reason_with_closed() -> None:
    for remark in load():
        answered = remark.state is CommentState.ANSWERED or remark.reopened
        assert (remark.answer is not None) == answered, remark.key
        needs_reason = remark.state is CommentState.CLOSED or remark.transferred
        assert (remark.reason is not None) == needs_reason, remark.key


def test_answers_come_from_an_officer_of_the_posts_department() -> None:
    departments = {notice.key: notice.department for notice in plan.all_notices()}
    for remark in load():
        if remark.answer is not None:
            assert remark.notice is not None
            officers = {person.key for person in cast.officers(departments[remark.notice])}
            assert remark.by in officers, remark.key


def test_whoever_acts_is_of_the_cast_and_mentions_are_the_cells() -> None:
    people = cast.by_key()
    for remark in load():
        if remark.by is not None:
            assert remark.by in people
            if remark.notice is None:
                roles = {held.role.value for held in people[remark.by].appointments}
                assert roles == {"cell"}


def test_answers_fit_on_x_and_are_signed() -> None:
    names = {"पथ विभाग", "Roads Department", "शिक्षण मंडळ", "आरोग्य विभाग", "प्राणी संग्रहालय"}
    names |= {row.name_mr for row in register_data.load()}
    for remark in load():
        if remark.answer is not None:
            assert at_most(remark.answer) <= LIMIT, remark.key
            assert any(remark.answer.endswith(name) for name in names), remark.key


def test_another_departments_matter_names_a_department_of_the_register() -> None:
    codes = {row.code for row in register_data.load()}
    assert {remark.off_topic_for for remark in load()} - {None} <= codes


def test_they_are_written_in_both_scripts_with_emoji_and_in_plain_composed_text() -> None:
    written = [remark.text for remark in load()]
    assert sum(DEVANAGARI.search(text) is not None for text in written) >= 20
    assert sum(DEVANAGARI.search(text) is None for text in written) >= 15
    assert any(EMOJI.search(text) for text in written)
    assert all(text == normalize("NFC", text).strip() for text in written)


def test_authors_are_recognisably_invented() -> None:
    for remark in load():
        assert re.search("namuna|udaharan|नमुना|उदाहरण", remark.author.lower()), remark.author
        assert (remark.platform == "x") == remark.author.startswith("@")


def test_all_remarks_are_found_by_their_notice() -> None:
    notices = {remark.notice for remark in load()}
    assert sum(len(under(notice)) for notice in notices) == len(by_key())
