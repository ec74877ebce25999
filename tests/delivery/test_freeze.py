"""Freezes: which deliveries they hold, which they do not, and lifting them early."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole
from publisher.delivery.controls import freeze as controls_freeze
from publisher.delivery.controls import stop
from publisher.delivery.controls.freeze import FreezeForm, FreezeOver
from publisher.models.controls import Freeze
from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.reports.problems import count_held_deliveries
from publisher.scheduling import bulk_reschedule
from publisher.scheduling.holds import facts_of, freeze_at, freezes_ahead
from publisher.scheduling.planned_moves import Shift
from publisher.states import DeliveryState
from publisher.validation import Invalid
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

WHY = "आचारसंहिता"


def freeze(
    town: City,
    *,
    by: str = "lead",
    begins: datetime | None = None,
    ends: datetime | None = None,
    on: str = "",
    department: str = "",
    kind: str | None = None,
    reason: str = WHY,
) -> int:
    form = FreezeForm(
        from_at=begins or town.now,
        until_at=ends or town.now + DAY,
        reason=reason,
        account_id=town.accounts[on] if on else None,
        department_id=town.departments[department] if department else None,
        kind=kind,
    )
    with town.write() as session:
        freeze_id = controls_freeze.freeze(session, actor=town.actor(by), now=town.now, form=form)
        session.flush()
        return freeze_id.id


def lift(town: City, freeze_id: int, *, by: str = "lead") -> None:
    with town.write() as session:
        controls_freeze.lift(session, actor=town.actor(by), now=town.now, freeze_id=freeze_id)


def state(town: City, delivery_id: int) -> DeliveryState:
    return town.delivery(delivery_id).state


def test_a_freeze_keeps_a_post_here_until_it_ends(town: City) -> None:
    (delivery_id,) = town.schedule(town.approved(), MINUTE, late_limit=180)
    freeze_id = freeze(town, ends=town.now + HOUR)
    assert town.tick_dispatch(2 * MINUTE) == 0
    assert state(town, delivery_id) is DeliveryState.SCHEDULED
    assert town.tick_dispatch(HOUR) == 1
    assert state(town, delivery_id) is DeliveryState.PUBLISHED
    assert town.verbs("freezes", freeze_id) == ["freeze"]


def test_what_a_freeze_outlasts_is_missed_and_says_why(town: City) -> None:
    (delivery_id,) = town.due()
    freeze(town)
    town.tick_dispatch(2 * HOUR)
    assert state(town, delivery_id) is DeliveryState.MISSED
    assert town.delivery(delivery_id).reason["code"] == "late_frozen"


def test_lifted_early_what_is_not_too_late_leaves(town: City) -> None:
    (delivery_id,) = town.due()
    freeze_id = freeze(town)
    assert town.tick_dispatch(MINUTE) == 0
    lift(town, freeze_id)
    assert town.tick_dispatch() == 1
    assert state(town, delivery_id) is DeliveryState.PUBLISHED
    assert town.verbs("freezes", freeze_id) == ["freeze", "lift"]


WHAT = pytest.mark.parametrize(
    ("on", "department", "kind", "is_frozen"),
    [
        ("", "", None, True),
        ("x", "", None, True),
        ("facebook", "", None, False),
        ("", "water", None, True),
        ("", "road", None, False),
        ("", "", "public_notice", True),
        ("", "", "scheme", False),
        ("x", "water", "public_notice", True),
        ("x", "water", "scheme", False),
    ],
)


@WHAT
def test_a_freeze_is_for_an_account_a_department_and_a_kind(
    town: City, on: str, department: str, kind: str | None, is_frozen: bool
) -> None:
    (delivery_id,) = town.due()
    freeze(town, on=on, department=department, kind=kind)
    town.tick_dispatch()
    assert (state(town, delivery_id) is DeliveryState.SCHEDULED) is is_frozen


def start_sending(
    town: City, *delivery_ids: int, to: DeliveryState = DeliveryState.SENDING
) -> None:
    """Set these deliveries to `sending`."""
    with town.write() as session:
        for delivery_id in delivery_ids:
            delivery = session.get_one(Delivery, delivery_id)
            delivery.state, delivery.sending_at = to, town.now


def too_late_for(town: City, freeze_id: int) -> list[int]:
    with town.read() as session:
        deliveries = controls_freeze.deliveries_in_flight(
            session, freeze_id=freeze_id, now=town.now
        )
        return [delivery.id for delivery in deliveries]


@WHAT
def test_a_freeze_is_too_late_for_what_it_would_have_held(
    town: City, on: str, department: str, kind: str | None, is_frozen: bool
) -> None:
    (gone,), (_waits,) = town.due(), town.due()
    start_sending(town, gone)
    freeze_id = freeze(town, on=on, department=department, kind=kind)
    assert too_late_for(town, freeze_id) == ([gone] if is_frozen else [])


def test_what_may_be_live_is_on_its_way_and_what_no_freeze_holds_is_not(town: City) -> None:
    live, (maybe,), (urgent,) = town.live()[0], town.due(), town.due("road")
    reply = town.answer(town.comment(under=live))
    with town.write() as session:
        session.get_one(Delivery, urgent).urgent = True
        answers = session.scalars(select(Delivery.id).where(Delivery.post_id == reply)).all()
    start_sending(town, urgent, *answers)
    start_sending(town, maybe, to=DeliveryState.UNCONFIRMED)
    assert answers
    assert too_late_for(town, freeze(town)) == [maybe]


def test_a_freeze_that_is_to_come_is_too_late_for_nothing(town: City) -> None:
    (gone,) = town.due()
    start_sending(town, gone)
    freeze_id = freeze(town, begins=town.now + MINUTE)
    assert too_late_for(town, freeze_id) == []


def test_answers_and_emergencies_are_not_frozen(town: City) -> None:
    live = town.live()[0]
    town.answer(town.comment(under=live))
    (urgent,) = town.due("road")
    with town.write() as session:
        session.get_one(Delivery, urgent).urgent = True
    freeze(town)
    assert town.tick_dispatch() == 2


@pytest.mark.parametrize("by", ["clerk", "first", "head", "member", "oversight", "auditor"])
def test_only_admin_and_lead_freeze_and_lift(town: City, by: str) -> None:
    with pytest.raises(WrongRole):
        freeze(town, by=by)
    freeze_id = freeze(town, by="admin")
    with pytest.raises(WrongRole):
        lift(town, freeze_id, by=by)
    lift(town, freeze_id, by="lead")


def test_everything_that_is_wrong_is_told_at_once(town: City) -> None:
    with pytest.raises(Invalid) as refusal, town.write() as session:
        controls_freeze.freeze(
            session,
            actor=town.actor("lead"),
            now=town.now,
            form=FreezeForm(town.now, town.now, " ", account_id=99, department_id=99, kind="x"),
        )
    assert refusal.value.codes == [
        ("until_at", "past"),
        ("account", "unknown_account"),
        ("department", "unknown_department"),
        ("kind", "required"),
        ("reason", "required"),
    ]


def test_an_end_before_the_beginning_is_refused(town: City) -> None:
    with pytest.raises(Invalid) as refusal:
        freeze(town, begins=town.now + 2 * DAY, ends=town.now + DAY)
    assert refusal.value.codes == [("until_at", "before_beginning")]


def test_what_is_over_or_lifted_cannot_be_lifted(town: City) -> None:
    freeze_id, other = freeze(town), freeze(town, ends=town.now + HOUR)
    lift(town, freeze_id)
    with pytest.raises(FreezeOver):
        lift(town, freeze_id, by="admin")
    town.clock.move(2 * HOUR)
    with pytest.raises(FreezeOver):
        lift(town, other)
    with town.read() as session:
        assert session.get_one(Freeze, freeze_id).lifted_by_id == town.people["lead"]


def test_one_that_begins_in_the_past_begins_now(town: City) -> None:
    freeze_id = freeze(town, begins=town.now - DAY)
    with town.read() as session:
        assert session.get_one(Freeze, freeze_id).from_at == town.now


def test_whoever_schedules_is_told_of_the_longest_freeze_at_that_time(town: City) -> None:
    (delivery_id,) = town.schedule(town.approved(), 2 * HOUR)
    freeze(town, ends=town.now + 3 * HOUR)
    longest = freeze(town, begins=town.now + HOUR, ends=town.now + 2 * DAY, on="x")
    with town.read() as session:
        facts = facts_of(session.get_one(Delivery, delivery_id))
        freezes = freezes_ahead(session, now=town.now)
        at = [freeze_at(freezes, facts, town.now + span) for span in (2 * HOUR, 3 * DAY)]
    assert [freeze_row and freeze_row.id for freeze_row in at] == [longest, None]


def test_moving_several_tells_which_fall_into_a_freeze_and_moves_them(town: City) -> None:
    ids = town.schedule(town.approved(on=["x", "facebook"]), HOUR)
    freeze_id = freeze(town, begins=town.now + 3 * HOUR, on="x")
    with town.read() as session:
        steps = bulk_reschedule.plan(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_ids=[town.delivery(delivery_id).variant_id for delivery_id in ids],
            how=Shift(3 * HOUR),
        )
        freeze_ids = [step.freeze.id if step.freeze else None for step in steps]
    assert freeze_ids == [freeze_id, None]
    assert all(step.can_move for step in steps)


@pytest.mark.twin
def test_the_board_counts_what_falls_in_and_what_will_be_missed(town: City) -> None:
    post = town.approved(on=["x", "facebook"])
    short, long = town.schedule(post, HOUR)
    with town.write() as session:
        session.get_one(Delivery, long).late_limit = 24 * 60
    town.schedule(town.approved("road"), 2 * DAY)
    freeze(town, ends=town.now + 6 * HOUR)
    with town.read() as session:
        (affected,) = count_held_deliveries(session, actor=town.actor("lead"), now=town.now).freezes
        others = count_held_deliveries(
            session, actor=town.actor("road_officer"), now=town.now
        ).freezes
    variant_ids = tuple(town.delivery(delivery_id).variant_id for delivery_id in (short, long))
    assert affected.variant_ids == variant_ids
    assert (affected.next_at, affected.lost) == (town.now + HOUR, 1)
    assert others[0].variant_ids == ()


def test_the_cell_and_whoevers_posts_fall_into_it_are_told_of_a_freeze(town: City) -> None:
    for after in (HOUR, 2 * HOUR):
        town.schedule(town.approved(), after)
    town.schedule(town.approved("road"), 2 * DAY)  # after it
    freeze(town)
    assert town.notified("frozen") == ["clerk", "first", "head", "lead", "other_clerk", "second"]
    bodies = _bodies(town, "frozen")
    assert {_scheduled(body) for body in bodies.values()} == {"२"}
    assert f"कारण: {WHY}" in bodies["clerk"]
    assert "विभाग: सर्व" in bodies["clerk"]
    assert "/decisions" in bodies["first"]


def test_each_department_is_told_of_its_own_posts_and_the_cell_of_all(town: City) -> None:
    town.schedule(town.approved(), HOUR)
    town.schedule(town.approved("road"), 2 * HOUR)
    freeze(town)
    counts = {name: _scheduled(body) for name, body in _bodies(town, "frozen").items()}
    assert (counts["lead"], counts["first"], counts["road_officer"]) == ("२", "१", "१")


def test_a_freeze_into_which_nothing_falls_is_told_to_the_cell_alone(town: City) -> None:
    town.schedule(town.approved(), HOUR)
    freeze(town, on="facebook", department="water", kind="press_note")
    assert town.notified("frozen") == ["clerk", "lead", "other_clerk"]
    body = _bodies(town, "frozen")["lead"]
    assert _scheduled(body) == ""
    for name in ("फेसबुक", "पाणीपुरवठा विभाग", "प्रेसनोट"):
        assert name in body


def test_answers_are_not_counted_among_what_falls_into_a_freeze(town: City) -> None:
    (live,) = town.live()
    town.answer(town.comment(under=live))
    freeze(town)
    assert town.notified("frozen") == ["clerk", "lead", "other_clerk"]


def test_what_is_due_and_waits_already_falls_into_a_freeze_that_begins_now(town: City) -> None:
    town.due()
    town.clock.move(MINUTE)
    freeze(town)
    assert "first" in town.notified("frozen")


def test_whoever_was_told_of_a_freeze_is_told_when_it_is_lifted(town: City) -> None:
    town.schedule(town.approved(), HOUR)
    freeze_id = freeze(town)
    lift(town, freeze_id)
    assert town.notified("freeze_lifted") == town.notified("frozen")
    assert "first" in town.notified("freeze_lifted")


def _stop(town: City) -> None:
    with town.write() as session:
        stop.stop_all(session, actor=town.actor("lead"), now=town.now, reason=WHY)


def _do_nothing(_town: City) -> None:
    """Do nothing: no clock was in time to hold it."""


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        (freeze, "या काळात प्रसिद्धीस स्थगिती होती."),
        (_stop, "या काळात सर्व प्रसिद्धी थांबविलेली होती."),
        (_do_nothing, ""),
    ],
)
def test_the_mail_about_what_was_missed_says_what_kept_it(
    town: City, holds: Callable[[City], object], sentence: str
) -> None:
    town.due()
    holds(town)
    town.tick_dispatch(2 * HOUR)
    bodies = _bodies(town, "delivery_missed")
    assert "lead" in bodies
    assert {sentence in body for body in bodies.values()} == {True}
    assert {"या काळात" in body for body in bodies.values()} == {bool(sentence)}


def _bodies(town: City, kind: str) -> dict[str, str]:
    """Return each person's mail, by name."""
    names = {person_id: name for name, person_id in town.people.items()}
    with town.read() as session:
        notices = session.scalars(select(Notice).where(Notice.kind == kind))
        return {
            names[notice.person_id]: notice.body
            for notice in notices
            if notice.person_id is not None
        }


def _scheduled(body: str) -> str:
    """Return the number of scheduled publications in a mail, or ""."""
    scheduled = re.search("वेळ निश्चित केलेल्या प्रसिद्धी: ([०-९]+)", body)
    return scheduled[1] if scheduled is not None else ""
