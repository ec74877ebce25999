"""Deletion of orphans: posts that were staged unpublished and will never be published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from sqlalchemy import or_, select

from publisher.delivery.attempt import PlatformPool
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, Attempt, Delivery, ReceiptRow
from publisher.platforms.base.protocol import Deadline, PlatformError
from publisher.states import NOT_PUBLISHED, DeliveryState

REST = timedelta(hours=1)
"""The age of an attempt at which its staged post is deleted; before that it may be retried."""


@dataclass(frozen=True)
class _Orphan:
    attempt_id: int
    account: Account
    staged_id: str


def tick_orphan_cleanup(
    context: WorkerContext, *, most: int = 20, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Delete staged posts that no delivery needs; return the number deleted."""
    # Detached first and deleted afterwards, so that what is deleted can never be published.
    with context.database.transaction() as session:
        query = (
            select(Attempt, Delivery)
            .join(Delivery, Delivery.id == Attempt.delivery_id)
            .outerjoin(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
            .where(
                Attempt.staged_id != "",
                Attempt.tidied_at.is_(None),
                Attempt.claimed_at < context.now() - REST,
                or_(
                    Delivery.state.in_(NOT_PUBLISHED),
                    (Delivery.state == DeliveryState.PUBLISHED)
                    & (ReceiptRow.platform_id != Attempt.staged_id),
                    (Delivery.state == DeliveryState.SCHEDULED)
                    & (Delivery.staged_id != Attempt.staged_id),
                ),
            )
            .order_by(Attempt.id)
            .limit(most)
            .with_for_update(skip_locked=True, of=(Attempt, Delivery))
        )
        orphans = [_abandon(*row) for row in session.execute(query)]
    pool, removed = PlatformPool(context), 0
    for orphan in takewhile(lambda _: not is_stopping(), orphans):
        deadline = Deadline.after(context.delivery_settings.send_deadline, context.monotonic)
        try:
            pool.open(orphan.account).delete(orphan.staged_id, deadline=deadline)
        except PlatformError:
            continue  # tried again by the next tick
        with context.database.transaction() as session:
            session.get_one(Attempt, orphan.attempt_id).tidied_at = context.now()
        removed += 1
    return removed


def _abandon(attempt: Attempt, delivery: Delivery) -> _Orphan:
    if delivery.staged_id == attempt.staged_id:
        delivery.staged_id = ""
    return _Orphan(attempt.id, delivery.account, attempt.staged_id)
