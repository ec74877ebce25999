"""The transaction that commits `sending`: it checks the preconditions and makes the transition."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from approvals.policy import CLOCK
from publisher import failpoints
from publisher.database.prepared_statements import Value
from publisher.database.session import table_of
from publisher.delivery import outcomes, preconditions
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt
from publisher.states import DeliveryState
from publisher.transitions import DELIVERY_ID, FENCE, NOW, ClaimedTransition

_ATTEMPT = table_of(Attempt)

#: PostgreSQL:
#:   WITH moved AS (
#:     UPDATE deliveries
#:     SET state='sending', state_at=:now, sending_at=:now
#:     WHERE deliveries.id = :delivery_id
#:       AND deliveries.fence = :fence
#:       AND (deliveries.state = 'claimed') IS true
#:     RETURNING deliveries.id
#:   ), beside_0 AS (
#:     UPDATE attempts
#:     SET sending_at=:now
#:     WHERE attempts.delivery_id = :delivery_id
#:       AND attempts.fence = :fence
#:       AND (EXISTS (SELECT moved.id FROM moved))
#:     RETURNING attempts.id
#:   )
#:   INSERT INTO events (at, subject, subject_id, verb, state_before, state_after, actor_kind,
#:       person_id, appointment_id, details)
#:   SELECT CAST(:now AS TIMESTAMP WITH TIME ZONE) AS at,
#:       CAST('deliveries' AS VARCHAR(40)) AS subject, CAST(moved.id AS BIGINT) AS subject_id,
#:       CAST('send' AS VARCHAR(40)) AS verb, CAST('claimed' AS VARCHAR(24)) AS state_before,
#:       CAST('sending' AS VARCHAR(24)) AS state_after, CAST('clock' AS VARCHAR(24)) AS actor_kind,
#:       CAST(NULL AS BIGINT) AS person_id, CAST(NULL AS BIGINT) AS appointment_id,
#:       CAST('{}' AS JSON) AS details
#:   FROM moved
#:   ORDER BY moved.id
#:   RETURNING events.subject_id
_SEND = ClaimedTransition(
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    actor=CLOCK,
    verb="send",
    set_columns={"sending_at": NOW},
    side_updates=[
        update(_ATTEMPT)
        .where(_ATTEMPT.c.delivery_id == DELIVERY_ID, _ATTEMPT.c.fence == FENCE)
        .values(sending_at=NOW)
        .returning(_ATTEMPT.c.id)
    ],
)


class HeldBack(Exception):
    """Something blocks the delivery between its claim and sending; the outcome is stored."""


class _ClaimLost(Exception):
    """The delivery was cancelled or claimed again: this claim no longer holds it."""


def start(context: WorkerContext, payload: DeliveryPayload) -> None:
    """Commit `sending` if exactly this payload may be sent now. Raises `HeldBack` if not.

    Commits exactly once. If the claim was lost (cancelled or claimed again), rolls back and ends
    the attempt in a second transaction.
    """
    try:
        blocker = _commit(context, payload)
    except _ClaimLost:
        outcomes.end_overtaken(context, payload)
        raise HeldBack from None
    if blocker is not None:
        raise HeldBack
    failpoints.hit("publish.before_connect")


def _commit(context: WorkerContext, payload: DeliveryPayload) -> preconditions.Blocker | None:
    """Write `sending`, or refuse the delivery and return what blocks it.

    Raises `_ClaimLost`, which rolls everything back.
    """
    with context.database.transaction() as session:
        now = context.now()
        checked = preconditions.check(
            session, payload, now=now, seconds=context.delivery_settings.send_deadline
        )
        blocker = checked.blocker
        if blocker is None and checked.is_limited:
            blocker = preconditions.count(session, payload, checked, now)
        if blocker is not None:
            outcomes.refuse(session, payload, blocker, now=now)
        failpoints.hit("publish.in_sending_commit")
        if blocker is None:
            _write(session.connection(), payload, now, commit=False)
    return blocker


def _write(
    connection: Connection, payload: DeliveryPayload, now: datetime, *, commit: bool
) -> None:
    claim = payload.claim
    values: dict[str, Value] = {
        "delivery_id": claim.delivery_id,
        "fence": claim.fence,
        "now": now,
    }
    if not _SEND.apply(connection, values, commit=commit):
        raise _ClaimLost
