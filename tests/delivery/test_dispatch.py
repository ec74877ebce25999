"""Changes between the claim of a delivery and its sending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from approvals.policy import CLOCK
from publisher.delivery import dispatch, failures, outcomes
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.manage import AccountSettings
from publisher.delivery.attempt import attempt_and_store
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.failures import GivenBack
from publisher.delivery.outcomes import Outcome
from publisher.models.deliveries import Attempt, Delivery
from publisher.platforms.base.protocol import TryLater
from publisher.scheduling.schedule import cancel, schedule
from publisher.states import DeliveryState
from tests.support.city import PACE, City
from tests.support.city_people import MINUTE, NOON
from tests.support.claims import (
    IN_15_MINUTES,
    claim_due,
    delivery_state,
    record_allowance,
    remaining_allowance,
    try_start,
)


def _attempt(town: City) -> Attempt:
    with town.read() as session:
        return session.scalars(select(Attempt)).one()


def test_a_cap_set_after_the_claim_holds_counted_deliveries_too(town: City) -> None:
    record_allowance(town, 5)
    payloads = claim_due(town, 3)
    assert all(payload.claim.counted for payload in payloads)
    choice = AccountSettings("पुणे", town.departments["information-technology"], daily_cap=1)
    with town.write() as session:
        manage.change(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=town.accounts["x"],
            choice=choice,
        )
    assert [try_start(town, payload) for payload in payloads] == [True, False, False]
    assert town.delivery(payloads[1].claim.delivery_id).reason["code"] == "cap"
    assert (
        remaining_allowance(town) == 4
    )  # one attempt is counted, and the counts of the two others are given back


def test_claimed_deliveries_wait_once_the_platform_throttles_the_account(town: City) -> None:
    record_allowance(town, 5)
    first, *others = claim_due(town, 3)
    town.platform("x").fail_next(TryLater(IN_15_MINUTES, "429"))
    for payload in (first, *others):
        attempt_and_store(town.context, payload)
    assert town.platform("x").published == []
    for payload in others:
        waiting = town.delivery(payload.claim.delivery_id)
        assert (waiting.state, waiting.not_before) == (DeliveryState.SCHEDULED, IN_15_MINUTES)
        assert waiting.reason == {"code": "limit", "at": IN_15_MINUTES.isoformat()}


def test_an_urgent_delivery_is_sent_although_its_account_is_throttled(town: City) -> None:
    first, second = claim_due(town, 2)
    with town.write() as session:
        session.get_one(Delivery, second.claim.delivery_id).urgent = True
    town.platform("x").fail_next(TryLater(IN_15_MINUTES, "429"))
    for payload in (first, second):
        attempt_and_store(town.context, payload)
    assert delivery_state(town, second) is DeliveryState.PUBLISHED


def test_a_delivery_cancelled_after_the_claim_does_not_block_the_others(town: City) -> None:
    payloads = claim_due(town, 3)
    with town.write() as session:
        cancel(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            delivery_id=payloads[0].claim.delivery_id,
        )
    assert [try_start(town, payload) for payload in payloads] == [False, True, True]
    assert town.tick_dispatch() == 0


@pytest.mark.twin
def test_a_count_is_rolled_back_if_sending_cannot_be_committed(town: City) -> None:
    """No limit was known at the claim, so the attempt is counted when `sending` is committed."""
    (only,) = claim_due(town)
    assert not only.claim.counted
    record_allowance(town, 5)
    _cancel(town, only)
    assert not try_start(town, only)
    assert remaining_allowance(town) == 5


def test_a_delivery_cancelled_after_the_claim_gives_back_its_count(town: City) -> None:
    record_allowance(town, 5)
    (only,) = claim_due(town)
    _cancel(town, only)
    assert not try_start(town, only)
    attempt = _attempt(town)
    assert (attempt.outcome, attempt.answer) == ("gate", "overtaken")
    assert (attempt.ended_at, attempt.sending_at) == (NOON, None)
    assert remaining_allowance(town) == 5


def test_a_cancelled_delivery_of_a_dead_clock_gives_back_its_count(town: City) -> None:
    """If another clock claimed it meanwhile, that attempt's count is kept."""
    record_allowance(town, 5)
    gone, _tried = claim_due(town, 2)
    _cancel(town, gone)
    town.clock.move(timedelta(seconds=PACE.lease - 1))
    assert dispatch.tick_overtaken(town.context) == 0  # its clock may live
    town.clock.move(timedelta(seconds=2))
    assert dispatch.tick_overtaken(town.context) == 1
    assert remaining_allowance(town) == 4
    with town.read() as session:
        ended = select(Attempt.delivery_id, Attempt.outcome, Attempt.answer).where(
            Attempt.ended_at.is_not(None)
        )
        assert session.execute(ended).all() == [(gone.claim.delivery_id, "gate", "overtaken")]
    assert not try_start(town, gone)
    assert (dispatch.tick_overtaken(town.context), remaining_allowance(town)) == (0, 4)


