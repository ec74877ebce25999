"""Claims: one clock claims each due delivery, and only its current claim may send it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from publisher.delivery import dispatch
from publisher.delivery.accounts import manage
from publisher.delivery.attempt import attempt_and_store
from publisher.delivery.claim import DeliveryPayload, claim_deliveries
from publisher.delivery.worker_context import Claim
from publisher.models.deliveries import Account, Attempt, ClockBeat, Delivery
from publisher.scheduling import schedule
from publisher.states import AccountState, DeliveryState
from tests.support.city import PACE, City
from tests.support.city_people import HOUR, MINUTE

pytestmark = pytest.mark.both

LEASE = timedelta(seconds=PACE.lease)


def test_only_one_of_many_clocks_claims_a_delivery(town: City) -> None:
    (delivery_id,) = town.due()
    all_ready = Barrier(6)

    def try_to_claim(number: int) -> DeliveryPayload | None:
        all_ready.wait()
        return dispatch.claim_next(town.clock_named(f"clock-{number}"))

    with ThreadPoolExecutor(6) as clocks:
        payloads = [
            payload for payload in clocks.map(try_to_claim, range(6)) if payload is not None
        ]

    assert [payload.claim for payload in payloads] == [Claim(delivery_id, 1)]
    assert town.delivery(delivery_id).state is DeliveryState.CLAIMED


def test_a_clock_cannot_claim_what_another_claimed_after_it_was_read(town: City) -> None:
    """The UPDATE compares the state with `scheduled`, which may have changed since it was read."""
    (delivery_id,) = town.due()
    assert dispatch.claim_next(town.context) is not None
    assert _claim_by_id(town, delivery_id) == []
    town.clock.move(LEASE + timedelta(seconds=1))
    with town.write() as session:
        dispatch.sweep(session, now=town.now, delivery_settings=PACE)
    assert _claim_by_id(town, delivery_id) == [Claim(delivery_id, 2)]
    assert _claim_by_id(town, delivery_id) == []


def test_a_delivery_cancelled_after_it_was_read_cannot_be_claimed(town: City) -> None:
    (delivery_id,) = town.due()
    with town.write() as session:
        schedule.cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id)
    assert _claim_by_id(town, delivery_id) == []
    assert town.delivery(delivery_id).state is DeliveryState.CANCELLED


def _claim_by_id(town: City, delivery_id: int) -> list[Claim]:
    with town.write() as session:
        return claim_deliveries(session, [delivery_id], town.clock_named("late"), town.now)


def test_parallel_clocks_send_every_delivery_exactly_once(town: City) -> None:
    due_ids = [delivery_id for _ in range(6) for delivery_id in town.due()]
    all_ready = Barrier(3)

    def send_due(number: int) -> None:
        all_ready.wait()
        dispatch.tick_dispatch(town.clock_named(f"clock-{number}"))

    with ThreadPoolExecutor(3) as clocks:
        list(clocks.map(send_due, range(3)))
    town.tick_dispatch()

    texts = Counter(post.text for post in town.platform("x").published)
    assert len(texts) == 6
    assert set(texts.values()) == {1}
    assert {town.delivery(delivery_id).state for delivery_id in due_ids} == {
        DeliveryState.PUBLISHED
    }


def test_the_claim_is_committed_before_anything_is_sent(town: City) -> None:
    (delivery_id,) = town.due()
    payload = dispatch.claim_next(town.context)
    assert payload is not None
    assert payload.claim == Claim(delivery_id, 1)
    with town.read() as session:
        row = session.get_one(Delivery, delivery_id)
        assert (row.state, row.fence, row.claimed_by) == (DeliveryState.CLAIMED, 1, "clock-1")
        assert row.leased_until == town.now + LEASE
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.fence, attempt.sending_at, attempt.outcome) == (1, None, "")
    assert town.platform("x").published == []


def test_a_delivery_is_not_claimed_before_it_is_due(town: City) -> None:
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    assert town.tick_dispatch(HOUR - timedelta(seconds=1)) == 0
    assert town.tick_dispatch(timedelta(seconds=1)) == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_the_delivery_that_is_due_first_is_sent_first(town: City) -> None:
    later = town.schedule(town.approved(), 10 * MINUTE)
    sooner = town.schedule(town.approved("road"), 5 * MINUTE)
    town.tick_dispatch(15 * MINUTE)
    with town.read() as session:
        order = session.scalars(select(Attempt.delivery_id).order_by(Attempt.id)).all()
    assert list(order) == [*sooner, *later]


def test_a_paused_account_sends_nothing_while_others_go_on(town: City) -> None:
    on_x, on_facebook = town.due(on=["x", "facebook"])
    with town.write() as session:
        manage.pause(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=town.accounts["x"],
            reason="credentials",
        )
    assert town.tick_dispatch() == 1
    assert town.delivery(on_x).state is DeliveryState.SCHEDULED
    assert town.delivery(on_facebook).state is DeliveryState.PUBLISHED


def test_a_delivery_is_sent_once_its_paused_account_is_resumed(town: City) -> None:
    (delivery_id,) = town.due()
    account_id = town.accounts["x"]
    with town.write() as session:
        manage.pause(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=account_id,
            reason="credentials",
        )
    town.tick_dispatch(MINUTE)
    with town.write() as session:
        manage.resume(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=account_id,
            health=town.platform("x").check(),
        )
    town.tick_dispatch(MINUTE)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    with town.read() as session:
        assert session.get_one(Account, account_id).state is AccountState.CONNECTED


def test_a_delivery_whose_lease_ended_is_claimed_again_and_sent_once(town: City) -> None:
    (delivery_id,) = town.due()
    dispatch.claim_next(town.clock_named("dead"))
    assert town.tick_dispatch(LEASE) == 0
    assert town.tick_dispatch(timedelta(seconds=1)) == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    assert town.delivery(delivery_id).fence == 2
    assert len(town.platform("x").published) == 1


def test_a_clock_that_resumes_after_its_lease_sends_nothing(town: City) -> None:
    (delivery_id,) = town.due()
    old_payload = dispatch.claim_next(town.clock_named("sleeper"))
    assert old_payload is not None
    town.tick_dispatch(LEASE + timedelta(seconds=1))
    attempt_and_store(town.clock_named("sleeper"), old_payload)
    assert len(town.platform("x").published) == 1
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_a_lapsed_claim_sends_nothing_even_if_nobody_claimed_again(town: City) -> None:
    (delivery_id,) = town.due()
    old_payload = dispatch.claim_next(town.clock_named("sleeper"))
    assert old_payload is not None
    town.clock.move(LEASE + timedelta(seconds=1))
    with town.write() as session:
        dispatch.sweep(session, now=town.now, delivery_settings=PACE)
    attempt_and_store(town.clock_named("sleeper"), old_payload)
    assert town.platform("x").published == []
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED


def test_what_a_dead_clock_held_past_its_late_limit_is_missed_at_once(town: City) -> None:
    """It would be claimed, found late and given back again and again, before all that is due."""
    (stuck,) = town.due()
    assert dispatch.claim_next(town.clock_named("dead")) is not None
    town.clock.move(2 * HOUR)
    (other,) = town.due()
    town.tick_dispatch()
    assert town.delivery(stuck).state is DeliveryState.MISSED
    assert town.delivery(stuck).fence == 1
    assert town.delivery(other).state is DeliveryState.PUBLISHED


def test_each_tick_records_a_heartbeat(town: City) -> None:
    first_tick_at = town.now
    town.tick_dispatch()
    town.tick_dispatch(MINUTE)
    with town.read() as session:
        beat = session.get_one(ClockBeat, "clock-1")
        assert (beat.started_at, beat.beat_at) == (first_tick_at, first_tick_at + MINUTE)


def test_an_attempt_that_lost_its_claim_is_not_recorded_as_sent(town: City) -> None:
    town.due()
    old_payload = dispatch.claim_next(town.clock_named("sleeper"))
    assert old_payload is not None
    town.clock.move(LEASE + timedelta(seconds=1))
    dispatch.run_maintenance(town.context)
    assert dispatch.claim_next(town.context) is not None
    attempt_and_store(town.clock_named("sleeper"), old_payload)
    with town.read() as session:
        attempts = session.scalars(select(Attempt).order_by(Attempt.fence)).all()
    assert [attempt.sending_at for attempt in attempts] == [None, None]
    assert town.platform("x").published == []
