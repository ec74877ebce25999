"""Unread comments: sources of connected accounts that were not read for three times their interval.

They are shown on the accounts' pages and by `doctor`. The cell's leads and the admins are notified
once when an account has any, and once when it has none any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.delivery.costs import budget
from publisher.inbox.ingest import MENTIONS_EVERY, READING_INTERVALS, TOLD_EVERY
from publisher.models.comments import Source
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.history import Event
from publisher.models.monitoring import Outage
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.platforms.base.charges import Cause
from publisher.states import AccountState

LATE_AFTER = 3
"""The number of its reading intervals after which a source counts as unread."""

QUIET_FOR = timedelta(minutes=30)
"""After the notice that all is read again, nobody is notified of the account for this long.

A platform whose reading limit is used up every quarter of an hour would cause endless mails.
"""

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

UNREAD = "comments_unread"
READ_AGAIN = "comments_read_again"


@dataclass(frozen=True)
class UnreadSources:
    """The unread sources of an account: the number of its posts, and whether its mentions are one.

    `since` is the last reading of the source that has waited longest; if that was never read, the
    time from which it could have been.
    """

    posts: int
    mentions: bool
    since: datetime


# A post that was never read counts from when its receipt was stored, and mentions from the
# connection.
_read_at = func.coalesce(Source.last_read_at, ReceiptRow.stored_at, Account.state_at)


def unread(session: Session, *, now: datetime) -> Mapping[int, UnreadSources]:
    """Return the connected accounts with unread sources, by account id."""
    return _unread(session, now, _is_late(now))


def _unread(
    session: Session, now: datetime, *conditions: ColumnElement[bool]
) -> Mapping[int, UnreadSources]:
    query = (
        select(
            Source.account_id,
            func.count(Source.receipt_id),
            func.count(),
            func.min(_read_at, type_=Source.last_read_at.type),
        )
        .join(Account, Account.id == Source.account_id)
        # Older posts are not read: without the second condition all receipts might be scanned.
        .outerjoin(
            ReceiptRow,
            (ReceiptRow.id == Source.receipt_id)
            & (ReceiptRow.published_at >= now - READING_INTERVALS[-1][0]),
        )
        .where(
            # Sources that are no longer read have no time. A range is found by the index.
            Source.read_at > LONG_AGO,
            Account.state == AccountState.CONNECTED,
            ReceiptRow.gone_at.is_(None),
            *conditions,
        )
        .group_by(Source.account_id)
    )
    return {
        account_id: UnreadSources(posts, sources > posts, since)
        for account_id, posts, sources, since in session.execute(query)
    }


def _is_late(now: datetime, *, was_readable: bool = False) -> ColumnElement[bool]:
    """Return the condition that a source is unread.

    If `was_readable`, also that a clock ran and the account was connected all that time.
    """
    return or_(
        Source.receipt_id.is_(None)
        & _longer_than(MENTIONS_EVERY, now, was_readable, Cause.MENTIONS),
        Account.is_told
        & (ReceiptRow.published_at >= now - READING_INTERVALS[-1][0])
        & _longer_than(TOLD_EVERY, now, was_readable, Cause.REPLIES),
        *(
            # The intervals grow with the age, so the first one that fits decides.
            ~Account.is_told
            & (ReceiptRow.published_at >= now - age)
            & _longer_than(interval, now, was_readable, Cause.REPLIES)
            for age, interval in READING_INTERVALS
        ),
    )


def _longer_than(
    interval: timedelta, now: datetime, was_readable: bool, cause: Cause
) -> ColumnElement[bool]:
    """Return the condition that the last reading is longer ago than the interval allows."""
    begins = now - LATE_AFTER * interval
    is_slow = budget.is_slowed(cause, Source.account_id, now)
    is_late = or_(
        (_read_at < begins) & ~is_slow, _read_at < now - LATE_AFTER * interval * budget.SLOW_FACTOR
    )
    if not was_readable:
        return is_late
    outage = exists().where(or_(Outage.ended_at.is_(None), Outage.ended_at >= begins))
    return and_(is_late, Account.state_at < begins, ~outage)


def tick_unread(database: Database, *, now: datetime) -> int:
    """Notify of each account whose comments are unread, or read again; return the number."""
    with database.reading() as session:
        account_ids = sorted(_changes(session, now))
    if not account_ids:
        return 0
    with database.transaction() as session:
        accounts = [transitions.lock(session, Account, account_id) for account_id in account_ids]
        # Another clock may have notified of it meanwhile.
        changes = _changes(session, now)
        for account in accounts:
            if account is not None and account.id in changes:
                _notify(session, account, changes[account.id], now)
    return len(changes)


def _changes(session: Session, now: datetime) -> dict[int, UnreadSources | None]:
    """Return what to notify of, by account id; None if all its sources are read again."""
    latest = {event.subject_id: event for event in _latest_events(session)}
    late = unread(session, now=now)
    changes: dict[int, UnreadSources | None] = {
        account_id: None
        for account_id, event in latest.items()
        if event.verb == UNREAD and account_id not in late
    }
    for account_id, sources in _unread(session, now, _is_late(now, was_readable=True)).items():
        event = latest.get(account_id)
        if event is None or (event.verb == READ_AGAIN and event.at <= now - QUIET_FOR):
            changes[account_id] = sources
    return changes


def _latest_events(session: Session) -> list[Event]:
    """Return the latest of these events of each connected account."""
    table = Account.__tablename__
    latest = (
        select(func.max(Event.id))
        .where(Event.subject == table, Event.verb.in_((UNREAD, READ_AGAIN)))
        .group_by(Event.subject_id)
    )
    query = (
        select(Event)
        .join(Account, Account.id == Event.subject_id)
        .where(Event.id.in_(latest), Account.state == AccountState.CONNECTED)
    )
    return list(session.scalars(query))


def _notify(
    session: Session, account: Account, sources: UnreadSources | None, now: datetime
) -> None:
    kind = NoticeKind.COMMENTS_READ_AGAIN if sources is None else NoticeKind.COMMENTS_UNREAD
    verb = READ_AGAIN if sources is None else UNREAD
    transitions.record(session, account, verb, actor=CLOCK, now=now)
    values: dict[str, object] = {
        "account": account.name,
        "platform": account.platform,
        "handle": account.handle,
    }
    if sources is not None:
        values["since_at"] = sources.since
    people = responsibility.people_of(responsibility.lead_and_admins(session, now=now))
    compose.queue_for_each(session, people, kind=kind, values=values, now=now, path=links.ACCOUNTS)
