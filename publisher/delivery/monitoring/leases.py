"""Leases of checks, which keep other clocks off them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher import transitions
from publisher.delivery import failures
from publisher.delivery.monitoring.intervals import AFTER_TROUBLE
from publisher.delivery.monitoring.rate_guard import may_be_asked
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import Refused, TryLater


@dataclass(frozen=True)
class LeasedChecks:
    """Checks of live posts of one account, in one request begun at `at`.

    `ids` maps watch ids to the platform's ids, `due` to when each check was due. Other clocks are
    kept off them until `leased_until`.
    """

    account: Account
    ids: Mapping[int, str]
    due: Mapping[int, datetime | None]
    at: datetime
    leased_until: datetime


def lease(context: WorkerContext, account: Account, most: int) -> LeasedChecks:
    """Lease up to `most` due checks of the account, the longest overdue first."""
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
    return LeasedChecks(account, ids, was_due, now, until)


def _leased(session: Session, looks: LeasedChecks) -> Iterable[Watch]:
    """Return the watches still leased by this clock, locked in the order of their ids."""
    is_ours = Watch.look_at == looks.leased_until
    query = select(Watch).where(Watch.id.in_(looks.ids), is_ours).order_by(Watch.id)
    return session.scalars(query.with_for_update())


def put_off(
    context: WorkerContext, looks: LeasedChecks, unread: Mapping[int, TryLater | Refused]
) -> None:
    """Put off what could not be read: until the platform's time, at least by `AFTER_TROUBLE`."""
    with context.database.transaction() as session:
        soonest = context.now() + AFTER_TROUBLE
        for watch in _leased(session, looks):
            problem = unread.get(watch.id)
            until = problem.at if isinstance(problem, TryLater) else None
            if problem is not None:
                watch.look_at = max(until, soonest) if until else soonest


def give_back(context: WorkerContext, looks: LeasedChecks) -> None:
    """End the leases, so that the checks are due as before."""
    with context.database.transaction() as session:
        for watch in _leased(session, looks):
            watch.look_at = looks.due[watch.id]


def pause_account(
    context: WorkerContext, tried: Account, looks: LeasedChecks | None = None
) -> None:
    """Pause the account whose access has ended, unless it has new credentials by now."""
    with context.database.transaction() as session:
        now = context.now()
        for watch in _leased(session, looks) if looks is not None else ():
            watch.look_at = now
        account = transitions.lock(session, Account, tried.id)
        if account is not None and account.credentials == tried.credentials:
            failures.pause(session, tried.id, now)
