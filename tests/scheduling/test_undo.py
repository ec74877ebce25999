"""Undo of a cancelled delivery: only for a time that is free and ahead, and what is approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.errors import NotAllowed, WrongState
from approvals.policy import CLOCK
from publisher import transitions
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.posts import Post
from publisher.reports.timeline import post_timeline
from publisher.reports.timeline_steps import StepKind
from publisher.scheduling import schedule
from publisher.scheduling.undo import undo_cancel
from publisher.states import DeliveryState
from publisher.undo import DoneFurther, TooLate
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import DAY, HOUR

SECOND = timedelta(seconds=1)
HALF_A_MINUTE = timedelta(seconds=30)


def _delivery(town: City, post_id: int) -> Delivery:
    with town.read() as session:
        return session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one()


def _cancel(town: City, delivery_id: int, *, by: str = "clerk") -> int:
    with town.write() as session:
        schedule.cancel(session, actor=town.actor(by), now=town.now, delivery_id=delivery_id)
        of_it = select(Event.id).where(Event.subject == "deliveries", Event.verb == "cancel")
        return session.scalars(of_it.order_by(Event.id.desc())).first() or 0


def _undo(town: City, delivery_id: int, event_id: int, *, by: str = "clerk") -> None:
    with town.write() as session:
        undo_cancel(
            session,
            actor=town.actor(by),
            now=town.now,
            delivery_id=delivery_id,
            event_id=event_id,
            within=HALF_A_MINUTE,
        )


def _scheduled(town: City, span: timedelta = HOUR) -> tuple[int, int]:
    """Return a post and its delivery, due after `span`."""
    post_id = town.approved()
    town.schedule(post_id, span)
    return post_id, _delivery(town, post_id).id


@pytest.mark.parametrize("who", ["clerk", "first"])
def test_it_leaves_at_its_time_as_if_it_had_never_been_cancelled(town: City, who: str) -> None:
    post_id, delivery_id = _scheduled(town)
    due_at = _delivery(town, post_id).due_at
    event_id = _cancel(town, delivery_id, by=who)
    town.clock.move(HALF_A_MINUTE)
    _undo(town, delivery_id, event_id, by=who)
    delivery = _delivery(town, post_id)
    assert (delivery.state, delivery.due_at) == (DeliveryState.SCHEDULED, due_at)
    assert town.verbs("deliveries", delivery_id) == ["schedule", "cancel", "undo_cancel"]
    with town.read() as session:
        post = session.get_one(Post, post_id)
        kinds = [step.kind for step in post_timeline(session, post=post, now=town.now).steps]
    assert kinds[-2:] == [StepKind.CANCELLED, StepKind.CANCEL_UNDONE]
    town.tick_dispatch(HOUR)
    assert len(town.platform("x").published) == 1


def _take_the_time(town: City, _post_id: int) -> None:
    other = town.start(town.hand_in("दुसरी सूचना"))
    town.save(other, on=["x"])
    town.send(other)
    town.approve(other)
    town.schedule(other, HOUR)


def _write_anew(town: City, post_id: int) -> None:
    town.save(post_id, on=["x"], text="रविवारी पाणीपुरवठा बंद राहील.")


def _reschedule(town: City, post_id: int) -> None:
    town.schedule(post_id, DAY)


@pytest.mark.parametrize(
    ("meanwhile", "refusal"),
    [(_take_the_time, Invalid), (_write_anew, WrongState), (_reschedule, DoneFurther)],
)
def test_a_taken_time_or_another_text_or_time_is_not_overrun(
    town: City,
    meanwhile: Callable[[City, int], None],
    refusal: type[Invalid | NotAllowed],
) -> None:
    post_id, delivery_id = _scheduled(town)
    event_id = _cancel(town, delivery_id)
    meanwhile(town, post_id)
    before = _delivery(town, post_id).state
    with pytest.raises(refusal):
        _undo(town, delivery_id, event_id)
    assert _delivery(town, post_id).state is before


def test_a_time_that_has_come_meanwhile_is_not_caught_up(town: City) -> None:
    _post_id, delivery_id = _scheduled(town, 10 * SECOND)
    event_id = _cancel(town, delivery_id)
    town.clock.move(10 * SECOND)
    with pytest.raises(Invalid) as invalid:
        _undo(town, delivery_id, event_id)
    assert invalid.value.codes == [("due_at", "past")]


def test_what_a_clock_notes_meanwhile_stands_in_nobodys_way(town: City) -> None:
    post_id, delivery_id = _scheduled(town)
    event_id = _cancel(town, delivery_id)
    with town.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        transitions.record(session, delivery, "seek", actor=CLOCK, now=town.now)
    _undo(town, delivery_id, event_id)
    assert _delivery(town, post_id).state is DeliveryState.SCHEDULED


def test_after_half_a_minute_it_stays_cancelled(town: City) -> None:
    post_id, delivery_id = _scheduled(town)
    event_id = _cancel(town, delivery_id)
    town.clock.move(31 * SECOND)
    with pytest.raises(TooLate):
        _undo(town, delivery_id, event_id)
    assert _delivery(town, post_id).state is DeliveryState.CANCELLED
