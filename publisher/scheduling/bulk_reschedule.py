"""Schedule or reschedule several texts: plan their times, let a person confirm, then set them.

All are set in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher.models.controls import Freeze
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.desk import QuietTime
from publisher.models.posts import Post, Revision, Variant
from publisher.scheduling import holds, schedule
from publisher.scheduling.constraints import (
    LATE_LIMIT,
    OccupiedTime,
    clashes,
    times_in_use,
    wrong_times,
)
from publisher.scheduling.planned_moves import (
    Move,
    PlannedMove,
    Shift,
    ToMoment,
    ToSlots,
    all_or_none,
    times_at_moment,
)
from publisher.scheduling.slots import (
    SEARCH_SPAN,
    SHORTEST_NOTICE,
    earliest_wish,
    find_quiet_time,
    free_times,
    quiet_times,
    slots,
)
from publisher.states import SENT
from publisher.validation import FieldError, NotFound, Validator

MOST_AT_ONCE = 200
"""The largest number of texts that can be moved at once."""


class PlanChanged(NotAllowed):
    """The plan that was confirmed is outdated, and has to be reviewed again."""

    code = "plan_changed"


def plan(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    variant_ids: Collection[int],
    how: Move,
    despite_clash: bool = False,
) -> list[PlannedMove]:
    """Return the planned move of each text, in the order of their present times.

    Those without a time come last. Raises `Invalid` if none or too many are chosen, `NotFound` if
    one does not exist.
    """
    chosen = _load_chosen(session, variant_ids)
    for step in chosen:
        require(actor, Action.SCHEDULE, step.variant.revision.post.department_id, now=now)
    quiet = quiet_times(session)
    freezes = holds.freezes_ahead(session, now=now)
    new_times = _new_times(session, chosen, how, quiet, freezes, now=now)
    steps = [
        _plan_move(step, new_times.get(step.variant.id), how, quiet, freezes, now=now)
        for step in chosen
    ]
    steps = all_or_none(steps, how)
    return steps if despite_clash else _add_clashes(session, steps, how)


def _add_clashes(session: Session, steps: Sequence[PlannedMove], how: Move) -> list[PlannedMove]:
    """Return the steps, with an error where another post would be too near.

    A text that cannot be moved keeps its old time, and so may block another one. So the check
    is repeated until no more texts drop out.
    """
    new_times = [step.due_at for step in steps if step.due_at is not None]
    others = times_in_use(session, begins=min(new_times), ends=max(new_times)) if new_times else []
    while True:
        moving_ids = {step.variant.id for step in steps if step.can_move}
        moving = {step.delivery.id for step in steps if step.can_move and step.delivery}
        other_times = [occupied for occupied in others if occupied.delivery_id not in moving]
        checked_steps: list[PlannedMove] = []
        for step in steps:
            checked_steps.append(_add_clash(step, [*other_times, *_occupied_times(checked_steps)]))
        checked_steps = all_or_none(checked_steps, how)
        if moving_ids == {step.variant.id for step in checked_steps if step.can_move}:
            return checked_steps
        steps = checked_steps


def move_all(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    variant_ids: Collection[int],
    how: Move,
    expected: Mapping[int, str] | None,
    despite_clash: bool = False,
) -> list[Delivery]:
    """Move the texts that can be moved, and return their deliveries.

    `expected` maps variant ids to the marks in the plan that the user confirmed; raises
    `PlanChanged` if the plan differs now. If it is None, every text has to be movable.
    """
    steps = plan(
        session,
        actor=actor,
        now=now,
        variant_ids=variant_ids,
        how=how,
        despite_clash=despite_clash,
    )
    marks = {step.variant.id: step.mark for step in steps if step.can_move}
    if marks != expected if expected is not None else len(marks) < len(steps):
        raise PlanChanged
    return [
        schedule.schedule(
            session,
            actor=actor,
            now=now,
            variant_id=step.variant.id,
            due_at=step.due_at,
            late_limit=step.delivery.late_limit if step.delivery is not None else LATE_LIMIT,
            despite_clash=True,  # `plan` has checked it, with all texts at their new times
        )
        for step in steps
        if step.can_move and step.due_at is not None
    ]


def _load_chosen(session: Session, variant_ids: Collection[int]) -> list[PlannedMove]:
    """Return the chosen texts, none of which has a new time yet."""
    ids = set(variant_ids)
    validator = Validator()
    if not ids:
        validator.add("chosen", "none_chosen")
    if len(ids) > MOST_AT_ONCE:
        validator.add("chosen", "too_many_chosen", most=MOST_AT_ONCE)
    validator.finish()
    query = (
        select(Variant, Delivery)
        .outerjoin(Delivery, (Delivery.variant_id == Variant.id) & Delivery.action.in_(OF_TEXTS))
        .where(Variant.id.in_(ids))
        .options(
            joinedload(Variant.account),
            joinedload(Variant.revision)
            .joinedload(Revision.post)
            .options(joinedload(Post.department), selectinload(Post.submissions)),
        )
        .order_by(Delivery.due_at.is_(None), Delivery.due_at, Variant.id)
    )
    steps = [PlannedMove(variant, delivery, None) for variant, delivery in session.execute(query)]
    if len(steps) != len(ids):
        raise NotFound(sorted(ids - {step.variant.id for step in steps}))
    return steps


def _new_times(
    session: Session,
    chosen: Sequence[PlannedMove],
    how: Move,
    quiet: Sequence[QuietTime],
    freezes: Sequence[Freeze],
    *,
    now: datetime,
) -> Mapping[int, datetime | None]:
    """Return the new time of each text that can be moved; None if it finds no free slot."""
    waiting = [step for step in chosen if not _immovable_problems(step, how)]
    match how:
        case Shift(span):
            return {
                step.variant.id: step.delivery.due_at + span
                for step in waiting
                if step.delivery is not None
            }
        case ToMoment(due_at):
            return times_at_moment(waiting, due_at)
        case ToSlots():
            return _assign_slots(session, waiting, quiet, freezes, now=now)


def _immovable_problems(step: PlannedMove, how: Move) -> tuple[FieldError, ...]:
    """Return the reasons why a text cannot be moved in this way."""
    if step.delivery is not None and step.delivery.state in SENT:
        return (FieldError("due_at", "on_its_way"),)
    post = step.variant.revision.post
    is_newest = step.variant.revision.number == post.newest
    if post.state is not PostState.APPROVED or not is_newest:
        return (FieldError("due_at", "not_approved"),)
    if step.delivery is None and isinstance(how, Shift):
        return (FieldError("due_at", "no_time_to_shift"),)
    return ()


def _assign_slots(
    session: Session,
    chosen: Sequence[PlannedMove],
    quiet: Sequence[QuietTime],
    freezes: Sequence[Freeze],
    *,
    now: datetime,
) -> dict[int, datetime | None]:
    """Assign slots: languages of one post share a time, another post gets the next slot.

    A text without a time gets none before the wished time, and no text gets one in a freeze.
    """
    begins = now + SHORTEST_NOTICE
    all_slots = slots(session)
    moving_ids = {step.delivery.id for step in chosen if step.delivery is not None}
    others = [
        occupied
        for occupied in times_in_use(session, begins=begins, ends=begins + 12 * SEARCH_SPAN)
        if occupied.delivery_id not in moving_ids
    ]
    new_times: dict[int, datetime | None] = {}
    for step in chosen:
        revision, account_id = step.variant.revision, step.variant.account_id
        wished_at = earliest_wish(revision.post) if step.delivery is None else None
        earliest = max(moment for moment in (begins, revision.not_before, wished_at) if moment)
        facts = holds.facts_for(revision.post, account_id=account_id)
        free = free_times(
            account_id,
            [slot for slot in all_slots if slot.account_id == account_id],
            quiet,
            [other for other in others if other.post_id != revision.post_id],
            begins=earliest,
            ends=earliest + SEARCH_SPAN,
        )
        open_slots = (at for at in free if holds.freeze_at(freezes, facts, at) is None)
        new_times[step.variant.id] = at = next(open_slots, None)
        if at is not None:
            others.append(_occupied_time(step, at))
    return new_times


def _plan_move(
    step: PlannedMove,
    due_at: datetime | None,
    how: Move,
    quiet: Sequence[QuietTime],
    freezes: Sequence[Freeze],
    *,
    now: datetime,
) -> PlannedMove:
    """Return the planned move of a text, before other texts are considered."""
    if problems := _immovable_problems(step, how):
        return replace(step, problems=problems)
    if due_at is None:
        return replace(step, problems=(FieldError("due_at", "no_slot"),))
    variant = step.variant
    facts = holds.facts_for(variant.revision.post, account_id=variant.account_id)
    return PlannedMove(
        variant,
        step.delivery,
        due_at,
        tuple(wrong_times(variant.revision, due_at, now=now)),
        find_quiet_time(quiet, variant.account_id, due_at) is not None,
        holds.freeze_at(freezes, facts, due_at),
    )


def _occupied_times(steps: Sequence[PlannedMove]) -> list[OccupiedTime]:
    return [
        _occupied_time(step, step.due_at)
        for step in steps
        if step.can_move and step.due_at is not None
    ]


def _occupied_time(step: PlannedMove, at: datetime) -> OccupiedTime:
    post = step.variant.revision.post
    delivery_id = step.delivery.id if step.delivery is not None else 0
    return OccupiedTime(delivery_id, step.variant.account_id, post.id, post.title, at)


def _add_clash(step: PlannedMove, others: Collection[OccupiedTime]) -> PlannedMove:
    """Return the step, with an error if another post is too near."""
    if not step.can_move or step.due_at is None:
        return step
    account_id, post_id = step.variant.account_id, step.variant.revision.post_id
    problems = clashes(others, account_id=account_id, post_id=post_id, due_at=step.due_at)
    return replace(step, problems=tuple(problems))
