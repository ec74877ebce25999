"""Moving several deliveries at once: shown first, then done in one transaction, one by one."""

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
from publisher.scheduling.constraints import (
    GONE,
    OccupiedTime,
    clash_among,
    occupied_times,
    wrong_times,
)
from publisher.scheduling.holds import facts_of
from publisher.scheduling.slots import (
    MINIMUM_NOTICE,
    SEARCH_SPAN,
    free_times,
    quiet_at,
    quiet_times,
    slots,
)
from publisher.validation import FieldError, NotFound, Validator

MOST = 200
"""How many can be moved at once."""


class PlanChanged(NotAllowed):
    """What was shown is not what would be done now: it has to be looked at once more."""

    code = "plan_changed"


@dataclass(frozen=True)
class Shift:
    """Each of them earlier or later by the same span."""

    span: timedelta


@dataclass(frozen=True)
class ToSlots:
    """Each of them to the next free good time of its account, in the order of their times."""


@dataclass(frozen=True)
class At:
    """All of them to one moment."""

    due_at: datetime


How = Shift | ToSlots | At


@dataclass(frozen=True)
class Planned:
    """Where a delivery would go, or why it cannot; `due_at` is None where no slot is free.

    `is_quiet` where the new time lies in a quiet time, `freeze` the freeze into which it falls;
    both are told and refuse nothing.
    """

    delivery: Delivery
    due_at: datetime | None
    problems: tuple[FieldError, ...] = ()
    is_quiet: bool = False
    freeze: Freeze | None = None

    @property
    def goes(self) -> bool:
        """Whether it would be moved."""
        return self.due_at is not None and not self.problems


def plan(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_ids: Collection[int],
    how: How,
    despite_clash: bool = False,
) -> list[Planned]:
    """What moving these would do, in the order of their times; nothing is changed.

    Raises `Invalid` where none or too many are chosen, `Missing` for one that does not exist.
    """
    chosen = _chosen(session, delivery_ids)
    for delivery in chosen:
        require(actor, Action.SCHEDULE, delivery.post.department_id, now=now)
    quiet = quiet_times(session)
    targets = _targets(session, chosen, how, quiet, now=now)
    freezes = holds.freezes_ahead(session, now=now)
    steps = [
        _step(delivery, targets.get(delivery.id), quiet, freezes, now=now) for delivery in chosen
    ]
    return steps if despite_clash else _with_clashes(session, steps)


def _with_clashes(session: Session, steps: Sequence[Planned]) -> list[Planned]:
    """What cannot go stays where it is, and may so be in the way of another."""
    times = [step.due_at for step in steps if step.due_at is not None]
    others = occupied_times(session, begins=min(times), ends=max(times)) if times else []
    while True:
        going = {step.delivery.id for step in steps if step.goes}
        staying = [occupied for occupied in others if occupied.delivery_id not in going]
        checked_steps: list[Planned] = []
        for step in steps:
            checked_steps.append(_with_clash(step, [*staying, *_occupied_by(checked_steps)]))
        if going == {step.delivery.id for step in checked_steps if step.goes}:
            return checked_steps
        steps = checked_steps


def move_all(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_ids: Collection[int],
    how: How,
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
    going = {step.delivery.id: step.due_at for step in steps if step.goes}
    if going != expected_times if expected_times is not None else len(going) < len(steps):
        raise PlanChanged
    return [
        schedule.reschedule(
            session,
            actor=actor,
            now=now,
            delivery_id=delivery_id,
            due_at=due_at,
            late_limit=_late_limit(steps, delivery_id),
            despite_clash=True,  # judged above, with all of them at their new times
        )
        for delivery_id, due_at in going.items()
        if due_at is not None
    ]


def _late_limit(steps: Sequence[Planned], delivery_id: int) -> int:
    return next(step.delivery.late_limit for step in steps if step.delivery.id == delivery_id)


def _chosen(session: Session, delivery_ids: Collection[int]) -> list[Delivery]:
    ids = set(delivery_ids)
    validator = Validator()
    if not ids:
        validator.add("chosen", "none_chosen")
    if len(ids) > MOST:
        validator.add("chosen", "too_many_chosen", most=MOST)
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


def _targets(
    session: Session,
    chosen: Sequence[Delivery],
    how: How,
    quiet: Sequence[QuietTime],
    *,
    now: datetime,
) -> dict[int, datetime | None]:
    """Where each that has not left goes; None where there is no place for it."""
    waiting = [delivery for delivery in chosen if not _immovable_problems(delivery)]
    match how:
        case Shift(span):
            return {delivery.id: delivery.due_at + span for delivery in waiting}
        case At(due_at):
            return {delivery.id: due_at for delivery in waiting}
        case ToSlots():
            return _to_slots(session, waiting, quiet, now=now)


def _immovable_problems(delivery: Delivery) -> tuple[FieldError, ...]:
    """Why a delivery cannot be moved at all."""
    if delivery.state in GONE:
        return (FieldError("due_at", "on_its_way"),)
    is_newest = delivery.variant.revision.number == delivery.post.newest
    if delivery.post.state is not PostState.APPROVED or not is_newest:
        return (FieldError("due_at", "not_approved"),)
    return ()


def _to_slots(
    session: Session, chosen: Sequence[Delivery], quiet: Sequence[QuietTime], *, now: datetime
) -> dict[int, datetime | None]:
    """The same post's languages share a time; another post waits for the next one."""
    begins = now + MINIMUM_NOTICE
    all_slots = slots(session)
    going = {delivery.id for delivery in chosen}
    others = [
        occupied
        for occupied in occupied_times(session, begins=begins, ends=begins + SEARCH_SPAN)
        if occupied.delivery_id not in going
    ]
    targets: dict[int, datetime | None] = {}
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
        targets[delivery.id] = at = next(free, None)
        if at is not None:
            others.append(
                OccupiedTime(
                    delivery.id, delivery.account_id, delivery.post_id, delivery.post.title, at
                )
            )
    return targets


def _step(
    delivery: Delivery,
    due_at: datetime | None,
    quiet: Sequence[QuietTime],
    freezes: Sequence[Freeze],
    *,
    now: datetime,
) -> Planned:
    """Where it would go, judged by itself."""
    if problems := _immovable_problems(delivery):
        return Planned(delivery, None, problems)
    if due_at is None:
        return Planned(delivery, None, (FieldError("due_at", "no_slot"),))
    return Planned(
        delivery,
        due_at,
        tuple(wrong_times(delivery.variant.revision, due_at, now=now)),
        quiet_at(quiet, delivery.account_id, due_at) is not None,
        holds.freeze_at(freezes, facts_of(delivery), due_at),
    )


def _occupied_by(steps: Sequence[Planned]) -> list[OccupiedTime]:
    return [
        OccupiedTime(
            step.delivery.id,
            step.delivery.account_id,
            step.delivery.post_id,
            step.delivery.post.title,
            step.due_at,
        )
        for step in steps
        if step.goes and step.due_at is not None
    ]


def _with_clash(step: Planned, others: Collection[OccupiedTime]) -> Planned:
    """The same, with a clash told where another post stands too near."""
    if not step.goes or step.due_at is None:
        return step
    delivery = step.delivery
    near = clash_among(
        others, account_id=delivery.account_id, post_id=delivery.post_id, due_at=step.due_at
    )
    if near is None:
        return step
    clash = FieldError("due_at", "clash", {"title": near.title, "due_at": near.due_at})
    return replace(step, problems=(clash,))
