"""What lies ahead after a restore: it may have been moved forward and sent after the backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from approvals.policy import CLOCK
from publisher import moving
from publisher.lifecycle import DeliveryState
from publisher.models.deliveries import Delivery
from publisher.office.backup.writing import Progress
from publisher.platforms.base import PlatformError
from publisher.press import acting, parcels
from publisher.press.bench import Bench, Claim
from publisher.press.parcels import Parcel
from publisher.press.publishing import Desk

AT_ONCE = 200
Reading = Callable[[list[Claim]], list[Parcel]]


@dataclass(frozen=True)
class Sought:
    """How many were looked for, how many of them are live already, how many could not be asked."""

    asked: int
    live: int
    not_asked: int


def seek(bench: Bench, *, since: datetime, tell: Progress) -> Sought:
    """Look for every delivery that is still scheduled; what is live goes to the ticks as doubtful.

    `since` is when the backup was made. No transaction is open while a platform is asked.
    """
    ahead = _ahead(bench)
    desk, live, not_asked = Desk(bench), 0, 0
    for number, parcel in enumerate(ahead, start=1):
        tell("looking", number, len(ahead))
        try:
            found = acting.look(desk.open(parcel.account), parcel, since=since)
        except PlatformError:
            not_asked += 1
            continue
        live += found is not None and _doubt(bench, parcel, since)
    return Sought(len(ahead) - not_asked, live, not_asked)


def _ahead(bench: Bench) -> list[Parcel]:
    with bench.database.reading() as session:
        query = select(Delivery.id, Delivery.fence).where(Delivery.state == DeliveryState.SCHEDULED)
        claims = [Claim(*row) for row in session.execute(query.order_by(Delivery.due_at))]
        return list(_read(claims, lambda some: parcels.read(session, some)))


def _read(claims: list[Claim], read: Reading) -> Iterator[Parcel]:
    for start in range(0, len(claims), AT_ONCE):
        yield from read(claims[start : start + AT_ONCE])


def _doubt(bench: Bench, parcel: Parcel, since: datetime) -> bool:
    with bench.database.transaction() as session:
        now = bench.now()
        delivery = moving.lock(session, Delivery, parcel.claim.delivery_id)
        if delivery is None or delivery.state is not DeliveryState.SCHEDULED:
            return False
        delivery.look_at, delivery.looks, delivery.sending_at = now, 0, since
        delivery.reason = {"code": "restored"}
        moving.apply(
            session, delivery, DeliveryState.UNCONFIRMED, actor=CLOCK, now=now, verb="doubt"
        )
    return True
