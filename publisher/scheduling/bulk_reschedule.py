"""Reschedule several deliveries: plan the moves, let a person confirm them, then move them.

All are moved in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher.models.controls import Freeze
from publisher.models.deliveries import Delivery
from publisher.models.desk import QuietTime
from publisher.models.posts import Post, Variant
from publisher.scheduling import holds, schedule
from publisher.scheduling.constraints import OccupiedTime, clashes, occupied_times, wrong_times
from publisher.scheduling.holds import facts_of
from publisher.scheduling.slots import (
    SEARCH_SPAN,
    SHORTEST_NOTICE,
    free_times,
    quiet_time_at,
    quiet_times,
    slots,
)
from publisher.states import SENT
from publisher.validation import FieldError, NotFound, Validator

MOST_AT_ONCE = 200
"""The largest number of deliveries that can be moved at once."""


class PlanChanged(NotAllowed):
    """The plan that was confirmed is outdated, and has to be reviewed again."""

    code = "plan_changed"


@dataclass(frozen=True)
class Shift:
    """Move each delivery earlier or later by the same span."""

    span: timedelta


@dataclass(frozen=True)
class ToSlots:
    """Move each delivery to the next free slot of its account, in the order of their times."""


@dataclass(frozen=True)
class ToMoment:
    """Move all deliveries to one moment."""

    due_at: datetime


NewTime = Shift | ToSlots | ToMoment


@dataclass(frozen=True)
class PlannedMove:
    """The new time of a delivery, or the problems that prevent the move.

    `due_at` is None if there is no free slot. `is_quiet` is True if the new time lies in a quiet
    time, and `freeze` is the freeze at that time; neither prevents the move.
    """

    delivery: Delivery
    due_at: datetime | None
    problems: tuple[FieldError, ...] = ()
    is_quiet: bool = False
    freeze: Freeze | None = None

    @property
    def can_move(self) -> bool:
        """Return True if the delivery would be moved."""
        return self.due_at is not None and not self.problems


def plan(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_ids: Collection[int],
    how: NewTime,
    despite_clash: bool = False,
) -> list[PlannedMove]:
    """Return the planned move of each delivery, in the order of their present times.

    Raises `Invalid` if none or too many are chosen, `NotFound` if one does not exist.
    """
    chosen = _load_chosen(session, delivery_ids)
    for delivery in chosen:
        require(actor, Action.SCHEDULE, delivery.post.department_id, now=now)
    quiet = quiet_times(session)
    new_times = _new_times(session, chosen, how, quiet, now=now)
    freezes = holds.freezes_ahead(session, now=now)
    steps = [
        _planned_move(delivery, new_times.get(delivery.id), quiet, freezes, now=now)
        for delivery in chosen
    ]
    return steps if despite_clash else _with_clashes(session, steps)


def _with_clashes(session: Session, steps: Sequence[PlannedMove]) -> list[PlannedMove]:
    """Return the steps, with an error where another post would be too near.

    A delivery that cannot be moved keeps its old time, and so may block another one. So the check
    is repeated until no more deliveries drop out.
    """
    new_times = [step.due_at for step in steps if step.due_at is not None]
    others = (
        occupied_times(session, begins=min(new_times), ends=max(new_times)) if new_times else []
    )
    while True:
        moving_ids = {step.delivery.id for step in steps if step.can_move}
        other_times = [occupied for occupied in others if occupied.delivery_id not in moving_ids]
        checked_steps: list[PlannedMove] = []
        for step in steps:
            checked_steps.append(_with_clash(step, [*other_times, *_occupied_by(checked_steps)]))
        if moving_ids == {step.delivery.id for step in checked_steps if step.can_move}:
            return checked_steps
        steps = checked_steps


def move_all(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_ids: Collection[int],
    how: NewTime,
    expected_times: Mapping[int, datetime] | None,
    despite_clash: bool = False,
) -> list[Delivery]:
    """Move the deliveries that can be moved, and return them.

    `expected_times` maps delivery ids to the times in the plan that the user confirmed; raises
    `PlanChanged` if the plan differs now. If it is None, every delivery has to be movable.
    """
    steps = plan(
        session,
        actor=actor,
        now=now,
        delivery_ids=delivery_ids,
        how=how,
        despite_clash=despite_clash,
    )
    new_times = {step.delivery.id: step.due_at for step in steps if step.can_move}
    if new_times != expected_times if expected_times is not None else len(new_times) < len(steps):
        raise PlanChanged
    return [
        schedule.reschedule(
            session,
            actor=actor,
            now=now,
            delivery_id=step.delivery.id,
            due_at=step.due_at,
            late_limit=step.delivery.late_limit,
            despite_clash=True,  # `plan` has checked it, with all deliveries at their new times
        )
        for step in steps
        if step.can_move and step.due_at is not None
    ]


def _load_chosen(session: Session, delivery_ids: Collection[int]) -> list[Delivery]:
    ids = set(delivery_ids)
    validator = Validator()
    if not ids:
        validator.add("chosen", "none_chosen")
    if len(ids) > MOST_AT_ONCE:
        validator.add("chosen", "too_many_chosen", most=MOST_AT_ONCE)
    validator.finish()
    query = (
        select(Delivery)
        .where(Delivery.id.in_(ids))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).options(
                joinedload(Post.department), selectinload(Post.submissions)
            ),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    deliveries = list(session.scalars(query))
    if len(deliveries) != len(ids):
        raise NotFound(sorted(ids - {delivery.id for delivery in deliveries}))
    return deliveries


def _new_times(
    session: Session,
    chosen: Sequence[Delivery],
    how: NewTime,
    quiet: Sequence[QuietTime],
    *,
    now: datetime,
) -> dict[int, datetime | None]:
    """Return the new time of each delivery that can be moved; None if it finds no free slot."""
    waiting = [delivery for delivery in chosen if not _immovable_problems(delivery)]
    match how:
        case Shift(span):
            return {delivery.id: delivery.due_at + span for delivery in waiting}
        case ToMoment(due_at):
            return {delivery.id: due_at for delivery in waiting}
        case ToSlots():
            return _to_slots(session, waiting, quiet, now=now)


def _immovable_problems(delivery: Delivery) -> tuple[FieldError, ...]:
    """Return the reasons why a delivery cannot be moved at all."""
    if delivery.state in SENT:
        return (FieldError("due_at", "on_its_way"),)
    is_newest = delivery.variant.revision.number == delivery.post.newest
    if delivery.post.state is not PostState.APPROVED or not is_newest:
        return (FieldError("due_at", "not_approved"),)
    return ()


def _to_slots(
    session: Session, chosen: Sequence[Delivery], quiet: Sequence[QuietTime], *, now: datetime
) -> dict[int, datetime | None]:
    """Assign slots: languages of one post share a time, another post gets the next slot."""
    begins = now + SHORTEST_NOTICE
    all_slots = slots(session)
    moving_ids = {delivery.id for delivery in chosen}
    others = [
        occupied
        for occupied in occupied_times(session, begins=begins, ends=begins + SEARCH_SPAN)
        if occupied.delivery_id not in moving_ids
    ]
    new_times: dict[int, datetime | None] = {}
    for delivery in chosen:
        not_before = delivery.variant.revision.not_before
        free = free_times(
            delivery.account_id,
            [slot for slot in all_slots if slot.account_id == delivery.account_id],
            quiet,
            [other for other in others if other.post_id != delivery.post_id],
            begins=max(begins, not_before) if not_before else begins,
            ends=begins + SEARCH_SPAN,
        )
        new_times[delivery.id] = at = next(free, None)
        if at is not None:
            others.append(_occupied(delivery, at))
    return new_times


def _planned_move(
    delivery: Delivery,
    due_at: datetime | None,
    quiet: Sequence[QuietTime],
    freezes: Sequence[Freeze],
    *,
    now: datetime,
) -> PlannedMove:
    """Return the planned move of a delivery, before other deliveries are considered."""
    if problems := _immovable_problems(delivery):
        return PlannedMove(delivery, None, problems)
    if due_at is None:
        return PlannedMove(delivery, None, (FieldError("due_at", "no_slot"),))
    return PlannedMove(
        delivery,
        due_at,
        tuple(wrong_times(delivery.variant.revision, due_at, now=now)),
        quiet_time_at(quiet, delivery.account_id, due_at) is not None,
        holds.freeze_at(freezes, facts_of(delivery), due_at),
    )


def _occupied_by(steps: Sequence[PlannedMove]) -> list[OccupiedTime]:
    return [
        _occupied(step.delivery, step.due_at)
        for step in steps
        if step.can_move and step.due_at is not None
    ]


def _occupied(delivery: Delivery, at: datetime) -> OccupiedTime:
    return OccupiedTime(delivery.id, delivery.account_id, delivery.post_id, delivery.post.title, at)


def _with_clash(step: PlannedMove, others: Collection[OccupiedTime]) -> PlannedMove:
    """Return the step, with an error if another post is too near."""
    if not step.can_move or step.due_at is None:
        return step
    delivery = step.delivery
    account_id, post_id = delivery.account_id, delivery.post_id
    problems = clashes(others, account_id=account_id, post_id=post_id, due_at=step.due_at)
    return replace(step, problems=tuple(problems))
