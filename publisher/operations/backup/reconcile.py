"""Reconciliation after a restore: scheduled posts may have been sent after the backup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import failures, lookup, platform_credits, restore_state
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.claim import DeliveryPayload, load_payloads
from publisher.delivery.restore_state import Restores
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Account, Delivery
from publisher.operations.backup.write import Progress
from publisher.platforms.base.charges import Cause, attribute_calls
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    PlatformError,
    Refused,
)
from publisher.platforms.base.types import Match
from publisher.states import AccountState, DeliveryState

AT_ONCE = 200


@dataclass(frozen=True)
class ReconcileCounts:
    """The number of deliveries checked, of those already live, and of those not checked."""

    checked: int
    live: int
    unchecked: int


@attribute_calls(Cause.CONFIRMATION)
def tick_seeking(context: WorkerContext, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Check a batch while a restore's stop is active, and return how many."""
    counts = seek(
        context, tell=lambda _what, _done, _of: None, most=AT_ONCE, is_stopping=is_stopping
    )
    return counts.checked


def seek(
    context: WorkerContext,
    *,
    tell: Progress,
    most: int | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> ReconcileCounts:
    """Ask the platforms for every scheduled delivery not checked since the restore.

    A delivery found live becomes unconfirmed; for the others the check is recorded, so that this
    can be interrupted and continued. No transaction is open during calls to a platform; an account
    whose platform does not answer is skipped this time.
    """
    with context.database.reading() as session:
        restores = restore_state.open_restores(session)
        payloads = _payloads_to_check(context, session, restores) if restores is not None else []
    if restores is None:
        return ReconcileCounts(0, 0, 0)
    pool, silent_account_ids, live_flags = PlatformPool(context), set[int](), list[bool]()
    for number, payload in enumerate(payloads, start=1):
        tell("looking", number, len(payloads))
        if is_stopping() or (most is not None and len(live_flags) >= most):
            break
        if payload.account.id in silent_account_ids:
            continue
        try:
            match = lookup.find_published(pool.open(payload.account), payload, since=restores.since)
        except Refused:
            continue  # this one cannot be looked up; the next one perhaps can
        except PlatformError as problem:
            silent_account_ids.add(payload.account.id)
            _store_trouble(context, payload.account, problem)
            continue
        live_flags.append(_store_answer(context, payload, match, restores))
    return ReconcileCounts(len(live_flags), sum(live_flags), _count_unchecked(context, restores))


def _payloads_to_check(
    context: WorkerContext, session: Session, restores: Restores
) -> list[DeliveryPayload]:
    now = context.now()
    query = (
        select(Delivery.id, Delivery.fence)
        .join(Account, Account.id == Delivery.account_id)
        .where(
            restore_state.not_reconciled(restores),
            Account.state == AccountState.CONNECTED,
            or_(Account.quiet_until.is_(None), Account.quiet_until <= now),
            ~platform_credits.has_no_credits(),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    claims = [Claim(*row) for row in session.execute(query)]
    return [
        payload
        for start in range(0, len(claims), AT_ONCE)
        for payload in load_payloads(session, claims[start : start + AT_ONCE])
    ]


def _count_unchecked(context: WorkerContext, restores: Restores) -> int:
    query = select(func.count(Delivery.id)).where(restore_state.not_reconciled(restores))
    with context.database.reading() as session:
        return session.execute(query).scalar_one()


def _store_trouble(context: WorkerContext, account: Account, problem: PlatformError) -> None:
    with context.database.transaction() as session:
        if isinstance(problem, CredentialsExpired):
            failures.pause(session, account.id, context.now())
        elif isinstance(problem, CreditsUsedUp):
            platform_credits.record_exhaustion(session, account.platform, now=context.now())


def _store_answer(
    context: WorkerContext, payload: DeliveryPayload, match: Match | None, restores: Restores
) -> bool:
    """Store the platform's answer; returns True if the post may be live."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = transitions.lock(session, Delivery, payload.claim.delivery_id)
        if delivery is None or delivery.state is not DeliveryState.SCHEDULED:
            return False
        if match is None:
            restore_state.note_reconciled(session, delivery, now=now)
            return False
        delivery.look_at, delivery.looks, delivery.sending_at = now, 0, restores.since
        delivery.reason = {"code": "restored"}
        transitions.apply(
            session, delivery, DeliveryState.UNCONFIRMED, actor=CLOCK, now=now, verb="doubt"
        )
    return True
