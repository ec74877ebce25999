"""Schedule the texts of a post together, publish them now, and stop those not yet sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from publisher.cancellation import cancel_unsent
from publisher.models.controls import Freeze
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Language, Post, Variant
from publisher.scheduling import holds, schedule, slots
from publisher.scheduling.constraints import (
    LATE_LIMIT,
    clashes,
    times_in_use,
    wrong_limit,
    wrong_times,
)
from publisher.scheduling.timetable import Timetable, read_timetable
from publisher.states import SENT, DeliveryState
from publisher.validation import FieldError, Invalid, NotFound


@dataclass(frozen=True)
class NewTime:
    """The new time of a text; `expected` is the `delivery_mark` of its delivery on the page."""

    due_at: datetime
    expected: str = ""


@dataclass(frozen=True)
class StoppedPublication:
    """What a stop of a post has cancelled, and what had been sent before."""

    stopped: list[Delivery]
    left: list[Delivery]


def post_timetable(session: Session, post: Post, *, now: datetime) -> Timetable:
    """Read the timetable for the texts of the post's newest revision."""
    return read_timetable(
        session,
        now=now,
        wished_at=slots.earliest_wish(post),
        not_before=schedule.newest_revision(post).not_before,
    )


def suggest_times(
    post: Post, timetable: Timetable, *, stagger: timedelta
) -> dict[int, datetime | None]:
    """Return a time for each text of the newest revision, by the variant's id.

    It is the wished time, else the account's next free slot, else None. Marathi is first on each
    account, and every further language follows `stagger` later, if the window lasts that long.
    """
    variants = sorted(
        schedule.newest_revision(post).variants,
        key=lambda variant: (variant.language != Language.MARATHI, variant.position),
    )
    first_times: dict[int, datetime | None] = {}
    earlier: Counter[int] = Counter()
    times: dict[int, datetime | None] = {}
    for variant in variants:
        account_id = variant.account_id
        if account_id not in first_times:
            first_times[account_id] = _first_time(variant, timetable)
        later = stagger * earlier[account_id]
        times[variant.id] = _stagger(variant, first_times[account_id], later, timetable.now)
        earlier[account_id] += 1
    return times


def _first_time(variant: Variant, timetable: Timetable) -> datetime | None:
    wished_at = timetable.wished_at
    if wished_at is not None and not wrong_times(variant.revision, wished_at, now=timetable.now):
        return wished_at
    return next(iter(timetable.free_slots(variant, most=1)), None)


def _stagger(
    variant: Variant, first: datetime | None, later: timedelta, now: datetime
) -> datetime | None:
    if first is None or wrong_times(variant.revision, first + later, now=now):
        return first
    return first + later


def schedule_post(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    times: Mapping[int, NewTime],
    late_limit: int = LATE_LIMIT,
    despite_warnings: bool = False,
) -> list[Delivery]:
    """Schedule texts of an approved post by their variants' ids: all of them, or none.

    Raises `Invalid` with every wrong row: the field of a time is "due_at-<variant id>". A clash, a
    quiet time and a freeze are such errors too, unless `despite_warnings`. A text that already has
    this time is left as it is.
    """
    post = schedule.lock_post(session, post_id)
    require(actor, Action.SCHEDULE, post.department_id, now=now)
    schedule.check_approved(post, schedule.newest_revision(post))
    if not times:
        raise Invalid([FieldError("chosen", "nothing_chosen")])
    due_times = _validate_times(
        session, post, times, late_limit=late_limit, now=now, despite_warnings=despite_warnings
    )
    return [
        schedule.schedule(
            session,
            actor=actor,
            now=now,
            variant_id=variant_id,
            due_at=due_at,
            late_limit=late_limit,
            despite_clash=True,  # it was checked with all rows
        )
        for variant_id, due_at in due_times.items()
    ]


def _validate_times(
    session: Session,
    post: Post,
    times: Mapping[int, NewTime],
    *,
    late_limit: int,
    now: datetime,
    despite_warnings: bool,
) -> dict[int, datetime]:
    """Return the times that differ from the present ones. Raises `Invalid` or `NotFound`."""
    variants = {variant.id: variant for variant in schedule.newest_revision(post).variants}
    if unknown_ids := set(times) - set(variants):
        raise NotFound(sorted(unknown_ids))
    due_times: dict[int, datetime] = {}
    problems = wrong_limit(late_limit)
    for variant_id, new_time in sorted(times.items()):  # everybody locks in the same order
        delivery = schedule.text_delivery(session, variants[variant_id])
        if delivery is not None and _is_unchanged(delivery, new_time.due_at, late_limit):
            continue
        due_times[variant_id] = new_time.due_at
        problems += _problems_of_row(variants[variant_id], delivery, new_time, now=now)
    if not despite_warnings:
        problems += _warnings(session, variants, due_times, now=now)
    if problems:
        raise Invalid(problems)
    return due_times


def _is_unchanged(delivery: Delivery, due_at: datetime, late_limit: int) -> bool:
    is_same = delivery.due_at == due_at and delivery.late_limit == late_limit
    return is_same and delivery.state is DeliveryState.SCHEDULED


def _problems_of_row(
    variant: Variant,
    delivery: Delivery | None,
    new_time: NewTime,
    *,
    now: datetime,
) -> list[FieldError]:
    """Return what prevents this time, regardless of other schedules."""
    if delivery is not None and delivery.state in SENT:
        return [_row_error(variant, FieldError("due_at", "on_its_way"))]
    if schedule.delivery_mark(delivery) != new_time.expected:
        return [_row_error(variant, _changed_error(delivery))]
    problems = wrong_times(variant.revision, new_time.due_at, now=now)
    return [_row_error(variant, problem) for problem in problems]


