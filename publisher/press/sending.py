"""The transaction of `sending`: what decides is read, the gate judges, and the move is written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import checkpoints
from publisher.database import table_of
from publisher.lifecycle import DeliveryState
from publisher.models.deliveries import Attempt
from publisher.moving import FENCE, KEY, MOMENT, HeldMove
from publisher.press import recording, standing
from publisher.press.bench import Bench
from publisher.press.parcels import Parcel

_ATTEMPT = table_of(Attempt)
_BEGUN = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.delivery_id == KEY, _ATTEMPT.c.fence == FENCE)
    .values(sending_at=MOMENT)
    .returning(_ATTEMPT.c.id)
)
_SEND = HeldMove(
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


def start(bench: Bench, parcel: Parcel) -> None:
    """Commit `sending`, if exactly this may leave now; raises `HeldBack` if not.

    One durable commit for this delivery alone, whichever way it comes out. Of one that was
    cancelled or claimed anew meanwhile nothing is kept; a second transaction ends its try.
    """
    try:
        found = _commit(bench, parcel)
    except _NotOurs:
        recording.let_go(bench, parcel)
        raise HeldBack from None
    if found is not None:
        raise HeldBack
    checkpoints.reach("publish.before_connect")


def _commit(bench: Bench, parcel: Parcel) -> standing.Obstacle | None:
    """Write `sending`, or what keeps it here, which it gives. Raises `_NotOurs`: undo it all."""
    with bench.database.transaction() as session:
        now = bench.now()
        found = standing.obstacle(session, parcel, now=now, seconds=bench.pace.send_deadline)
        if found is None:
            _write(session, parcel, now)
        else:
            recording.refuse(session, parcel, found, now=now)
        checkpoints.reach("publish.in_sending_commit")
    return found


def _write(session: Session, parcel: Parcel, now: datetime) -> None:
    claim = parcel.claim
    values = {"of_key": claim.delivery_id, "of_fence": claim.fence, "at_moment": now}
    if not _SEND.apply(session.connection(), values):
        raise _NotOurs
