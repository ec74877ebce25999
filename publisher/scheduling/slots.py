"""Manage slots (good times) and quiet times per account and weekday; both are advice only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import WrongRole
from approvals.policy import Action, Actor, may
from publisher import transitions
from publisher.models.deliveries import Account
from publisher.models.desk import QuietTime, Slot
from publisher.models.posts import Post, Variant
from publisher.scheduling.constraints import CLASH, OccupiedTime, occupied_times
from publisher.states import AccountState
from publisher.validation import NotFound, Validator
from publisher.working_time import ONE_DAY, from_local, local, local_day

SEARCH_SPAN = timedelta(days=31)
"""The span in which free slots are searched if the approval's window has no end."""

MINIMUM_NOTICE = timedelta(minutes=5)
WEEKDAYS = range(7)


def quiet_times(session: Session) -> list[QuietTime]:
    """Return every quiet time, those for all accounts first."""
    query = select(QuietTime).options(joinedload(QuietTime.account))
    order = (QuietTime.account_id.is_not(None), QuietTime.account_id, QuietTime.weekday)
    return list(session.scalars(query.order_by(*order, QuietTime.begins, QuietTime.id)))


def slots(session: Session) -> list[Slot]:
    """Return every slot, by account, weekday and time."""
    query = select(Slot).options(joinedload(Slot.account))
    return list(session.scalars(query.order_by(Slot.account_id, Slot.weekday, Slot.minute)))


def accounts(session: Session) -> list[Account]:
    """Return the accounts that times can be set for: all but disconnected ones."""
    query = select(Account).where(Account.state != AccountState.DISCONNECTED)
    return list(session.scalars(query.order_by(Account.id)))


def set_quiet_time(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account_id: int | None,
    weekday: int | None,
    begins: time,
    ends: time,
) -> QuietTime:
    """Create a quiet time between these times of the city's day.

    `account_id` None means every account, `weekday` None every weekday. Raises `Invalid` if both
    times are the same, or if the weekday or account does not exist.
    """
    _require(actor)
    validator = Validator()
    if account_id is not None:
        _check_account(session, validator, account_id)
    if weekday is not None and weekday not in WEEKDAYS:
        validator.add("weekday", "unknown_day")
    if minute_of(begins) == minute_of(ends):
        validator.add("ends", "same_time")
    validator.finish()
    quiet = QuietTime(
        account_id=account_id,
        weekday=weekday,
        begins=minute_of(begins),
        ends=minute_of(ends),
        set_at=now,
        set_by_id=actor.person_id,
    )
    session.add(quiet)
    transitions.record(
        session, quiet, "set_quiet_time", actor=actor, now=now, values=_quiet_time_values(quiet)
    )
    return quiet


def remove_quiet_time(session: Session, *, actor: Actor, now: datetime, quiet_id: int) -> None:
    """Delete a quiet time; raises `NotFound`."""
    _require(actor)
    quiet = session.get(QuietTime, quiet_id)
    if quiet is None:
        raise NotFound(quiet_id)
    transitions.record(
        session, quiet, "remove_quiet_time", actor=actor, now=now, values=_quiet_time_values(quiet)
    )
    session.delete(quiet)


def set_slots(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account_id: int,
    weekdays: Collection[int],
    clock: time,
) -> list[Slot]:
    """Create a slot on each of these weekdays, unless there is one already.

    Raises `Invalid` if no weekday was chosen or the account does not exist.
    """
    _require(actor)
    validator = Validator()
    _check_account(session, validator, account_id)
    if not weekdays:
        validator.add("weekdays", "required")
    validator.finish()
    existing = select(Slot.weekday).where(
        Slot.account_id == account_id, Slot.minute == minute_of(clock)
    )
    missing = sorted(set(weekdays) - set(session.scalars(existing)))
    return [_set_slot(session, actor, now, account_id, weekday, clock) for weekday in missing]


def _set_slot(
    session: Session, actor: Actor, now: datetime, account_id: int, weekday: int, clock: time
) -> Slot:
    slot = Slot(
        account_id=account_id,
        weekday=weekday,
        minute=minute_of(clock),
        set_at=now,
        set_by_id=actor.person_id,
    )
    session.add(slot)
    transitions.record(session, slot, "set_slot", actor=actor, now=now, values=_slot_values(slot))
    return slot


