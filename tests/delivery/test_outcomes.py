from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from publisher.delivery import failures
from publisher.models.deliveries import Account, Attempt, Delivery, ReceiptOrigin, ReceiptRow
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import PreparedPost
from publisher.platforms.base.types import Receipt as Answer
from publisher.states import AccountState, DeliveryState
from tests.support.city import City
from tests.support.city_people import MINUTE, NOON
from tests.support.memory_platform.platform import MemoryPlatform

LATER = NOON + 10 * MINUTE
EVERYBODY = ["admin", "clerk", "first", "lead", "second"]


@dataclass(frozen=True)
class Outcome:
    """The expected rows after an attempt."""

    state: DeliveryState
    code: str
    outcome: str
    notified: list[str]
    kind: str
    retry_at: datetime | None = None
    look_at: datetime | None = None
    quiet_until: datetime | None = None
    account: AccountState = AccountState.CONNECTED


OUTCOMES: list[tuple[Callable[[], PlatformError], Outcome]] = [
    (
        lambda: Refused(RefusalCode.TOO_LONG, "too long"),
        Outcome(DeliveryState.FAILED, "too_long", "refused", EVERYBODY, "delivery_failed"),
    ),
    (
        lambda: Refused(RefusalCode.DUPLICATE, "said before"),
        Outcome(DeliveryState.FAILED, "duplicate", "refused", EVERYBODY, "delivery_failed"),
    ),
    (
        lambda: TryLater(LATER, "429"),
        Outcome(
            DeliveryState.SCHEDULED,
            "later",
            "later",
            [],
            "delivery_failed",
            retry_at=LATER,
            quiet_until=LATER,
        ),
    ),
    (
        lambda: TryLater(None, "429"),
        Outcome(
            DeliveryState.SCHEDULED,
            "later",
            "later",
            [],
            "delivery_failed",
            retry_at=NOON + timedelta(seconds=30),
        ),
    ),
    (
        lambda: TryLater(NOON - MINUTE, "a reset in the past"),
        Outcome(
            DeliveryState.SCHEDULED,
            "later",
            "later",
            [],
            "delivery_failed",
            retry_at=NOON + timedelta(seconds=30),
            quiet_until=NOON - MINUTE,
        ),
    ),
    (
        lambda: CredentialsExpired("190"),
        Outcome(
            DeliveryState.SCHEDULED,
            "credentials",
            "credentials",
            ["admin", "lead"],
            "account_paused",
            account=AccountState.PAUSED,
        ),
    ),
    (
        lambda: OutcomeUnknown("reset"),
        Outcome(
            DeliveryState.UNCONFIRMED,
            "unknown",
            "unknown",
            [],
            "delivery_held",
            look_at=NOON + timedelta(seconds=20),
        ),
    ),
]


@pytest.mark.parametrize(("error", "expected"), OUTCOMES)
def test_each_error_of_a_platform_leads_to_its_own_state_and_notices(
    town: City, error: Callable[[], PlatformError], expected: Outcome
) -> None:
    (delivery_id,) = town.due()
    town.platform("x").fail_next(error())
    town.tick_dispatch()

    delivery = town.delivery(delivery_id)
    assert delivery.state is expected.state
    assert delivery.reason["code"] == expected.code
    assert delivery.not_before == expected.retry_at
    assert delivery.look_at == expected.look_at
    assert town.notified(expected.kind) == expected.notified
    with town.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.outcome, attempt.ended_at) == (expected.outcome, NOON)
        account = session.get_one(Account, town.accounts["x"])
        assert account.state is expected.account
        assert account.quiet_until == expected.quiet_until
    assert town.platform("x").published == []


def test_a_receipt_makes_the_delivery_published(town: City) -> None:
    (delivery_id,) = town.due()
    town.tick_dispatch()
    with town.read() as session:
        delivery = session.get_one(Delivery, delivery_id)
        assert (delivery.state, delivery.reason) == (DeliveryState.PUBLISHED, {})
        receipt = delivery.receipt
        assert receipt is not None
        assert receipt.platform_id == town.platform("x").published[0].platform_id
        assert receipt.origin is ReceiptOrigin.ANSWER
        assert (receipt.published_at, receipt.stored_at) == (NOON, NOON)
        assert session.scalars(select(Attempt.outcome)).one() == "published"
    assert town.notified("delivery_failed") == []


def test_a_delivery_that_is_to_be_retried_later_is_sent_then_and_once(town: City) -> None:
    (delivery_id,) = town.due()
    town.platform("x").fail_next(TryLater(LATER))
    town.tick_dispatch()
    assert town.tick_dispatch(9 * MINUTE) == 0
    assert town.tick_dispatch(MINUTE) == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert len(town.platform("x").published) == 1


def test_a_rate_limit_delays_all_deliveries_of_its_account_only(town: City) -> None:
    first, other = town.due(on=["x", "facebook"])
    (second,) = town.due("road")
    town.platform("x").fail_next(TryLater(LATER))
    town.tick_dispatch()
    assert town.delivery(first).state is DeliveryState.SCHEDULED
    assert town.delivery(second).state is DeliveryState.SCHEDULED
    assert town.delivery(second).fence == 0
    assert town.delivery(other).state is DeliveryState.PUBLISHED


def test_pauses_between_retries_double_up_to_a_quarter_of_an_hour() -> None:
    pauses = [_pause(["later"] * times) for times in (1, 2, 3, 5, 6, 7, 40)]
    assert pauses == [30, 60, 120, 480, 900, 900, 900]


def test_attempts_of_dead_clocks_do_not_lengthen_the_retry_pause() -> None:
    assert _pause(["lease_ended", "lease_ended", "gate", "lease_ended", "later"]) == 30


def _pause(outcomes: list[str]) -> float:
    """Return the seconds until the next attempt after these outcomes, the newest last."""
    tried = Delivery(
        fence=len(outcomes), attempts=[Attempt(outcome=outcome) for outcome in outcomes]
    )
    return (failures.next_try(tried, now=NOON, retry_at=None) - NOON).total_seconds()


def test_a_delivery_waits_while_the_token_of_its_account_is_expired(town: City) -> None:
    deliveries = town.due() + town.due("road")
    town.platform("x").fail_next(CredentialsExpired())
    town.tick_dispatch()
    assert town.tick_dispatch(MINUTE) == 0
    assert {town.delivery(delivery).state for delivery in deliveries} == {DeliveryState.SCHEDULED}


def test_a_delivery_of_unknown_outcome_is_never_sent_again_by_a_clock(town: City) -> None:
    (delivery_id,) = town.due()
    town.platform("x").fail_next(OutcomeUnknown(), after_keeping=True)
    town.tick_dispatch()
    for _ in range(4):
        town.tick_dispatch(15 * MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED
    assert len(town.platform("x").published) == 1


@pytest.mark.twin
def test_two_deliveries_cannot_have_receipts_with_the_same_id(town: City) -> None:
    town.live()
    (second,) = town.due("road")
    town.platforms[town.accounts["x"]] = _RepeatingPlatform(now=town.clock, name="x")
    town.tick_dispatch()
    delivery = town.delivery(second)
    assert (delivery.state, delivery.reason["code"]) == (
        DeliveryState.UNCONFIRMED,
        "id_seen_before",
    )
    with town.read() as session:
        assert len(session.scalars(select(ReceiptRow)).all()) == 1


class _RepeatingPlatform(MemoryPlatform):
    """Returns the first post's id for every creation."""

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
        del prepared, deadline
        return Answer("1000", "https://platform.example/1000", NOON, "")
