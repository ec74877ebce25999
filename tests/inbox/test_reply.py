from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from approvals.errors import NotAllowed, WrongState
from approvals.states import PostState
from publisher.inbox.reply import AlreadyAnswered
from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.models.deliveries import Delivery
from publisher.models.posts import DecisionKind, Post
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.review import decide, withdraw
from publisher.states import CommentState, DeliveryState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import HOUR, MINUTE


@pytest.mark.parametrize("who", ["first", "second", "head"])
def test_an_officers_own_answer_leaves_at_once_under_that_very_comment(
    town: City, who: str
) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id, "उद्या सकाळी सहा वाजता.", by=who)
    town.tick_dispatch()
    published = town.platform("x").published[-1]
    assert published.text == "उद्या सकाळी सहा वाजता."
    assert published.parent_id == _comment(town, comment_id).platform_id
    with town.read() as session:
        decision = session.get_one(Post, post_id).revisions[-1].decisions[0]
        assert decision.kind is DecisionKind.OWN_HAND
        assert decision.person_id == town.people[who]


@pytest.mark.parametrize(
    "text", [" \u00a0\u2003\n", "\u200b\u2060", "\u180b\ufe0f\U000e0100"], ids=ascii
)
def test_an_answer_that_nobody_can_see_is_refused_and_stores_nothing(town: City, text: str) -> None:
    comment_id = _routed(town)
    with pytest.raises(Invalid) as refused:
        town.answer(comment_id, text)
    assert refused.value.codes == [("variants-0-text", "required")]
    with town.read() as session:
        assert session.scalars(select(Reply)).all() == []


@pytest.mark.parametrize("who", ["clerk", "lead"])
def test_an_answer_by_the_cell_waits_for_the_officer(town: City, who: str) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id, by=who)
    town.tick_dispatch(MINUTE)
    assert _post(town, post_id).state is PostState.IN_REVIEW
    assert len(town.platform("x").published) == 1
    assert town.notified("answer_waits") == ["first", "second"]
    town.approve(post_id, by="second")
    town.tick_dispatch()
    assert len(town.platform("x").published) == 2


def test_a_comment_is_answered_when_its_answer_is_live_and_not_before(town: City) -> None:
    comment_id = _routed(town)
    town.answer(comment_id)
    assert town.note_answers() == 0
    assert _comment(town, comment_id).state is CommentState.ROUTED
    town.tick_dispatch()
    assert town.note_answers() == 1
    assert _comment(town, comment_id).state is CommentState.ANSWERED
    assert town.note_answers() == 0
    assert town.verbs("comments", comment_id)[-1] == "answer_live"


def test_an_answer_found_by_a_look_answers_too(town: City) -> None:
    comment_id = _routed(town)
    town.platform("x").fail_next(OutcomeUnknown(), after_keeping=True)
    town.answer(comment_id)
    town.tick_dispatch()
    assert town.note_answers() == 0
    town.tick_reconcile(MINUTE)
    assert town.note_answers() == 1


def test_an_interim_answer_is_noted_and_the_clock_runs_on(town: City) -> None:
    comment_id = _routed(town)
    due_at = _comment(town, comment_id).due_at
    town.answer(comment_id, "तपासून कळवितो.", kind=AnswerKind.INTERIM)
    town.tick_dispatch()
    assert town.note_answers() == 1
    comment = _comment(town, comment_id)
    assert (comment.state, comment.interim_at) == (CommentState.ROUTED, town.now)
    assert comment.due_at == due_at
    assert town.note_answers() == 0
    town.answer(comment_id)
    town.tick_dispatch()
    assert town.note_answers() == 1
    assert _comment(town, comment_id).state is CommentState.ANSWERED


def test_an_opening_has_one_final_answer(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id)
    for who in ("first", "second", "clerk"):
        with pytest.raises(AlreadyAnswered) as problem:
            town.answer(comment_id, by=who)
        assert problem.value.values == {"post": post_id}


@pytest.mark.both
def test_of_two_who_answer_at_once_one_is_told(town: City) -> None:
    comment_id = _routed(town)
    together = Barrier(2)

    def answer(who: str) -> str:
        together.wait()
        try:
            town.answer(comment_id, f"उत्तर: {who}", by=who)
        except AlreadyAnswered:
            return "told"
        return "answered"

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(answer, ["first", "second"])) == ["answered", "told"]
    with town.read() as session:
        assert len(session.scalars(select(Reply)).all()) == 1