def remove_slot(session: Session, *, actor: Actor, now: datetime, slot_id: int) -> None:
    """Delete a slot; raises `NotFound`."""
    _require(actor)
    slot = session.get(Slot, slot_id)
    if slot is None:
        raise NotFound(slot_id)
    transitions.record(
        session, slot, "remove_slot", actor=actor, now=now, values=_slot_values(slot)
    )
    session.delete(slot)


def quiet_at(candidates: Iterable[QuietTime], account_id: int, at: datetime) -> QuietTime | None:
    """Return the quiet time among the candidates that covers this moment on this account."""
    local_time = local(at)
    minute = minute_of(local_time.time())
    for quiet in candidates:
        if quiet.account_id in (None, account_id) and _covers(quiet, local_time.weekday(), minute):
            return quiet
    return None


def _covers(quiet: QuietTime, weekday: int, minute: int) -> bool:
    today = quiet.weekday in (None, weekday)
    if quiet.begins < quiet.ends:
        return today and quiet.begins <= minute < quiet.ends
    from_yesterday = quiet.weekday in (None, (weekday - 1) % 7)
    return (today and minute >= quiet.begins) or (from_yesterday and minute < quiet.ends)


def next_slots(
    session: Session, *, variant: Variant, now: datetime, wished_at: datetime | None, most: int = 3
) -> list[datetime]:
    """Return the next free slots of a variant, starting from the wished time if that is to come.

    They lie within the approval's window, outside quiet times, and ten minutes from other posts.
    """
    revision = variant.revision
    account_slots = [slot for slot in slots(session) if slot.account_id == variant.account_id]
    begins = max(
        moment
        for moment in (now + MINIMUM_NOTICE, revision.not_before, wished_at)
        if moment is not None
    )
    ends = begins + SEARCH_SPAN
    if revision.not_after is not None:
        ends = min(ends, revision.not_after)
    others = occupied_times(session, begins=begins, ends=ends)
    free = free_times(
        variant.account_id,
        account_slots,
        quiet_times(session),
        [occupied for occupied in others if occupied.post_id != revision.post_id],
        begins=begins,
        ends=ends,
    )
    return [at for at, _ in zip(free, range(most), strict=False)]


def free_times(
    account_id: int,
    account_slots: Sequence[Slot],
    quiet: Sequence[QuietTime],
    others: Collection[OccupiedTime],
    *,
    begins: datetime,
    ends: datetime,
) -> Iterator[datetime]:
    """Yield the account's slots from `begins` to `ends` that are free and not quiet."""
    day = local_day(begins)
    while day <= local_day(ends):
        for slot in account_slots:
            at = from_local(day, clock_of(slot.minute))
            if slot.weekday == day.weekday() and begins <= at <= ends:
                near = (
                    abs(at - occupied.due_at) < CLASH
                    for occupied in others
                    if occupied.is_on(account_id)
                )
                if not any(near) and quiet_at(quiet, account_id, at) is None:
                    yield at
        day += ONE_DAY


def wished_time(post: Post) -> datetime | None:
    """Return the earliest time that a submission of the post wishes for."""
    wishes = [
        submission.wished_at for submission in post.submissions if submission.wished_at is not None
    ]
    return min(wishes, default=None)


def minute_of(clock: time) -> int:
    """Return the minute of the day."""
    return clock.hour * 60 + clock.minute


def clock_of(minute: int) -> time:
    """Return the time at this minute of the day."""
    return time(minute // 60, minute % 60)


def _require(actor: Actor) -> None:
    """Raise `WrongRole` unless the actor may schedule; these times belong to no department."""
    if not may(actor, Action.SCHEDULE, None):
        raise WrongRole(role=actor.role, action=Action.SCHEDULE)


def _check_account(session: Session, validator: Validator, account_id: int) -> None:
    if session.get(Account, account_id) is None:
        validator.add("account", "unknown_account")


def _quiet_time_values(quiet: QuietTime) -> dict[str, object]:
    return {
        "account": quiet.account_id,
        "weekday": quiet.weekday,
        "begins": quiet.begins,
        "ends": quiet.ends,
    }


def _slot_values(slot: Slot) -> dict[str, object]:
    return {"account": slot.account_id, "weekday": slot.weekday, "minute": slot.minute}
