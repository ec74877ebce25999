"""Undo of a transfer or a closing: the former holder, the same deadline, and who was told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole
from approvals.policy import CLOCK
from publisher import transitions
from publisher.inbox import reply, routing
from publisher.inbox.undo import can_undo, undo_routing
from publisher.models.comments import AnswerKind, Comment, Routing
from publisher.models.history import Event
from publisher.states import CommentState
from publisher.undo import DoneFurther, NotOwnAct, TooLate
from publisher.validation import NotFound
from tests.support.city import City
from tests.support.city_people import DAY

SECOND = timedelta(seconds=1)
WORDS = "हा विषय रस्ते विभागाचा आहे."


def _routed(town: City) -> int:
    (delivery_id,) = town.live()
    return town.comment(under=delivery_id)


def _transfer(town: City, comment_id: int, department: str | None, *, by: str = "first") -> int:
    town.clock.move(SECOND)
    with town.write() as session:
        routing.transfer(
            session,
            actor=town.actor(by),
            now=town.now,
            comment_id=comment_id,
            department_id=town.departments[department] if department else None,
            reason=WORDS,
        )
    return _newest_event(town, comment_id).id


def _close(town: City, comment_id: int, *, by: str) -> int:
    town.clock.move(SECOND)
    with town.write() as session:
        routing.close(
            session, actor=town.actor(by), now=town.now, comment_id=comment_id, reason=WORDS
        )
    return _newest_event(town, comment_id).id


def _undo(town: City, comment_id: int, event_id: int, *, by: str = "first") -> None:
    with town.write() as session:
        undo_routing(
            session,
            actor=town.actor(by),
            now=town.now,
            comment_id=comment_id,
            event_id=event_id,
            within=30 * SECOND,
        )


def _newest_event(town: City, comment_id: int) -> Event:
    with town.read() as session:
        query = select(Event).where(Event.subject == "comments", Event.subject_id == comment_id)
        return session.scalars(query.order_by(Event.id.desc()).limit(1)).one()


def _look(town: City, comment_id: int) -> tuple[Comment, Routing]:
    with town.read() as session:
        comment = session.get_one(Comment, comment_id)
        return comment, routing.current(comment)


@pytest.mark.parametrize("to", ["road", "garden", None])
def test_a_transfer_undone_is_back_with_the_officer_and_the_deadline(
    town: City, to: str | None
) -> None:
    comment_id = _routed(town)
    with town.write() as session:
        session.get_one(Comment, comment_id).due_at = town.now + 5 * DAY
    event_id = _transfer(town, comment_id, to)
    _undo(town, comment_id, event_id)
    comment, step = _look(town, comment_id)
    assert (comment.state, comment.due_at) == (CommentState.ROUTED, town.now - SECOND + 5 * DAY)
    assert comment.department_id == step.department_id == town.departments["water"]
    assert (step.appointment_id, step.reason) == (town.appointments["first"], "undone")
    assert town.verbs("comments", comment_id)[-2:] == ["transfer", "undo_transfer"]


def test_who_was_not_told_of_the_transfer_hears_nothing_of_its_undo(town: City) -> None:
    comment_id = _routed(town)
    assert town.notified("comment_routed") == ["first"]
    _undo(town, comment_id, _transfer(town, comment_id, "road"))
    assert town.notified("comment_routed") == ["first"]
    assert town.notified("comment_undone") == []


def test_who_was_told_of_the_transfer_is_told_of_its_undo(town: City) -> None:
    comment_id = _routed(town)
    event_id = _transfer(town, comment_id, "road")
    assert town.notified("comment_routed") == ["road_officer"]
    _undo(town, comment_id, event_id)
    assert town.notified("comment_undone") == ["road_officer"]


def test_a_comment_closed_before_routing_is_with_the_cell_again(town: City) -> None:
    comment_id = town.comment("छान काम!")
    due_at = _look(town, comment_id)[0].due_at
    event_id = _close(town, comment_id, by="clerk")
    _undo(town, comment_id, event_id, by="clerk")
    comment, _step = _look(town, comment_id)
    assert (comment.state, comment.reason) == (CommentState.RECEIVED, "")
    assert (comment.due_at, comment.opening) == (due_at, 1)


def test_a_comment_closed_by_its_officer_is_with_the_officer_again(town: City) -> None:
    comment_id = _routed(town)
    event_id = _close(town, comment_id, by="first")
    _undo(town, comment_id, event_id)
    comment, step = _look(town, comment_id)
    assert comment.state is CommentState.ROUTED
    assert step.appointment_id == town.appointments["first"]


def test_closing_what_was_answered_has_no_undo(town: City) -> None:
    comment_id = _routed(town)
    town.answer(comment_id)
    town.tick_dispatch()
    town.note_answers()
    event_id = _close(town, comment_id, by="first")
    assert not can_undo(_newest_event(town, comment_id))
    with pytest.raises(DoneFurther):
        _undo(town, comment_id, event_id)
    assert _look(town, comment_id)[0].state is CommentState.CLOSED


def test_an_answer_begun_meanwhile_stands_in_its_way(town: City) -> None:
    comment_id = _routed(town)
    event_id = _transfer(town, comment_id, "road")
    town.clock.move(SECOND)
    with town.write() as session:
        text = session.get_one(Comment, comment_id).text
        reply.answer(
            session,
            actor=town.actor("road_officer"),
            now=town.now,
            comment_id=comment_id,
            text="खड्डा उद्या बुजवू.",
            kind=AnswerKind.FINAL,
            seen_digest=reply.text_digest(text),
            head_hours=2,
        )
    with pytest.raises(DoneFurther) as further:
        _undo(town, comment_id, event_id)
    assert further.value.values == {"done": "answer"}


def test_what_a_clock_has_moved_on_stays_where_it_is(town: City) -> None:
    """An answer of whoever had it first has become live meanwhile."""
    comment_id = _routed(town)
    event_id = _transfer(town, comment_id, "road")
    with town.write() as session:
        comment, to = session.get_one(Comment, comment_id), CommentState.ANSWERED
        transitions.apply(session, comment, to, actor=CLOCK, now=town.now, verb="answer")
    with pytest.raises(DoneFurther):
        _undo(town, comment_id, event_id)


def test_what_another_has_transferred_on_stays_where_it_is(town: City) -> None:
    comment_id = _routed(town)
    event_id = _transfer(town, comment_id, "road")
    _transfer(town, comment_id, None, by="road_officer")
    with pytest.raises(DoneFurther) as further:
        _undo(town, comment_id, event_id)
    assert further.value.values == {"done": "transfer"}


def test_an_undo_is_for_who_did_it_and_for_half_a_minute(town: City) -> None:
    comment_id = _routed(town)
    event_id = _transfer(town, comment_id, "road")
    with pytest.raises(NotOwnAct):
        _undo(town, comment_id, event_id, by="second")
    with pytest.raises(NotFound):
        _undo(town, comment_id, event_id, by="road_officer")
    with pytest.raises(WrongRole):
        _undo(town, comment_id, event_id, by="member")
    town.clock.move(31 * SECOND)
    with pytest.raises(TooLate):
        _undo(town, comment_id, event_id)