def test_an_old_attempt_is_not_ended_while_a_new_claim_is_in_progress(town: City) -> None:
    record_allowance(town, 5)
    (gone,) = claim_due(town)
    _cancel(town, gone)
    delivery_id = gone.claim.delivery_id
    with town.write() as session:
        variant_id = session.get_one(Delivery, delivery_id).variant_id
        assert variant_id is not None
        schedule(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            variant_id=variant_id,
            due_at=town.now + 3 * MINUTE,
        )
    town.clock.move(4 * MINUTE)
    (anew,) = claim(town.context, account_id=town.accounts["x"], most=1)
    assert anew.claim.delivery_id == delivery_id
    assert dispatch.tick_overtaken(town.context) == 0
    attempt_and_store(town.context, anew)
    assert delivery_state(town, anew) is DeliveryState.PUBLISHED
    before = remaining_allowance(town)
    assert (dispatch.tick_overtaken(town.context), remaining_allowance(town)) == (1, before + 1)


def test_an_attempt_that_may_have_sent_is_never_ended_as_overtaken(town: City) -> None:
    """This happens after a restore from a backup taken during the attempt."""
    (only,) = claim_due(town)
    assert try_start(town, only)
    with town.write() as session:
        delivery = session.get_one(Delivery, only.claim.delivery_id)
        failures.unconfirm(town.context, session, delivery, "restored")
    town.clock.move(timedelta(days=1))
    assert dispatch.tick_overtaken(town.context) == 0
    assert _attempt(town).outcome == ""


def test_an_attempt_that_the_sweep_has_ended_is_not_ended_again(town: City) -> None:
    record_allowance(town, 5)
    (only,) = claim_due(town)
    with town.write() as session:
        session.get_one(Delivery, only.claim.delivery_id).fence += 1
        outcomes.finish(session, outcomes.get_attempt(session, only.claim), "lease_ended", "", NOON)
    assert not try_start(town, only)
    assert (_attempt(town).outcome, remaining_allowance(town)) == ("lease_ended", 5)


def _pause(town: City) -> None:
    with town.write() as session:
        manage.pause(
            session,
            actor=CLOCK,
            now=town.now,
            account_id=town.accounts["x"],
            reason="credentials",
        )


def _disconnect(town: City) -> None:
    with town.write() as session:
        manage.disconnect(
            session, actor=town.actor("admin"), now=town.now, account_id=town.accounts["x"]
        )


@pytest.mark.parametrize("leave", [_pause, _disconnect])
def test_a_claimed_delivery_waits_if_its_account_is_no_longer_connected(
    town: City, leave: Callable[[City], None]
) -> None:
    record_allowance(town, 5)
    (only,) = claim_due(town)
    leave(town)
    attempt_and_store(town.context, only)
    assert town.platform("x").published == []
    assert delivery_state(town, only) is DeliveryState.SCHEDULED
    attempt = _attempt(town)
    assert (attempt.outcome, attempt.answer) == ("gate", "account")
    assert not attempt.counted  # given back


def test_a_rate_limit_window_begun_after_the_claim_gets_no_count_back(town: City) -> None:
    record_allowance(town, 5)
    (only,) = claim_due(town)
    town.clock.move(timedelta(seconds=30))
    record_allowance(town, 0, IN_15_MINUTES + 15 * MINUTE)
    outcomes.store(town.context, [Outcome(only, GivenBack())])
    assert remaining_allowance(town) == 0


def _cancel(town: City, payload: DeliveryPayload) -> None:
    delivery_id = payload.claim.delivery_id
    with town.write() as session:
        cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id)
