"""The transaction of `sending`: what decides is read, the gate judges, and the move is written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from approvals.policy import CLOCK
from publisher import failpoints
from publisher.database.prepared_statements import Value
from publisher.database.session import session_on, table_of
from publisher.delivery import outcomes, preconditions
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt
from publisher.states import DeliveryState
from publisher.transitions import FENCE, KEY, MOMENT, ClaimedTransition

_ATTEMPT = table_of(Attempt)
_BEGUN = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.delivery_id == KEY, _ATTEMPT.c.fence == FENCE)
    .values(sending_at=MOMENT)
    .returning(_ATTEMPT.c.id)
)
_SEND = ClaimedTransition(
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    actor=CLOCK,
    verb="send",
    also={"sending_at": MOMENT},
    beside=[_BEGUN],
)


class HeldBack(Exception):
    """Between claim and sending something was found that keeps it here; already stored."""


class _NotOurs(Exception):
    """This claim holds the delivery no longer."""


def start(context: WorkerContext, payload: DeliveryPayload) -> None:
    """Commit `sending`, if exactly this may leave now; raises `HeldBack` if not.

    One durable commit for this delivery alone, whichever way it comes out. Of one that was
    cancelled or claimed anew meanwhile nothing is kept; a second transaction ends its try.
    """
    try:
        found = _commit(context, payload)
    except _NotOurs:
        outcomes.let_go(context, payload)
        raise HeldBack from None
    if found is not None:
        raise HeldBack
    failpoints.hit("publish.before_connect")


def _commit(context: WorkerContext, payload: DeliveryPayload) -> preconditions.Blocker | None:
    """Write `sending`, or what keeps it here, which it gives. Raises `_NotOurs`: undo it all."""
    with context.database.connection() as connection:
        now = context.now()
        found = preconditions.check(
            connection, payload, now=now, seconds=context.delivery_settings.send_deadline
        )
        obstacle = found.blocker
        if obstacle is None and found.is_limited:
            with session_on(connection) as session:
                obstacle = preconditions.count(session, payload, found, now)
        if obstacle is not None:
            with session_on(connection) as session:
                outcomes.refuse(session, payload, obstacle, now=now)
        failpoints.hit("publish.in_sending_commit")
        if obstacle is None:
            # What was counted is undone where the move is not made, so it cannot commit at once.
            _write(connection, payload, now, commit=not found.is_limited)
    return obstacle


def _write(
    connection: Connection, payload: DeliveryPayload, now: datetime, *, commit: bool
) -> None:
    claim = payload.claim
    values: dict[str, Value] = {
        "of_key": claim.delivery_id,
        "of_fence": claim.fence,
        "at_moment": now,
    }
    if not _SEND.apply(connection, values, commit=commit):
        raise _NotOurs
