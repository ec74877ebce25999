"""Claims deliveries, starts sending them, and records rate-limit allowances, in the city."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from approvals.errors import WrongState
from publisher.delivery import outcomes, sending
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.failures import Ending, Lost
from publisher.delivery.outcomes import Outcome
from publisher.delivery.rate_limits import response_limits
from publisher.models.accounts import AllowanceRow
from publisher.platforms.base.types import Allowance, Receipt
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_people import MINUTE, NOON

IN_15_MINUTES = NOON + 15 * MINUTE


def record_allowance(town: City, remaining: int, until: datetime = IN_15_MINUTES) -> None:
    """Record that a response of X allowed this many more posts until then."""
    limits = (Allowance("publish.15min", 100, remaining, until),)
    with town.write() as session:
        response_limits.learn(session, town.accounts["x"], limits, town.now)


def remaining_allowance(town: City) -> int:
    """Return how many more posts the row allows."""
    query = select(AllowanceRow.remaining).where(AllowanceRow.name == "publish.15min")
    with town.read() as session:
        return session.scalars(query).one()


def claim_due(town: City, due: int = 1, on: str = "x") -> list[DeliveryPayload]:
    """Claim this many due deliveries together."""
    for _ in range(due):
        town.due(on=[on])
    return claim(town.context, account_id=town.accounts[on], most=due)


def claim_values(town: City, most: int = 5, on: str = "x") -> dict[str, object]:
    """Return the values by which the city's worker finds candidates for a claim."""
    machine = town.context.machine
    return {"account_id": town.accounts[on], "limit": most, "machine": machine, "now": town.now}


def start_sending(town: City, due: int = 1, on: str = "x") -> list[DeliveryPayload]:
    """Claim this many due deliveries, and commit the state `sending` for each."""
    payloads = claim_due(town, due, on)
    assert all(try_start(town, payload) for payload in payloads)
    return payloads


def try_start(town: City, payload: DeliveryPayload) -> bool:
    """Try to commit the state `sending`, else store what keeps it; return True if committed."""
    ending: Ending | None
    try:
        ending = sending.start(town.context, payload)
    except WrongState:
        ending = Lost()
    if ending is not None:
        outcomes.store(town.context, [Outcome(payload, ending)])
    return ending is None


def delivery_state(town: City, payload: DeliveryPayload) -> DeliveryState:
    """Return the state of this payload's delivery."""
    return town.delivery(payload.claim.delivery_id).state


def receipt_for(number: int, town: City) -> Receipt:
    """Return a receipt with this number as the platform's id."""
    return Receipt(str(number), f"https://platform.example/{number}", town.now, "")
