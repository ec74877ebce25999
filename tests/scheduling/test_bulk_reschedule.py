"""Rescheduling several deliveries: shown first, then done in one transaction or not at all."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from approvals.errors import WrongRole
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post
from publisher.scheduling import bulk_reschedule, schedule, slots
from publisher.scheduling.bulk_reschedule import PlanChanged
from publisher.scheduling.planned_moves import Move, PlannedMove, Shift, ToMoment, ToSlots
from publisher.states import DeliveryState
from publisher.validation import Invalid, NotFound
from tests.support import city_controls
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

ONE_HOUR = Shift(HOUR)


def plan(town: City, chosen: list[int], how: Move, *, by: str = "clerk") -> list[PlannedMove]:
    """Plan to move these deliveries."""
    return plan_texts(town, texts_of(town, chosen), how, by=by)


def plan_texts(
    town: City, variant_ids: list[int], how: Move, *, by: str = "clerk"
) -> list[PlannedMove]:
    with town.read() as session:
        return bulk_reschedule.plan(
            session, actor=town.actor(by), now=town.now, variant_ids=variant_ids, how=how
        )


def texts_of(town: City, chosen: list[int]) -> list[int]:
    return [town.delivery(delivery_id).variant_id for delivery_id in chosen]


def marked(delivery: Delivery, at: datetime) -> str:
    """Return the mark of a plan that moves this delivery."""
    return f"{schedule.delivery_mark(delivery)} > {at.isoformat()}"


def due_times_of(steps: list[PlannedMove]) -> dict[int, datetime]:
    """Return the planned times by the ids of the deliveries."""
    return {step.delivery.id: step.due_at for step in steps if step.delivery and step.due_at}


def move(
    town: City,
    chosen: list[int],
    how: Move,
    seen_times: dict[int, datetime] | None,
    *,
    despite_clash: bool = False,
) -> list[int]:
    """Move these deliveries, whose new times were shown as `seen_times`."""
    expected = {
        town.delivery(key).variant_id: marked(town.delivery(key), at)
        for key, at in (seen_times or {}).items()
    }
    variant_ids = texts_of(town, chosen)
    with town.write() as session:
        moved = bulk_reschedule.move_all(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_ids=variant_ids,
            how=how,
            expected=None if seen_times is None else expected,
            despite_clash=despite_clash,
        )
        return [delivery.id for delivery in moved]


def scheduled(town: City, *after: timedelta, department: str = "water") -> list[int]:
    return [town.schedule(town.approved(department), delay)[0] for delay in after]


def refused_ids(steps: list[PlannedMove]) -> list[list[str]]:
    return [[each.code for each in step.problems] for step in steps]


def test_what_is_shown_changes_nothing_and_is_then_done(town: City) -> None:
    chosen = scheduled(town, HOUR, 2 * HOUR)
    before = [town.delivery(delivery_id).due_at for delivery_id in chosen]
    steps = plan(town, chosen, ONE_HOUR)
    assert [step.due_at for step in steps] == [at + HOUR for at in before]
    assert [town.delivery(delivery_id).due_at for delivery_id in chosen] == before
    due_times = due_times_of(steps)
    assert move(town, chosen, ONE_HOUR, due_times) == chosen
    assert [town.delivery(delivery_id).due_at for delivery_id in chosen] == [
        at + HOUR for at in before
    ]
    assert town.verbs("deliveries", chosen[0]) == ["schedule", "reschedule"]


def test_neighbours_that_move_together_are_not_in_each_others_way(town: City) -> None:
    chosen = scheduled(town, HOUR, 2 * HOUR)
    assert refused_ids(plan(town, chosen, ONE_HOUR)) == [[], []]
    assert refused_ids(plan(town, chosen[:1], ONE_HOUR)) == [["clash"]]


def test_one_that_stays_is_in_the_way_of_one_that_would_come(town: City) -> None:
    """The second cannot leave its window, so the first cannot take its time."""
    (first,) = scheduled(town, HOUR)
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], not_after=town.now + 2 * HOUR + 5 * MINUTE)
    town.send(post_id)
    town.approve(post_id)
    (second,) = town.schedule(post_id, 2 * HOUR)
    assert refused_ids(plan(town, [first, second], ONE_HOUR)) == [["clash"], ["after_window"]]


def test_each_that_cannot_go_says_why(town: City) -> None:
    (live,) = town.live()
    (soon, revised) = scheduled(town, HOUR, 4 * HOUR)
    town.save(town.delivery(revised).post_id, on=["x"], text="नवी आवृत्ती")
    steps = plan(town, [live, soon, revised], Shift(-2 * HOUR))
    ids = [step.delivery.id for step in steps if step.delivery is not None]
    assert dict(zip(ids, refused_ids(steps), strict=True)) == {
        live: ["on_its_way"],
        soon: ["past"],
        revised: ["not_approved"],
    }
    assert move(town, [live, soon, revised], Shift(-2 * HOUR), {}) == []


def test_two_posts_do_not_go_to_one_time_unless_it_is_said(town: City) -> None:
    chosen = scheduled(town, HOUR, 2 * HOUR)
    how = ToMoment(town.now + DAY)
    assert refused_ids(plan(town, chosen, how)) == [[], ["clash"]]
    assert move(town, chosen, how, {chosen[0]: town.now + DAY}) == chosen[:1]
    both = dict.fromkeys(chosen, town.now + DAY)
    assert sorted(move(town, chosen, how, both, despite_clash=True)) == chosen


def test_to_the_next_slots_one_after_the_other(town: City) -> None:
    with town.write() as session:
        slots.set_slots(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            account_id=town.accounts["x"],
            weekdays=[3, 4],
            time_of_day=time(9),
        )
    chosen = [
        *scheduled(town, HOUR, 2 * HOUR),
        *town.schedule(town.approved(on=["facebook"]), 3 * HOUR),
    ]
    steps = plan(town, chosen, ToSlots())
    noon_to_nine = 21 * HOUR
    assert [step.due_at for step in steps] == [
        town.now + noon_to_nine,
        town.now + DAY + noon_to_nine,
        None,
    ]
    assert refused_ids(steps) == [[], [], ["no_slot"]]


def test_a_quiet_time_is_told_and_refuses_nothing(town: City) -> None:
    with town.write() as session:
        slots.set_quiet_time(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            account_id=None,
            weekday=None,
            begins=time(22),
            ends=time(7),
        )
    (step,) = plan(town, scheduled(town, HOUR), ToMoment(town.now + 11 * HOUR))
    assert (step.is_quiet, step.can_move) == (True, True)


def test_what_did_not_leave_gets_another_chance(town: City) -> None:
    (missed,) = town.due()
    town.tick_dispatch(2 * HOUR)
    assert town.delivery(missed).state is DeliveryState.MISSED
    assert move(town, [missed], ToMoment(town.now + HOUR), None) == [missed]
    assert town.delivery(missed).state is DeliveryState.SCHEDULED


def test_nothing_is_done_where_it_is_not_as_it_was_shown(town: City) -> None:
    chosen = scheduled(town, HOUR, 3 * HOUR)
    steps = plan(town, chosen, ONE_HOUR)
    due_times = due_times_of(steps)
    scheduled(town, 2 * HOUR)  # another delivery is scheduled at the first one's time meanwhile
    before = [town.delivery(delivery_id).due_at for delivery_id in chosen]
    with pytest.raises(PlanChanged):
        move(town, chosen, ONE_HOUR, due_times)
    with pytest.raises(PlanChanged):
        move(town, chosen, ONE_HOUR, None)
    assert [town.delivery(delivery_id).due_at for delivery_id in chosen] == before


def test_moving_needs_the_right_to_schedule_and_a_bounded_selection(town: City) -> None:
    chosen = scheduled(town, HOUR)
    for who in ("first", "head", "admin", "auditor"):
        with pytest.raises(WrongRole):
            plan(town, chosen, ONE_HOUR, by=who)
    with pytest.raises(Invalid) as none:
        plan_texts(town, [], ONE_HOUR)
    assert none.value.codes == [("chosen", "none_chosen")]
    with pytest.raises(Invalid) as many:
        plan_texts(town, list(range(1, 202)), ONE_HOUR)
    assert many.value.codes == [("chosen", "too_many_chosen")]
    with pytest.raises(NotFound):
        plan_texts(town, [*texts_of(town, chosen), 999], ONE_HOUR)


def test_what_is_approved_without_a_time_goes_to_the_next_slots_too(town: City) -> None:
    with town.write() as session:
        slots.set_slots(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            account_id=town.accounts["x"],
            weekdays=[3, 4],
            time_of_day=time(9),
        )
    (timed,) = texts_of(town, scheduled(town, HOUR))
    (untimed,) = town.variants(town.approved())
    steps = plan_texts(town, [untimed, timed], ToSlots())
    nine = town.now + 21 * HOUR
    assert [(step.variant.id, step.due_at) for step in steps] == [
        (timed, nine),
        (untimed, nine + DAY),
    ]
    expected = {step.variant.id: step.mark for step in steps}
    with town.write() as session:
        moved = bulk_reschedule.move_all(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_ids=[timed, untimed],
            how=ToSlots(),
            expected=expected,
        )
        assert [delivery.due_at for delivery in moved] == [nine, nine + DAY]


def test_what_has_no_time_yet_cannot_be_moved_by_hours(town: City) -> None:
    (untimed,) = town.variants(town.approved())
    (step,) = plan_texts(town, [untimed], ONE_HOUR)
    assert [problem.code for problem in step.problems] == ["no_time_to_shift"]
    assert plan_texts(town, [untimed], ToMoment(town.now + DAY))[0].can_move


def test_what_was_stopped_since_the_plan_was_shown_is_not_brought_back(town: City) -> None:
    chosen = scheduled(town, HOUR)
    due_times = due_times_of(plan(town, chosen, ONE_HOUR))
    with town.write() as session:
        schedule.cancel(session, actor=town.actor("lead"), now=town.now, delivery_id=chosen[0])
    steps = plan(town, chosen, ToMoment(town.now + DAY))
    assert steps[0].can_move
    with town.write() as session, pytest.raises(PlanChanged):
        bulk_reschedule.move_all(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_ids=texts_of(town, chosen),
            how=ONE_HOUR,
            expected={
                texts_of(town, chosen)[0]: f"scheduled {(town.now + HOUR).isoformat()} > "
                f"{due_times[chosen[0]].isoformat()}"
            },
        )
    assert town.delivery(chosen[0]).state is DeliveryState.CANCELLED


def test_the_next_slots_respect_the_wish_and_the_freezes(town: City) -> None:
    with town.write() as session:
        slots.set_slots(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            account_id=town.accounts["x"],
            weekdays=range(7),
            time_of_day=time(12),
        )
    post_id = town.approved()
    with town.write() as session:
        for submission in session.get_one(Post, post_id).submissions:
            submission.wished_at = town.now + 5 * DAY
    city_controls.add_freeze(town, department="water", ahead=4, days=3)
    (step,) = plan_texts(town, town.variants(post_id), ToSlots())
    assert step.due_at == town.now + 7 * DAY
