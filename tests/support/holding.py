"""Short ways to what a clock holds: claimed, begun, answered; and what is left of a limit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from publisher.delivery import commit_sending
from publisher.delivery.claim import claim
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.rate_limits import response_limits
from publisher.models.accounts import AllowanceRow
from publisher.platforms.base.types import Allowance as Told
from publisher.platforms.base.types import Receipt
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_people import MINUTE, NOON

IN_15 = NOON + 15 * MINUTE


def learn(town: City, remaining: int, until: datetime = IN_15) -> None:
    """An answer of X said that so many may still be published."""
    limits = (Told("publish.15min", 100, remaining, until),)
    with town.write() as session:
        response_limits.learn(session, town.accounts["x"], limits, town.now)


def remaining(town: City) -> int:
    """How many may still be published, as it stands in the row."""
    query = select(AllowanceRow.remaining).where(AllowanceRow.name == "publish.15min")
    with town.read() as session:
        return session.scalars(query).one()


def claimed(town: City, due: int = 1, on: str = "x") -> list[DeliveryPayload]:
    """So many that are due, claimed together."""
    for _ in range(due):
        town.due(on=[on])
    return claim(town.context, account_id=town.accounts[on], most=due)


def begun(town: City, due: int = 1, on: str = "x") -> list[DeliveryPayload]:
    """So many for which `sending` is written."""
    payloads = claimed(town, due, on)
    assert all(starts(town, payload) for payload in payloads)
    return payloads


def starts(town: City, payload: DeliveryPayload) -> bool:
    """Whether `sending` was written."""
    try:
        commit_sending.start(town.context, payload)
    except commit_sending.HeldBack:
        return False
    return True


def state(town: City, payload: DeliveryPayload) -> DeliveryState:
    """Where the delivery of this parcel stands."""
    return town.delivery(payload.claim.delivery_id).state


def receipt_for(number: int, town: City) -> Receipt:
    """A receipt by this number as its id."""
    return Receipt(str(number), f"https://platform.example/{number}", town.now, "")
