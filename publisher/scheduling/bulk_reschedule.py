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
from publisher.scheduling.constraints import GONE, Taken, clash_among, taken, wrong_times
from publisher.scheduling.holds import facts_of
from publisher.scheduling.slots import AHEAD, SOON, free_times, quiet_at, quiet_times, slots
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
    for one in chosen:
        require(actor, Action.SCHEDULE, one.post.department_id, now=now)
    quiet = quiet_times(session)
    targets = _targets(session, chosen, how, quiet, now=now)
    known = holds.freezes_ahead(session, now=now)
    steps = [_step(one, targets.get(one.id), quiet, known, now=now) for one in chosen]
    return steps if despite_clash else _with_clashes(session, steps)


def _with_clashes(session: Session, steps: Sequence[Planned]) -> list[Planned]:
    """What cannot go stays where it is, and may so be in the way of another."""
    times = [one.due_at for one in steps if one.due_at is not None]
    others = taken(session, begins=min(times), ends=max(times)) if times else []
    while True:
        going = {one.delivery.id for one in steps if one.goes}
        staying = [one for one in others if one.delivery_id not in going]
        told: list[Planned] = []
        for one in steps:
            told.append(_beside(one, [*staying, *_arriving(told)]))
        if going == {one.delivery.id for one in told if one.goes}:
            return told
        steps = told


def move_all(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_ids: Collection[int],
    how: How,
    seen: Mapping[int, datetime] | None,
    despite_clash: bool = False,
) -> list[Delivery]:
    """Move those that can be moved, each by `scheduling.reschedule`; gives them.

    `seen` is where each was shown to go; raises `PlanChanged` where that is not so any more.
    Without it nothing was shown, and all of them have to go.
    """
    steps = plan(
        session,
        actor=actor,
        now=now,
        delivery_ids=delivery_ids,
        how=how,
        despite_clash=despite_clash,
    )
    going = {one.delivery.id: one.due_at for one in steps if one.goes}
    if going != seen if seen is not None else len(going) < len(steps):
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
    return next(one.delivery.late_limit for one in steps if one.delivery.id == delivery_id)


def _chosen(session: Session, delivery_ids: Collection[int]) -> list[Delivery]:
    wanted = set(delivery_ids)
    check = Validator()
    if not wanted:
        check.add("chosen", "none_chosen")
    if len(wanted) > MOST:
        check.add("chosen", "too_many_chosen", most=MOST)
    check.finish()
    query = (
        select(Delivery)
        .where(Delivery.id.in_(wanted))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).options(
                joinedload(Post.department), selectinload(Post.submissions)
            ),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    found = list(session.scalars(query))
    if len(found) != len(wanted):
        raise NotFound(sorted(wanted - {one.id for one in found}))
    return found


def _targets(
    session: Session,
    chosen: Sequence[Delivery],
    how: How,
    quiet: Sequence[QuietTime],
    *,
    now: datetime,
) -> dict[int, datetime | None]:
    """Where each that has not left goes; None where there is no place for it."""
    waiting = [one for one in chosen if not _standing(one)]
    match how:
        case Shift(span):
            return {one.id: one.due_at + span for one in waiting}
        case At(due_at):
            return {one.id: due_at for one in waiting}
        case ToSlots():
            return _to_slots(session, waiting, quiet, now=now)


def _standing(delivery: Delivery) -> tuple[FieldError, ...]:
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
    begins = now + SOON
    known = slots(session)
    going = {one.id for one in chosen}
    others = [
        one
        for one in taken(session, begins=begins, ends=begins + AHEAD)
        if one.delivery_id not in going
    ]
    targets: dict[int, datetime | None] = {}
    for one in chosen:
        not_before = one.variant.revision.not_before
        free = free_times(
            one.account_id,
            [slot for slot in known if slot.account_id == one.account_id],
            quiet,
            [other for other in others if other.post_id != one.post_id],
            begins=max(begins, not_before) if not_before else begins,
            ends=begins + AHEAD,
        )
        targets[one.id] = at = next(free, None)
        if at is not None:
            others.append(Taken(one.id, one.account_id, one.post_id, one.post.title, at))
    return targets


def _step(
    delivery: Delivery,
    due_at: datetime | None,
    quiet: Sequence[QuietTime],
    known: Sequence[Freeze],
    *,
    now: datetime,
) -> Planned:
    """Where it would go, judged by itself."""
    if standing := _standing(delivery):
        return Planned(delivery, None, standing)
    if due_at is None:
        return Planned(delivery, None, (FieldError("due_at", "no_slot"),))
    return Planned(
        delivery,
        due_at,
        tuple(wrong_times(delivery.variant.revision, due_at, now=now)),
        quiet_at(quiet, delivery.account_id, due_at) is not None,
        holds.freeze_at(known, facts_of(delivery), due_at),
    )


def _arriving(steps: Sequence[Planned]) -> list[Taken]:
    return [
        Taken(
            one.delivery.id,
            one.delivery.account_id,
            one.delivery.post_id,
            one.delivery.post.title,
            one.due_at,
        )
        for one in steps
        if one.goes and one.due_at is not None
    ]


def _beside(step: Planned, others: Collection[Taken]) -> Planned:
    """The same, with a clash told where another post stands too near."""
    if not step.goes or step.due_at is None:
        return step
    one = step.delivery
    near = clash_among(others, account_id=one.account_id, post_id=one.post_id, due_at=step.due_at)
    if near is None:
        return step
    told = FieldError("due_at", "clash", {"title": near.title, "due_at": near.due_at})
    return replace(step, problems=(told,))
