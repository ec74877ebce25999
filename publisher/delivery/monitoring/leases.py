"""Leases of checks, which keep other clocks off them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.delivery.accounts import manage
from publisher.delivery.monitoring.intervals import AFTER_TROUBLE
from publisher.delivery.monitoring.rate_guard import is_due, may_be_asked
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, DeliveryAction, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import Refused, TryLater


@dataclass(frozen=True)
class LeasedChecks:
    """Checks of live posts of one account, in one request begun at `at`.

    `ids` maps watch ids to the platform's ids, `due` to when each check was due. Other clocks are
    kept off them until `leased_until`. `on_timeline` is True if they are read from the account's
    timeline first, `are_all` if no more are due than these.
    """

    account: Account
    ids: Mapping[int, str]
    due: Mapping[int, datetime | None]
    at: datetime
    leased_until: datetime
    on_timeline: bool
    are_all: bool


@dataclass(frozen=True)
class _NextRequest:
    """The checks of the next request."""

    watch_ids: list[int]
    on_timeline: bool
    are_all: bool


def lease(context: WorkerContext, account: Account, most: int, own_reach: int) -> LeasedChecks:
    """Lease due checks of the account for one request, the longest overdue and others with it.

    `own_reach` is how many of the newest posts the account's timeline shows.
    """
    with context.database.reading() as session:
        choice = _choose(session, account, context.now(), most, own_reach)
    with context.database.transaction() as session:
        now = context.now()
        until = now + timedelta(seconds=context.delivery_settings.lease)
        still_due = select(Watch).where(Watch.id.in_(choice.watch_ids), Watch.look_at <= now)
        in_order = still_due.order_by(Watch.look_at, Watch.id)
        watches = list(session.scalars(in_order.with_for_update(skip_locked=True, of=Watch)))
        was_due = {watch.id: watch.look_at for watch in watches}
        for watch in watches:
            watch.look_at = until
        ids = {watch.id: watch.receipt.platform_id for watch in watches}
    return LeasedChecks(account, ids, was_due, now, until, choice.on_timeline, choice.are_all)


def _choose(
    session: Session, account: Account, now: datetime, most: int, own_reach: int
) -> _NextRequest:
    """Choose the longest overdue check, and those that one request can read together with it.

    A timeline is billed for all that it shows, so only neighbours there are read together. Posts
    older than the timeline shows are read by id.
    """
    query = (
        select(Watch.id, Watch.receipt_id, ReceiptRow.published_at)
        .join(ReceiptRow, ReceiptRow.id == Watch.receipt_id)
        .join(Account, Account.id == ReceiptRow.account_id)
        .where(ReceiptRow.account_id == account.id, is_due(now), *may_be_asked(now))
        .order_by(Watch.look_at, Watch.id)
        .limit(most + 1)
    )
    due = session.execute(query).all()
    are_all, due = len(due) <= most, due[:most]
    if not due or not own_reach:
        return _NextRequest([row.id for row in due], on_timeline=False, are_all=are_all)
    end = _end_of_timeline(session, account.id, own_reach)
    on_timeline = due[0].published_at > end
    alike = {row.receipt_id: row.id for row in due if (row.published_at > end) is on_timeline}
    times = [row.published_at for row in due if row.receipt_id in alike]
    together = (
        _neighbours(session, account.id, due[0].receipt_id, alike, (min(times), max(times)))
        if on_timeline
        else alike
    )
    watch_ids = [alike[receipt_id] for receipt_id in together]
    return _NextRequest(watch_ids, on_timeline, are_all and len(watch_ids) == len(due))


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _end_of_timeline(session: Session, account_id: int, own_reach: int) -> datetime:
    """Return the time of the newest post of ours that the timeline no longer shows."""
    query = (
        select(ReceiptRow.published_at)
        .where(
            ReceiptRow.account_id == account_id,
            ReceiptRow.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
        )
        .order_by(ReceiptRow.published_at.desc())
        .offset(own_reach)
        .limit(1)
    )
    return session.scalar(query) or _BEGINNING


def _neighbours(
    session: Session,
    account_id: int,
    receipt_id: int,
    due: Container[int],
    times: tuple[datetime, datetime],
) -> list[int]:
    """Return this receipt and its neighbours on the timeline, up to the first that is not due."""
    query = (
        select(ReceiptRow.id)
        .where(
            ReceiptRow.account_id == account_id,
            ReceiptRow.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
            ReceiptRow.published_at.between(*times),
        )
        .order_by(ReceiptRow.published_at, ReceiptRow.id)
    )
    in_order = list(session.scalars(query))
    if receipt_id not in in_order:  # changed since it was chosen
        return [receipt_id]
    at = in_order.index(receipt_id)
    before = takewhile(due.__contains__, reversed(in_order[:at]))
    return [*before, *takewhile(due.__contains__, in_order[at:])]


def _lock_leased(session: Session, looks: LeasedChecks) -> Iterable[Watch]:
    """Return the watches still leased by this clock, locked in the order of their ids."""
    is_ours = Watch.look_at == looks.leased_until
    query = select(Watch).where(Watch.id.in_(looks.ids), is_ours).order_by(Watch.id)
    return session.scalars(query.with_for_update())


def postpone(
    context: WorkerContext, looks: LeasedChecks, unread: Mapping[int, TryLater | Refused]
) -> None:
    """Put off what could not be read until the platform's time, and at least by `AFTER_TROUBLE`."""
    with context.database.transaction() as session:
        soonest = context.now() + AFTER_TROUBLE
        for watch in _lock_leased(session, looks):
            problem = unread.get(watch.id)
            until = problem.at if isinstance(problem, TryLater) else None
            if problem is not None:
                watch.look_at = max(until, soonest) if until else soonest


def give_back(context: WorkerContext, looks: LeasedChecks) -> None:
    """End the leases, so that the checks are due as before."""
    with context.database.transaction() as session:
        for watch in _lock_leased(session, looks):
            watch.look_at = looks.due[watch.id]


def pause_account(
    context: WorkerContext, tried: Account, looks: LeasedChecks | None = None
) -> None:
    """Pause the account whose access has ended, unless it has new credentials by now."""
    with context.database.transaction() as session:
        now = context.now()
        for watch in _lock_leased(session, looks) if looks is not None else ():
            watch.look_at = now
        manage.pause_expired(session, tried, now=now)
