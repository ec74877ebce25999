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


def start(bench: WorkerContext, parcel: DeliveryPayload) -> None:
    """Commit `sending`, if exactly this may leave now; raises `HeldBack` if not.

    One durable commit for this delivery alone, whichever way it comes out. Of one that was
    cancelled or claimed anew meanwhile nothing is kept; a second transaction ends its try.
    """
    try:
        found = _commit(bench, parcel)
    except _NotOurs:
        outcomes.let_go(bench, parcel)
        raise HeldBack from None
    if found is not None:
        raise HeldBack
    failpoints.hit("publish.before_connect")


def _commit(bench: WorkerContext, parcel: DeliveryPayload) -> preconditions.Blocker | None:
    """Write `sending`, or what keeps it here, which it gives. Raises `_NotOurs`: undo it all."""
    with bench.database.connection() as connection:
        now = bench.now()
        found = preconditions.check(connection, parcel, now=now, seconds=bench.pace.send_deadline)
        obstacle = found.obstacle
        if obstacle is None and found.is_limited:
            with session_on(connection) as session:
                obstacle = preconditions.count(session, parcel, found, now)
        if obstacle is not None:
            with session_on(connection) as session:
                outcomes.refuse(session, parcel, obstacle, now=now)
        failpoints.hit("publish.in_sending_commit")
        if obstacle is None:
            # What was counted is undone where the move is not made, so it cannot commit at once.
            _write(connection, parcel, now, commit=not found.is_limited)
    return obstacle


def _write(connection: Connection, parcel: DeliveryPayload, now: datetime, *, commit: bool) -> None:
    claim = parcel.claim
    values: dict[str, Value] = {
        "of_key": claim.delivery_id,
        "of_fence": claim.fence,
        "at_moment": now,
    }
    if not _SEND.apply(connection, values, commit=commit):
        raise _NotOurs
