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
from publisher.delivery.claim import claim_deliveries
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.worker_context import Claim
from publisher.models.deliveries import Account, Attempt, ClockBeat, Delivery
from publisher.scheduling import schedule
from publisher.states import AccountState, DeliveryState
from tests.support.city import PACE, City
from tests.support.city_people import HOUR, MINUTE

pytestmark = pytest.mark.both

LEASE = timedelta(seconds=PACE.lease)


def test_of_many_clocks_only_one_claims_a_delivery(town: City) -> None:
    (delivery,) = town.due()
    together = Barrier(6)

    def try_it(number: int) -> DeliveryPayload | None:
        together.wait()
        return dispatch.claim_next(town.clock_named(f"clock-{number}"))

    with ThreadPoolExecutor(6) as clocks:
        claims = [one for one in clocks.map(try_it, range(6)) if one is not None]

    assert [one.claim for one in claims] == [Claim(delivery, 1)]
    assert town.delivery(delivery).state is DeliveryState.CLAIMED


def test_who_saw_a_delivery_before_another_claimed_it_does_not_get_it(town: City) -> None:
    """The UPDATE itself asks for the state, whatever was read before."""
    (seen,) = town.due()
    assert dispatch.claim_next(town.context) is not None
    assert _claim_seen(town, seen) == []
    town.clock.move(LEASE + timedelta(seconds=1))
    with town.write() as session:
        dispatch.sweep(session, now=town.now, delivery_settings=PACE)
    assert _claim_seen(town, seen) == [Claim(seen, 2)]
    assert _claim_seen(town, seen) == []


def test_who_saw_a_delivery_before_it_was_cancelled_does_not_claim_it(town: City) -> None:
    (delivery_id,) = town.due()
    with town.write() as session:
        schedule.cancel(session, actor=town.actor("clerk"), now=town.now, delivery_id=delivery_id)
    assert _claim_seen(town, delivery_id) == []
    assert town.delivery(delivery_id).state is DeliveryState.CANCELLED


def _claim_seen(town: City, seen: int) -> list[Claim]:
    with town.write() as session:
        return claim_deliveries(session, [seen], town.clock_named("late"), town.now)


def test_clocks_that_work_at_once_send_everything_and_nothing_twice(town: City) -> None:
    due = [one for _ in range(6) for one in town.due()]
    together = Barrier(3)

    def work(number: int) -> None:
        together.wait()
        dispatch.tick_dispatch(town.clock_named(f"clock-{number}"))

    with ThreadPoolExecutor(3) as clocks:
        list(clocks.map(work, range(3)))
    town.tick_dispatch()

    texts = Counter(one.text for one in town.platform("x").published)
    assert len(texts) == 6
    assert set(texts.values()) == {1}
    assert {town.delivery(one).state for one in due} == {DeliveryState.PUBLISHED}


def test_the_claim_is_committed_before_anything_is_sent(town: City) -> None:
    (delivery,) = town.due()
    claim = dispatch.claim_next(town.context)
    assert claim is not None
    assert claim.claim == Claim(delivery, 1)
    with town.read() as session:
        row = session.get_one(Delivery, delivery)
        assert (row.state, row.fence, row.claimed_by) == (DeliveryState.CLAIMED, 1, "clock-1")
        assert row.leased_until == town.now + LEASE
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.fence, attempt.sending_at, attempt.outcome) == (1, None, "")
    assert town.platform("x").published == []


def test_nothing_is_claimed_before_its_time(town: City) -> None:
    (delivery,) = town.schedule(town.approved(), HOUR)
    assert town.tick_dispatch(HOUR - timedelta(seconds=1)) == 0
    assert town.tick_dispatch(timedelta(seconds=1)) == 1
    assert town.delivery(delivery).state is DeliveryState.PUBLISHED


def test_what_is_due_first_is_sent_first(town: City) -> None:
    later = town.schedule(town.approved(), 10 * MINUTE)
    sooner = town.schedule(town.approved("road"), 5 * MINUTE)
    town.tick_dispatch(15 * MINUTE)
    with town.read() as session:
        order = session.scalars(select(Attempt.delivery_id).order_by(Attempt.id)).all()
    assert list(order) == [*sooner, *later]


def test_a_paused_account_keeps_its_deliveries_and_others_go_on(town: City) -> None:
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


def test_a_paused_accounts_delivery_leaves_once_the_account_is_checked_again(town: City) -> None:
    (delivery,) = town.due()
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
    assert town.delivery(delivery).state is DeliveryState.PUBLISHED
    with town.read() as session:
        assert session.get_one(Account, account_id).state is AccountState.CONNECTED


def test_a_claim_whose_lease_ended_is_taken_up_again_and_sent_once(town: City) -> None:
    (delivery,) = town.due()
    dispatch.claim_next(town.clock_named("dead"))
    assert town.tick_dispatch(LEASE) == 0
    assert town.tick_dispatch(timedelta(seconds=1)) == 1
    assert town.delivery(delivery).state is DeliveryState.PUBLISHED
    assert town.delivery(delivery).fence == 2
    assert len(town.platform("x").published) == 1


def test_a_clock_that_wakes_after_its_lease_sends_nothing(town: City) -> None:
    (delivery,) = town.due()
    old = dispatch.claim_next(town.clock_named("sleeper"))
    assert old is not None
    town.tick_dispatch(LEASE + timedelta(seconds=1))
    attempt_and_store(town.clock_named("sleeper"), old)
    assert len(town.platform("x").published) == 1
    assert town.delivery(delivery).state is DeliveryState.PUBLISHED


def test_a_sleeper_whose_delivery_nobody_took_up_sends_nothing_either(town: City) -> None:
    (delivery,) = town.due()
    old = dispatch.claim_next(town.clock_named("sleeper"))
    assert old is not None
    town.clock.move(LEASE + timedelta(seconds=1))
    with town.write() as session:
        dispatch.sweep(session, now=town.now, delivery_settings=PACE)
    attempt_and_store(town.clock_named("sleeper"), old)
    assert town.platform("x").published == []
    assert town.delivery(delivery).state is DeliveryState.SCHEDULED


def test_each_tick_writes_down_that_the_clock_is_alive(town: City) -> None:
    began = town.now
    town.tick_dispatch()
    town.tick_dispatch(MINUTE)
    with town.read() as session:
        beat = session.get_one(ClockBeat, "clock-1")
        assert (beat.started_at, beat.beat_at) == (began, began + MINUTE)


def test_a_try_that_lost_its_claim_is_not_said_to_have_gone_out(town: City) -> None:
    town.due()
    old = dispatch.claim_next(town.clock_named("sleeper"))
    assert old is not None
    town.clock.move(LEASE + timedelta(seconds=1))
    dispatch.run_maintenance(town.context)
    assert dispatch.claim_next(town.context) is not None
    attempt_and_store(town.clock_named("sleeper"), old)
    with town.read() as session:
        attempts = session.scalars(select(Attempt).order_by(Attempt.fence)).all()
    assert [one.sending_at for one in attempts] == [None, None]
    assert town.platform("x").published == []
