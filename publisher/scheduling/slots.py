"""Manage slots (good times to publish) and quiet times, per account and weekday.

Both are advice: pages suggest free slots and warn of quiet times, but any time can be scheduled.
A weekday is 0 for Monday to 6 for Sunday, and a time of day is stored as its minute, both in the
city's time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.deliveries import Account
from publisher.models.desk import QuietTime, Slot
from publisher.models.posts import Post
from publisher.scheduling.constraints import CLASH, OccupiedTime
from publisher.states import AccountState
from publisher.validation import Validator, existing
from publisher.working_time import ONE_DAY, from_local, local, local_day

SEARCH_SPAN = timedelta(days=31)
"""The span in which free slots are searched if the approval's window has no end."""

SHORTEST_NOTICE = timedelta(minutes=5)
"""A slot that begins sooner than this is not suggested."""

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
    """Return the accounts for which slots and quiet times can be set: all but disconnected ones."""
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
    """Create a quiet time; if it ends before it begins, it lasts into the next morning.

    `account_id` None means every account, `weekday` None every weekday. Raises `Invalid` if both
    times are the same, or if the weekday or account does not exist.
    """
    require(actor, Action.SCHEDULE, None, now=now)
    validator = Validator()
    if account_id is not None:
        _check_account(session, validator, account_id)
    if weekday is not None and weekday not in WEEKDAYS:
        validator.add("weekday", "unknown_day")
    if minute_number(begins) == minute_number(ends):
        validator.add("ends", "same_time")
    validator.finish()
    quiet_time = QuietTime(
        account_id=account_id,
        weekday=weekday,
        begins=minute_number(begins),
        ends=minute_number(ends),
        set_at=now,
        set_by_id=actor.person_id,
    )
    session.add(quiet_time)
    values = _quiet_time_values(quiet_time)
    transitions.record(session, quiet_time, "set_quiet_time", actor=actor, now=now, values=values)
    return quiet_time


def remove_quiet_time(session: Session, *, actor: Actor, now: datetime, quiet_time_id: int) -> None:
    """Delete a quiet time; raises `NotFound`."""
    require(actor, Action.SCHEDULE, None, now=now)
    quiet_time = existing(session.get(QuietTime, quiet_time_id), quiet_time_id)
    verb, values = "remove_quiet_time", _quiet_time_values(quiet_time)
    transitions.record(session, quiet_time, verb, actor=actor, now=now, values=values)
    session.delete(quiet_time)


def set_slots(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account_id: int,
    weekdays: Collection[int],
    time_of_day: time,
) -> list[Slot]:
    """Create a slot at this time on each of these weekdays, and return the new ones.

    A weekday that has this slot already is left out. Raises `Invalid` if no weekday was chosen, or
    if the account does not exist.
    """
    require(actor, Action.SCHEDULE, None, now=now)
    validator = Validator()
    _check_account(session, validator, account_id)
    if not weekdays:
        validator.add("weekdays", "required")
    validator.finish()
    weekdays_with_slot = select(Slot.weekday).where(
        Slot.account_id == account_id, Slot.minute == minute_number(time_of_day)
    )
    missing = sorted(set(weekdays) - set(session.scalars(weekdays_with_slot)))
    return [_set_slot(session, actor, now, account_id, weekday, time_of_day) for weekday in missing]


def _set_slot(
    session: Session, actor: Actor, now: datetime, account_id: int, weekday: int, time_of_day: time
) -> Slot:
    slot = Slot(
        account_id=account_id,
        weekday=weekday,
        minute=minute_number(time_of_day),
        set_at=now,
        set_by_id=actor.person_id,
    )
    session.add(slot)
    transitions.record(session, slot, "set_slot", actor=actor, now=now, values=_slot_values(slot))
    return slot


def remove_slot(session: Session, *, actor: Actor, now: datetime, slot_id: int) -> None:
    """Delete a slot; raises `NotFound`."""
    require(actor, Action.SCHEDULE, None, now=now)
    slot = existing(session.get(Slot, slot_id), slot_id)
    transitions.record(
        session, slot, "remove_slot", actor=actor, now=now, values=_slot_values(slot)
    )
    session.delete(slot)


def find_quiet_time(
    candidates: Iterable[QuietTime], account_id: int, at: datetime
) -> QuietTime | None:
    """Return the quiet time among the candidates that covers this moment on this account."""
    local_time = local(at)
    minute = minute_number(local_time.time())
    for quiet_time in candidates:
        if quiet_time.account_id in (None, account_id) and _covers(
            quiet_time, local_time.weekday(), minute
        ):
            return quiet_time
    return None


def _covers(quiet_time: QuietTime, weekday: int, minute: int) -> bool:
    includes_today = quiet_time.weekday in (None, weekday)
    if quiet_time.begins < quiet_time.ends:
        return includes_today and quiet_time.begins <= minute < quiet_time.ends
    # It lasts over midnight, so after midnight the weekday on which it began counts.
    includes_yesterday = quiet_time.weekday in (None, (weekday - 1) % 7)
    begun_today = includes_today and minute >= quiet_time.begins
    return begun_today or (includes_yesterday and minute < quiet_time.ends)


def free_times(
    account_id: int,
    account_slots: Sequence[Slot],
    all_quiet_times: Sequence[QuietTime],
    others: Collection[OccupiedTime],
    *,
    begins: datetime,
    ends: datetime,
) -> Iterator[datetime]:
    """Yield the account's slots from `begins` to `ends` that are free and not quiet."""
    day = local_day(begins)
    while day <= local_day(ends):
        for slot in account_slots:
            at = from_local(day, minute_to_time(slot.minute))
            if slot.weekday == day.weekday() and begins <= at <= ends:
                clashes = (
                    abs(at - occupied.due_at) < CLASH
                    for occupied in others
                    if occupied.account_id == account_id
                )
                if not any(clashes) and find_quiet_time(all_quiet_times, account_id, at) is None:
                    yield at
        day += ONE_DAY


def earliest_wish(post: Post) -> datetime | None:
    """Return the earliest publication time that any of the post's submissions asks for."""
    wishes = [
        submission.wished_at for submission in post.submissions if submission.wished_at is not None
    ]
    return min(wishes, default=None)


def minute_number(time_of_day: time) -> int:
    """Return the minute of the day, from 0 to 1439."""
    return time_of_day.hour * 60 + time_of_day.minute


def minute_to_time(minute: int) -> time:
    """Return the time at this minute of the day."""
    return time(minute // 60, minute % 60)


def _check_account(session: Session, validator: Validator, account_id: int) -> None:
    if session.get(Account, account_id) is None:
        validator.add("account", "unknown_account")


def _quiet_time_values(quiet_time: QuietTime) -> dict[str, object]:
    return {
        "account": quiet_time.account_id,
        "weekday": quiet_time.weekday,
        "begins": quiet_time.begins,
        "ends": quiet_time.ends,
    }


def _slot_values(slot: Slot) -> dict[str, object]:
    return {"account": slot.account_id, "weekday": slot.weekday, "minute": slot.minute}
