"""What lies ahead after a restore: it may have been moved forward and sent after the backup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import platform_actions, restore_state
from publisher.delivery.accounts import manage
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.payload import DeliveryPayload, load_payloads
from publisher.delivery.restore_state import Restores
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Account, Delivery
from publisher.operations.backup.write import Progress
from publisher.platforms.base.protocol import CredentialsExpired, PlatformError, Refused
from publisher.platforms.base.types import Match
from publisher.states import AccountState, DeliveryState

AT_ONCE = 200


@dataclass(frozen=True)
class Sought:
    """How many were looked for, how many of them are live already, how many could not be asked."""

    asked: int
    live: int
    not_asked: int


def tick_seeking(context: WorkerContext, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Go on seeking while a restore's stop stands, some at a time; gives how many were sought."""
    found = seek(
        context, tell=lambda _what, _done, _of: None, most=AT_ONCE, is_stopping=is_stopping
    )
    return found.asked


def seek(
    context: WorkerContext,
    *,
    tell: Progress,
    most: int | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Sought:
    """Look for whatever is scheduled and was not looked for since the restore.

    What is live goes to the looks as doubtful; that the rest was asked for is kept, so that this
    can be cut off anywhere and goes on later. No transaction is open while a platform is asked;
    an account whose platform does not answer is left in peace for this time.
    """
    with context.database.reading() as session:
        restores = restore_state.open_restores(session)
        ahead = _ahead(context, session, restores) if restores is not None else []
    if restores is None:
        return Sought(0, 0, 0)
    desk, silent, found = PlatformPool(context), set[int](), list[bool]()
    for number, payload in enumerate(ahead, start=1):
        tell("looking", number, len(ahead))
        if is_stopping() or (most is not None and len(found) >= most):
            break
        if payload.account.id in silent:
            continue
        try:
            seen = platform_actions.find_published(
                desk.open(payload.account), payload, since=restores.since
            )
        except Refused:
            continue  # this one cannot be asked for; the next one perhaps can
        except PlatformError as problem:
            silent.add(payload.account.id)
            _pause_where_closed(context, payload.account, problem)
            continue
        found.append(_keep(context, payload, seen, restores))
    return Sought(len(found), sum(found), _left(context, restores))


def _ahead(context: WorkerContext, session: Session, restores: Restores) -> list[DeliveryPayload]:
    now = context.now()
    query = (
        select(Delivery.id, Delivery.fence)
        .join(Account, Account.id == Delivery.account_id)
        .where(
            restore_state.not_reconciled(restores),
            Account.state == AccountState.CONNECTED,
            or_(Account.quiet_until.is_(None), Account.quiet_until <= now),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    claims = [Claim(*row) for row in session.execute(query)]
    return [
        payload
        for start in range(0, len(claims), AT_ONCE)
        for payload in load_payloads(session, claims[start : start + AT_ONCE])
    ]


def _left(context: WorkerContext, restores: Restores) -> int:
    with context.database.reading() as session:
        return len(
            list(session.scalars(select(Delivery.id).where(restore_state.not_reconciled(restores))))
        )


def _pause_where_closed(context: WorkerContext, account: Account, problem: PlatformError) -> None:
    if not isinstance(problem, CredentialsExpired):
        return
    with context.database.transaction() as session:
        manage.pause(
            session, actor=CLOCK, now=context.now(), account_id=account.id, reason="credentials"
        )


def _keep(
    context: WorkerContext, payload: DeliveryPayload, seen: Match | None, restores: Restores
) -> bool:
    """Keep what the platform said; gives whether it may be live."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = transitions.lock(session, Delivery, payload.claim.delivery_id)
        if delivery is None or delivery.state is not DeliveryState.SCHEDULED:
            return False
        if seen is None:
            restore_state.note_reconciled(session, delivery, now=now)
            return False
        delivery.look_at, delivery.looks, delivery.sending_at = now, 0, restores.since
        delivery.reason = {"code": "restored"}
        transitions.apply(
            session, delivery, DeliveryState.UNCONFIRMED, actor=CLOCK, now=now, verb="doubt"
        )
    return True