@pytest.mark.parametrize("no", [City.return_post, City.reject])
def test_after_the_officers_no_the_comment_can_be_answered_anew(
    town: City, no: Callable[[City, int], None]
) -> None:
    comment_id = _routed(town)
    refused = town.answer(comment_id, "चुकीचे उत्तर.", by="clerk")
    no(town, refused)
    town.answer(comment_id, "बरोबर उत्तर.", by="first")
    town.tick_dispatch()
    assert [post.text for post in town.platform("x").published][1:] == ["बरोबर उत्तर."]


def test_an_approval_taken_back_and_given_again_lets_the_answer_leave_once(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id, by="clerk")
    town.approve(post_id)
    with town.write() as session:
        withdraw.withdraw_approval(
            session, actor=town.actor("first"), now=town.now, post_id=post_id, seen_revision=1
        )
    town.tick_dispatch(MINUTE)
    assert len(town.platform("x").published) == 1
    town.approve(post_id)
    town.tick_dispatch(MINUTE)
    assert len(town.platform("x").published) == 2


def test_a_failed_answer_says_why_and_gives_way_to_another(town: City) -> None:
    comment_id = _routed(town)
    town.platform("x").fail_next(Refused(RefusalCode.DUPLICATE))
    post_id = town.answer(comment_id)
    town.tick_dispatch()
    with town.read() as session:
        failed = session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one()
        assert (failed.state, failed.reason) == (DeliveryState.FAILED, {"code": "duplicate"})
    town.answer(comment_id, "दुसऱ्या शब्दांत उत्तर.")
    with town.read() as session:
        assert session.get_one(Post, post_id).state is PostState.WITHDRAWN
    town.tick_dispatch()
    assert len(town.platform("x").published) == 2
    assert town.note_answers() == 1


def test_a_returned_answer_gives_way_to_another(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id, by="clerk")
    with town.write() as session:
        decide.return_post(
            session,
            actor=town.actor("first"),
            now=town.now,
            post_id=post_id,
            seen_revision=1,
            reason="वेळ लिहावी.",
        )
    town.answer(comment_id, "उद्या सकाळी ९ वाजता.")
    town.tick_dispatch()
    assert town.note_answers() == 1


def test_an_answer_on_its_way_gives_way_to_nothing(town: City) -> None:
    comment_id = _routed(town)
    town.answer(comment_id)
    with pytest.raises(AlreadyAnswered):
        town.answer(comment_id)


def test_an_answer_to_a_comment_that_is_gone_fails_with_that_reason(town: City) -> None:
    comment_id = _routed(town)
    platform = town.platform("x")
    platform.posts.pop()
    post_id = town.answer(comment_id)
    town.tick_dispatch()
    with town.read() as session:
        failed = session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one()
    assert failed.reason == {"code": "target_gone"}


def test_an_answer_that_waited_longer_than_a_day_is_missed(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id)
    town.tick_dispatch(24 * HOUR + MINUTE)
    with town.read() as session:
        missed = session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one()
    assert missed.state is DeliveryState.MISSED
    assert _comment(town, comment_id).state is CommentState.ROUTED


@pytest.mark.parametrize("text", ["", "   ", "अ" * 300, "ok\u202eko", "a\x00b"])
def test_a_text_that_cannot_leave_is_told_and_nothing_is_kept(town: City, text: str) -> None:
    comment_id = _routed(town)
    with pytest.raises(Invalid) as problem:
        town.answer(comment_id, text)
    assert problem.value.codes[0][0] == "variants-0-text"
    with town.read() as session:
        assert session.scalars(select(Reply)).all() == []


def test_only_a_routed_comment_can_be_answered(town: City) -> None:
    comment_id = town.comment()
    with pytest.raises(WrongState):
        town.answer(comment_id, by="clerk")


def test_an_officer_whose_appointment_ended_this_morning_answers_nothing(town: City) -> None:
    comment_id = _routed(town)
    actor_was = "first"
    town.end(actor_was)
    with pytest.raises(NotAllowed):
        town.answer(comment_id, by=actor_was)
    assert len(town.platform("x").published) == 1


def test_an_officer_who_leaves_before_the_answer_is_sent_stops_it(town: City) -> None:
    comment_id = _routed(town)
    post_id = town.answer(comment_id)
    town.disable("first")
    town.tick_dispatch()
    with town.read() as session:
        failed = session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one()
    assert failed.reason == {"code": "approval_missing"}
    assert len(town.platform("x").published) == 1


def _routed(town: City) -> int:
    (delivery_id,) = town.live()
    return town.comment(under=delivery_id)


def _comment(town: City, comment_id: int) -> Comment:
    with town.read() as session:
        return session.get_one(Comment, comment_id)


def _post(town: City, post_id: int) -> Post:
    with town.read() as session:
        return session.get_one(Post, post_id)
