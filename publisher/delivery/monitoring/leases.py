"""What a clock has taken to look at: other clocks are kept off it for a lease."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery.accounts import manage
from publisher.delivery.monitoring.intervals import AFTER_TROUBLE
from publisher.delivery.monitoring.rate_guard import may_be_asked
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import Refused, TryLater


@dataclass(frozen=True)
class Looks:
    """Looks at publications of one account, in one request begun at `at`.

    `ids` are the platform's, by those of the watches; `due` is when each was to be looked at.
    Other clocks are kept off them until `leased_until`.
    """

    account: Account
    ids: Mapping[int, str]
    due: Mapping[int, datetime | None]
    at: datetime
    leased_until: datetime


def take(context: WorkerContext, account: Account, most: int) -> Looks:
    """Take what has waited longest, and keep other clocks off it for a lease."""
    with context.database.reading() as session:
        now = context.now()
        query = (
            select(Watch.id)
            .join(ReceiptRow, ReceiptRow.id == Watch.receipt_id)
            .join(Account, Account.id == ReceiptRow.account_id)
            .where(ReceiptRow.account_id == account.id, Watch.look_at <= now, *may_be_asked(now))
            .order_by(Watch.look_at, Watch.id)
            .limit(most)
        )
        due = list(session.scalars(query))
    with context.database.transaction() as session:
        now = context.now()
        until = now + timedelta(seconds=context.delivery_settings.lease)
        still_due = select(Watch).where(Watch.id.in_(due), Watch.look_at <= now)
        in_order = still_due.order_by(Watch.look_at, Watch.id)
        watches = list(session.scalars(in_order.with_for_update(skip_locked=True, of=Watch)))
        was_due = {watch.id: watch.look_at for watch in watches}
        for watch in watches:
            watch.look_at = until
        ids = {watch.id: watch.receipt.platform_id for watch in watches}
    return Looks(account, ids, was_due, now, until)


def _leased(session: Session, looks: Looks) -> Iterable[Watch]:
    """The rows that are this clock's still, locked in one order by every clock."""
    is_ours = Watch.look_at == looks.leased_until
    query = select(Watch).where(Watch.id.in_(looks.ids), is_ours).order_by(Watch.id)
    return session.scalars(query.with_for_update())


def put_off(context: WorkerContext, looks: Looks, unread: Mapping[int, TryLater | Refused]) -> None:
    """What could not be read is looked at again later: when the platform said, else in an hour."""
    with context.database.transaction() as session:
        soonest = context.now() + AFTER_TROUBLE
        for watch in _leased(session, looks):
            problem = unread.get(watch.id)
            until = problem.at if isinstance(problem, TryLater) else None
            if problem is not None:
                watch.look_at = max(until, soonest) if until else soonest


def give_back(context: WorkerContext, looks: Looks) -> None:
    """One of them may be the trouble, or that they are too many: fewer are asked for next."""
    with context.database.transaction() as session:
        for watch in _leased(session, looks):
            watch.look_at = looks.due[watch.id]


def pause_account(context: WorkerContext, tried: Account, looks: Looks | None = None) -> None:
    """Its access ended, unless it has got another one since this one was tried."""
    with context.database.transaction() as session:
        now = context.now()
        for watch in _leased(session, looks) if looks is not None else ():
            watch.look_at = now
        account = transitions.lock(session, Account, tried.id)
        if account is not None and account.credentials == tried.credentials:
            manage.pause(session, actor=CLOCK, now=now, account_id=tried.id, reason="credentials")
