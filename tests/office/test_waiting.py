"""Today: each role sees what waits for it, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from approvals.policy import Role
from publisher.desk import intake, scheduling, withdrawing
from publisher.inbox import routing
from publisher.office.reporting import DueKind, Waiting, WaitingKind, waiting_for
from publisher.people import appointing
from publisher.people.appointing import COMMAND
from publisher.platforms.base import CredentialsExpired, RefusalCode, Refused
from tests.support.city import DAY, HOUR, MINUTE, City

Kinds = dict[str, list[str]]


def received(town: City) -> None:
    town.hand_in()


def declined(town: City) -> None:
    submission_id = town.hand_in()
    with town.write() as session:
        intake.decline(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            submission_id=submission_id,
            reason="आधीच प्रसिद्ध.",
        )


def begun(town: City) -> None:
    town.start(town.hand_in())


def drafted(town: City) -> None:
    town.draft(town.hand_in())


def in_review(town: City) -> None:
    town.in_review()


def in_review_elsewhere(town: City) -> None:
    town.in_review("road")


def in_review_with_a_head_alone(town: City) -> None:
    town.in_review("health")


def in_review_with_nobody(town: City) -> None:
    town.in_review("garden")


def in_review_by_two_departments(town: City) -> None:
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], asked=["road"])
    town.send(post_id)
    town.approve(post_id, by="first")


def returned(town: City) -> None:
    town.return_post(town.in_review())


def rejected(town: City) -> None:
    town.reject(town.in_review())


def approved(town: City) -> None:
    town.approved()


def scheduled(town: City) -> None:
    town.schedule(town.approved())


def half_scheduled(town: City) -> None:
    post_id = town.approved(on=["x", "facebook"])
    with town.write() as session:
        scheduling.schedule(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_id=town.variants(post_id)[0],
            due_at=town.now + HOUR,
        )


def approval_withdrawn(town: City) -> None:
    post_id = town.approved()
    town.schedule(post_id)
    town.clock.move(MINUTE)
    with town.write() as session:
        withdrawing.withdraw_approval(
            session, actor=town.actor("first"), now=town.now, post_id=post_id, seen=1
        )


def approved_once_more(town: City) -> None:
    approval_withdrawn(town)
    town.clock.move(MINUTE)
    town.approve(1)


def live(town: City) -> None:
    town.live()


def missed(town: City) -> None:
    town.due()
    town.press(2 * HOUR)


def failed(town: City) -> None:
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.live()


def failed_and_revised(town: City) -> None:
    failed(town)
    town.save(1, on=["x"], text="नवी आवृत्ती")


def held(town: City) -> None:
    town.hold()


def paused(town: City) -> None:
    town.platform("x").fail_next(CredentialsExpired())
    town.live()


def unrouted(town: City) -> None:
    town.comment()


def routed(town: City) -> None:
    (delivery_id,) = town.live()
    town.comment(under=delivery_id)


def routed_and_left_behind(town: City) -> None:
    routed(town)
    town.end("first")


def left_behind_by_both(town: City) -> None:
    routed(town)
    town.end("second")
    town.end("first")


def answer_on_its_way(town: City) -> None:
    routed(town)
    town.answer(1)


def answer_in_review(town: City) -> None:
    routed(town)
    town.answer(1, by="clerk")


def answer_returned(town: City) -> None:
    routed(town)
    town.return_post(town.answer(1, by="clerk"))


def answer_failed(town: City) -> None:
    answer_on_its_way(town)
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    town.press()


def answered(town: City) -> None:
    answer_on_its_way(town)
    town.press()
    town.note_answers()


def transferred(town: City) -> None:
    routed(town)
    with town.write() as session:
        routing.transfer(
            session,
            actor=town.actor("first"),
            now=town.now,
            comment_id=1,
            department_id=town.departments["road"],
            reason="पथ विभागाचा विषय.",
        )


CELL = ("lead", "clerk", "other_clerk")
OFFICERS = ("first", "second")


def _each(names: tuple[str, ...], *kinds: str) -> Kinds:
    return {name: list(kinds) for name in names}


# Written by hand from the brief of each role, never computed.
TABLE: list[tuple[Callable[[City], None], Kinds]] = [
    (received, _each(CELL, "submission")),
    (declined, {}),
    (begun, _each(CELL, "draft")),
    (drafted, _each(CELL, "draft")),
    (in_review, _each(OFFICERS, "to_approve")),
    (in_review_elsewhere, {"road_officer": ["to_approve"]}),
    (in_review_with_a_head_alone, {"health_head": ["to_approve"]}),
    (in_review_with_nobody, {"lead": ["blocked"]}),
    (in_review_by_two_departments, {"road_officer": ["to_approve"]}),
    (returned, _each(CELL, "post_returned")),
    (rejected, {}),
    (approved, _each(CELL, "to_schedule")),
    (scheduled, {}),
    (half_scheduled, _each(CELL, "to_schedule")),
    (approval_withdrawn, _each(OFFICERS, "to_approve")),
    (approved_once_more, _each(CELL, "to_schedule")),
    (live, {}),
    (missed, _each(CELL, "delivery_missed")),
    (failed, _each(CELL, "delivery_failed")),
    (failed_and_revised, _each(CELL, "draft")),
    (held, _each(("lead", "first", "second", "head"), "delivery_held")),
    (paused, {"admin": ["account_paused"]}),
    (unrouted, _each(CELL, "comment_unrouted")),
    (routed, {"first": ["comment"]}),
    (routed_and_left_behind, {"second": ["comment"]}),
    (left_behind_by_both, {"head": ["comment"]}),
    (answer_on_its_way, {}),
    (answer_in_review, _each(OFFICERS, "answer_to_approve")),
    (answer_returned, {"first": ["comment"]}),
    (answer_failed, _each(CELL, "delivery_failed") | {"first": ["answer_failed"]}),
    (answered, {}),
    (transferred, {"road_officer": ["comment"]}),
]


@pytest.mark.parametrize(("happens", "expected"), TABLE)
def test_each_thing_waits_for_those_who_can_act_and_for_nobody_else(
    town: City, happens: Callable[[City], None], expected: Kinds
) -> None:
    happens(town)
    found = {name: [one.kind.value for one in _today(town, name)] for name in town.roles}
    gone = {routed_and_left_behind: ("first",), left_behind_by_both: OFFICERS}
    absent = gone.get(happens, ())
    assert {name: kinds for name, kinds in found.items() if kinds and name not in absent} == (
        expected
    )


def test_the_most_urgent_comes_first_and_what_has_no_time_last(town: City) -> None:
    for title, after in (("उद्या", DAY), ("आज", 2 * HOUR), ("परवा", 2 * DAY)):
        town.hand_in(title, wished_at=town.now + after)
    town.hand_in("केव्हाही")
    town.hand_in("लगेच", wished_at=town.now + MINUTE)
    town.clock.move(HOUR)
    today = _today(town, "clerk")
    assert [one.title for one in today] == ["लगेच", "आज", "उद्या", "परवा", "केव्हाही"]
    assert [one.urgent for one in today] == [True, True, False, False, False]


def test_what_is_to_be_approved_says_what_it_is_and_until_when(town: City) -> None:
    submission_id = town.hand_in(wished_at=town.now + 6 * HOUR)
    post_id = town.draft(submission_id, on=["x", "facebook"])
    town.send(post_id)
    (one,) = _today(town, "first")
    assert (one.subject, one.subject_id, one.path) == ("post", post_id, f"/posts/{post_id}/review")
    assert (one.title, one.revision) == ("शनिवारी पाणीपुरवठा बंद", 1)
    assert one.platforms == ("x", "facebook")
    assert (one.due_at, one.due_kind) == (town.now + 6 * HOUR, DueKind.WISHED)
    assert one.by is not None
    assert (one.by.name_mr, one.by.role) == ("स्वाती रणपिसे", Role.CELL)


def test_without_a_wish_the_end_of_the_window_is_when_it_is_due(town: City) -> None:
    town.in_review()
    (one,) = _today(town, "first")
    assert (one.due_at, one.due_kind) == (town.now + 30 * DAY, DueKind.USEFUL_UNTIL)


def test_a_comment_says_who_wrote_what_and_when_it_is_due(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment("कधी?", under=delivery_id, author="उदाहरण जगताप")
    (one,) = _today(town, "first")
    assert (one.quote, one.author, one.path) == ("कधी?", "उदाहरण जगताप", f"/comments/{comment_id}")
    assert one.due_kind is DueKind.ANSWER_BY
    assert one.platforms == ("x",)
    assert not one.urgent
    town.clock.move(10 * DAY)
    assert _today(town, "first")[0].urgent


def test_an_answer_that_failed_leads_to_its_comment_with_the_reason(town: City) -> None:
    answer_failed(town)
    (one,) = _today(town, "first")
    assert (one.subject, one.path, one.code) == ("comment", "/comments/1", "duplicate")
    assert one.text == "उद्या सकाळी सहा वाजता."


def test_who_wrote_a_revision_does_not_find_it_to_approve(town: City) -> None:
    """A clerk who is also an officer: four eyes bind the person, whatever the appointment."""
    _give_the_clerk_a_second_hat(town)
    town.in_review("garden")
    assert [one.kind for one in _today(town, "lead")] == [WaitingKind.BLOCKED]
    assert _today(town, "garden_officer") == []


def test_an_answer_that_the_officer_wrote_as_a_clerk_binds_no_four_eyes(town: City) -> None:
    _give_the_clerk_a_second_hat(town)
    comment_id = town.comment()
    town.assign(comment_id, "garden")
    town.answer(comment_id, by="clerk")
    assert [one.kind for one in _today(town, "garden_officer")] == [WaitingKind.ANSWER_TO_APPROVE]


def test_an_approval_whose_giver_left_office_is_wanted_again(town: City) -> None:
    in_review_by_two_departments(town)
    assert _today(town, "second") == []
    town.end("first")
    assert [one.kind for one in _today(town, "second")] == [WaitingKind.TO_APPROVE]


def test_a_head_does_not_stand_in_while_an_officer_can(town: City) -> None:
    town.in_review()
    assert _today(town, "head") == []
    town.disable("first")
    assert _today(town, "head") == []
    town.end("second")
    assert [one.kind for one in _today(town, "head")] == [WaitingKind.TO_APPROVE]


def _give_the_clerk_a_second_hat(town: City) -> None:
    with town.write() as session:
        appointment = appointing.record_person(
            session,
            actor=COMMAND,
            now=town.now,
            name_mr="स्वाती रणपिसे",
            role=Role.OFFICER,
            department_id=town.departments["garden"],
            mail="clerk@pmc.example",
        )
        session.flush()
        town.appointments["garden_officer"] = appointment.id
    town.people["garden_officer"] = town.people["clerk"]
    town.roles["garden_officer"] = (Role.OFFICER, "garden")


def _today(town: City, name: str) -> list[Waiting]:
    with town.read() as session:
        return waiting_for(session, actor=town.actor(name), now=town.now)


def test_a_day_without_anything_is_empty_for_everybody(town: City) -> None:
    assert all(_today(town, name) == [] for name in town.roles)