def _changed_error(delivery: Delivery | None) -> FieldError:
    """Return the error of a text whose delivery differs from the one on the page."""
    if delivery is None or delivery.state is not DeliveryState.SCHEDULED:
        return FieldError("due_at", "changed_meanwhile")
    return FieldError("due_at", "scheduled_meanwhile", {"due_at": delivery.due_at})


def _warnings(
    session: Session,
    variants: Mapping[int, Variant],
    due_times: Mapping[int, datetime],
    *,
    now: datetime,
) -> list[FieldError]:
    """Return the rows that fall into a quiet time or a freeze, or near another post."""
    if not due_times:
        return []
    moments = due_times.values()
    others = times_in_use(session, begins=min(moments), ends=max(moments))
    quiet = slots.quiet_times(session)
    freezes = holds.freezes_ahead(session, now=now)
    problems: list[FieldError] = []
    for variant_id, due_at in due_times.items():
        variant = variants[variant_id]
        account_id, post = variant.account_id, variant.revision.post
        warnings = clashes(others, account_id=account_id, post_id=post.id, due_at=due_at)
        if slots.find_quiet_time(quiet, account_id, due_at) is not None:
            warnings.append(FieldError("due_at", "in_quiet_time"))
        facts = holds.facts_for(post, account_id=account_id)
        freeze = holds.freeze_at(freezes, facts, due_at)
        if freeze is not None:
            warnings.append(_freeze_error(freeze))
        problems += [_row_error(variant, problem) for problem in warnings]
    return problems


def _row_error(variant: Variant, problem: FieldError) -> FieldError:
    return FieldError(f"due_at-{variant.id}", problem.code, problem.values)


def publish_now(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    variant_ids: Collection[int],
    take_back: timedelta = timedelta(),
    late_limit: int = LATE_LIMIT,
    despite_warnings: bool = False,
    expected: Mapping[int, str] | None = None,
) -> list[Delivery]:
    """Make these variants due after `take_back`; until then they can be stopped.

    Shortly before the end of the window the wait is shorter. Requires a fresh sign-in. Raises
    `Invalid` in a quiet time or a freeze, unless `despite_warnings`, and if a text has changed:
    `expected` has the `delivery_mark` of its delivery on the page, by the variant's id.
    """
    variants = [schedule.get_variant(session, variant_id) for variant_id in sorted(variant_ids)]
    for variant in variants:
        require(actor, Action.PUBLISH_NOW, variant.revision.post.department_id, now=now)
    problems = _changes(session, variants, expected or {})
    if not despite_warnings:
        problems += _warnings_now(session, variants, now=now)
    if problems:
        raise Invalid(problems)
    return [
        schedule.schedule(
            session,
            actor=actor,
            now=now,
            variant_id=variant.id,
            due_at=_soon(variant, now, take_back),
            late_limit=late_limit,
            despite_clash=True,
        )
        for variant in variants
    ]


def _changes(
    session: Session, variants: Iterable[Variant], expected: Mapping[int, str]
) -> list[FieldError]:
    problems = []
    for variant in variants:
        if variant.id not in expected:
            continue
        schedule.lock_post(session, variant.revision.post_id)
        delivery = schedule.text_delivery(session, variant)
        if schedule.delivery_mark(delivery) != expected[variant.id]:
            problems.append(_row_error(variant, _changed_error(delivery)))
    return problems


def _warnings_now(
    session: Session, variants: Collection[Variant], *, now: datetime
) -> list[FieldError]:
    """Return the errors of a quiet time and of freezes in force."""
    quiet = slots.quiet_times(session)
    freezes = holds.freezes_at(session, now)
    problems = []
    if any(slots.find_quiet_time(quiet, variant.account_id, now) for variant in variants):
        problems.append(FieldError("despite_warnings", "quiet_now"))
    for variant in variants:
        facts = holds.facts_for(variant.revision.post, account_id=variant.account_id)
        if freeze := holds.freeze_at(freezes, facts, now):
            problems.append(_row_error(variant, _freeze_error(freeze)))
    return problems


def _freeze_error(freeze: Freeze) -> FieldError:
    values = {"until": freeze.until_at, "reason": freeze.reason}
    return FieldError("due_at", "in_freeze", values)


def _soon(variant: Variant, now: datetime, take_back: timedelta) -> datetime:
    not_after = variant.revision.not_after
    if not_after is None:
        return now + take_back
    # Half of what is left remains for sending: a delivery due at the very end would be missed.
    return now + max(timedelta(), min(take_back, (not_after - now) / 2))


def stop_publishing(
    session: Session, *, actor: Actor, now: datetime, post_id: int
) -> StoppedPublication:
    """Cancel every text of the post that was not sent, and return what had been sent."""
    post = schedule.lock_post(session, post_id)
    require(actor, Action.CANCEL, post.department_id, now=now)
    stopped = cancel_unsent(session, actor=actor, now=now, post_id=post_id, why="stop_publishing")
    query = (
        select(Delivery)
        .join(Variant, Variant.id == Delivery.variant_id)
        .where(
            Variant.revision_id == schedule.newest_revision(post).id,
            Delivery.action.in_(OF_TEXTS),
            Delivery.state.in_(SENT),
        )
        .order_by(Delivery.id)
    )
    return StoppedPublication(stopped, list(session.scalars(query)))
