"""Rate limits of accounts: learned, capped, shared by all clocks, with their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from publisher.delivery import dispatch, outcomes, sending
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.manage import AccountSettings
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.claim import claim as delivery_claim
from publisher.delivery.failures import GivenBack
from publisher.delivery.outcomes import Outcome
from publisher.delivery.rate_limits import counter, daily_cap, response_limits
from publisher.delivery.rate_limits import query as rate_limits_query
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Attempt, Delivery
from publisher.platforms.base.protocol import TryLater
from publisher.platforms.base.types import Allowance as Told
from publisher.states import DeliveryState
from tests.support.city import PACE, City, statements
from tests.support.city_people import DAY, HOUR, MINUTE, NOON
from tests.support.claims import receipt_for, try_start
from tests.support.lock_conflicts import after_each_statement

IN_15 = NOON + 15 * MINUTE


def publishing(remaining: int | None, resets: datetime | None = IN_15) -> tuple[Told, ...]:
    return (Told("publish.15min", 100, remaining, resets),)


def learn(town: City, allowances: tuple[Told, ...], on: str = "x") -> None:
    with town.write() as session:
        response_limits.learn(session, town.accounts[on], allowances, town.now)


def unlimited_accounts(town: City) -> list[str]:
    """Return the accounts that the SQL condition lets through."""
    query = select(Account.code).where(rate_limits_query.is_free(town.now)).order_by(Account.code)
    with town.read() as session:
        return list(session.scalars(query))


def free_at(town: City, on: str = "x") -> datetime | None:
    with town.read() as session:
        return rate_limits_query.next_free_time(session, town.accounts[on], town.now)


def spend(town: City, on: str = "x", *, urgent: bool = False) -> datetime | None:
    with town.write() as session:
        return counter.spend(session, town.accounts[on], town.now, urgent=urgent)


def remaining(town: City, name: str = "publish.15min", on: str = "x") -> int:
    query = select(AllowanceRow.remaining).where(
        AllowanceRow.account_id == town.accounts[on], AllowanceRow.name == name
    )
    with town.read() as session:
        return session.scalars(query).one()


def cap(town: City, most: int | None, on: str = "x") -> None:
    owner = town.departments["information-technology"]
    with town.write() as session:
        manage.change(
            session,
            actor=town.actor("admin"),
            now=town.now,
            account_id=town.accounts[on],
            choice=AccountSettings("पुणे", owner, daily_cap=most),
        )


def add_attempts(town: City, *ago: timedelta, outcome: str = "published") -> None:
    """Add attempts of a delivery that were sent this long ago."""
    (delivery,) = town.schedule(town.approved())
    with town.write() as session:
        for fence, span in enumerate(ago, 1):
            at = town.now - span
            session.add(
                Attempt(
                    delivery_id=delivery,
                    fence=fence,
                    clock="c",
                    claimed_at=at,
                    sending_at=at,
                    outcome=outcome,
                )
            )


def test_an_account_without_known_rate_limits_is_free(town: City) -> None:
    assert unlimited_accounts(town) == ["facebook", "x"]
    assert free_at(town) is None
    assert spend(town) is None


@pytest.mark.both
def test_a_reported_rate_limit_holds_every_clock_until_its_reset(town: City) -> None:
    learn(town, publishing(0))
    assert (unlimited_accounts(town), free_at(town)) == (["facebook"], IN_15)
    assert free_at(town, "facebook") is None
    assert spend(town) == IN_15
    town.clock.move(15 * MINUTE)
    assert (unlimited_accounts(town), free_at(town)) == (["facebook", "x"], None)
    assert spend(town) is None


def test_each_publication_is_counted_before_its_answer_comes(town: City) -> None:
    learn(town, publishing(2))
    assert [spend(town), spend(town), spend(town)] == [None, None, IN_15]
    assert remaining(town) == 0


def test_a_late_answer_of_the_same_window_gives_back_nothing(town: City) -> None:
    learn(town, publishing(5))
    spend(town)
    spend(town)
    learn(town, publishing(4))
    assert remaining(town) == 3
    learn(town, publishing(99, IN_15 + 15 * MINUTE))
    assert remaining(town) == 99


def test_limits_of_other_operations_do_not_hold_publications(town: City) -> None:
    names = ("mentions", "hide", "delete", "media", "timeline")
    learn(town, tuple(Told(f"{name}.15min", 50, 0, IN_15) for name in names))
    assert unlimited_accounts(town) == ["facebook", "x"]


@pytest.mark.parametrize(
    ("remaining", "resets", "until"),
    [
        (60, None, None),
        (0, None, NOON + 5 * MINUTE),
        (0, NOON + 23 * MINUTE, NOON + 23 * MINUTE),
        (0, NOON - MINUTE, None),
        (0, NOON + 30 * DAY, None),
        (None, IN_15, None),
    ],
)
def test_a_limit_holds_until_its_end_and_a_senseless_one_not_at_all(
    town: City, remaining: int | None, resets: datetime | None, until: datetime | None
) -> None:
    """Facebook reports shares of an hour without an end, so a used-up one is checked again soon."""
    learn(town, (Told("publish.business_hour", 100, remaining, resets),), on="facebook")
    assert free_at(town, "facebook") == until
    assert unlimited_accounts(town) == (["facebook", "x"] if until is None else ["x"])


def test_a_limit_whose_size_is_not_told_holds_too(town: City) -> None:
    learn(town, (Told("publish.user_day", None, 0, NOON + 10 * HOUR),))
    assert free_at(town) == NOON + 10 * HOUR


@pytest.mark.both
def test_only_one_of_two_clocks_uses_the_last_publication(town: City) -> None:
    learn(town, publishing(1))
    together = Barrier(4)

    def try_it(_number: int) -> datetime | None:
        together.wait()
        return spend(town)

    with ThreadPoolExecutor(4) as clocks:
        answers = list(clocks.map(try_it, range(4)))
    assert sorted(answers, key=str) == sorted([None, IN_15, IN_15, IN_15], key=str)


@pytest.mark.twin
def test_the_daily_cap_counts_24_hours_and_names_the_next_free_time(
    town: City,
) -> None:
    add_attempts(town, 25 * HOUR, 20 * HOUR, HOUR)
    cap(town, 3)
    assert spend(town) is None
    add_attempts(town, timedelta(0))  # its own try
    assert spend(town) == NOON + 4 * HOUR
    assert (unlimited_accounts(town), free_at(town)) == (["facebook"], NOON + 4 * HOUR)
    town.clock.move(4 * HOUR)
    assert spend(town) is None


def test_a_new_cap_counts_earlier_posts_and_a_removed_cap_holds_nothing(
    town: City,
) -> None:
    add_attempts(town, 2 * HOUR, HOUR)
    cap(town, 2)
    assert (free_at(town), remaining(town, daily_cap.CAP)) == (NOON + 22 * HOUR, 0)
    cap(town, 5)
    assert (free_at(town), remaining(town, daily_cap.CAP)) == (None, 3)
    cap(town, None)
    assert unlimited_accounts(town) == ["facebook", "x"]


@pytest.mark.parametrize("outcome", ["later", "refused", "credentials", "gate"])
def test_an_attempt_that_sent_nothing_is_not_counted(town: City, outcome: str) -> None:
    add_attempts(town, HOUR, outcome=outcome)
    cap(town, 1)
    assert free_at(town) is None


def test_an_urgent_delivery_is_counted_but_never_held_by_a_limit(town: City) -> None:
    learn(town, publishing(1))
    assert spend(town) is None
    assert spend(town, urgent=True) is None
    assert spend(town) == IN_15


def test_a_limited_delivery_shows_why_and_until_when_it_waits(town: City) -> None:
    due, later = town.due()[0], town.schedule(town.approved(), 2 * HOUR)[0]
    learn(town, publishing(0))
    assert rate_limits_query.tick_limits(town.database, now=town.now) == 1
    assert town.delivery(due).reason == {"code": "limit", "at": IN_15.isoformat()}
    assert town.delivery(later).reason == {}
    assert rate_limits_query.tick_limits(town.database, now=town.now) == 0  # reported once
    town.clock.move(16 * MINUTE)
    add_attempts(town, HOUR)
    cap(town, 1)
    assert rate_limits_query.tick_limits(town.database, now=town.now) == 1
    until = town.now + 23 * HOUR
    assert town.delivery(due).reason == {"code": "cap", "at": until.isoformat()}


def test_a_limited_delivery_shows_another_reason_with_the_same_time(town: City) -> None:
    (due,) = town.due()
    add_attempts(town, 24 * HOUR - 15 * MINUTE)
    cap(town, 1)
    rate_limits_query.tick_limits(town.database, now=town.now)
    assert town.delivery(due).reason == {"code": "cap", "at": IN_15.isoformat()}
    with town.write() as session:
        session.get_one(Account, town.accounts["x"]).quiet_until = IN_15
    rate_limits_query.tick_limits(town.database, now=town.now)
    assert town.delivery(due).reason == {"code": "limit", "at": IN_15.isoformat()}


def test_a_limit_marks_no_other_account_and_no_urgent_delivery(town: City) -> None:
    x, facebook = town.due(on=["x", "facebook"])
    with town.write() as session:
        session.get_one(Delivery, x).urgent = True
    learn(town, publishing(0))
    assert rate_limits_query.tick_limits(town.database, now=town.now) == 0
    assert town.delivery(facebook).reason == {}


@pytest.mark.twin
def test_an_account_without_limits_costs_a_publication_two_statements(town: City) -> None:
    with statements(town.database) as executed:
        spend(town)
    assert len(executed) == 2


def claimed(town: City, *, remaining: int, due: int = 3) -> list[DeliveryPayload]:
    """Claim what the remaining allowance permits of this many due deliveries on X."""
    learn(town, publishing(remaining))
    for _ in range(due):
        town.due()
    return delivery_claim(town.context, account_id=town.accounts["x"], most=10)


@pytest.mark.both
def test_a_claim_counts_what_it_takes_before_another_clock_can(town: City) -> None:
    payloads = claimed(town, remaining=5)
    assert [payload.claim.counted for payload in payloads] == [True, True, True]
    assert remaining(town) == 2


def test_a_delivery_counted_at_its_claim_is_sent_without_another_count(town: City) -> None:
    first, *_ = claimed(town, remaining=3)
    with statements(town.database) as executed:
        sending.start(town.context, first)
    assert town.delivery(first.claim.delivery_id).state is DeliveryState.SENDING
    assert not [sql for sql in executed if sql.startswith("UPDATE allowances")]
    assert remaining(town) == 0


def test_deliveries_beyond_the_limit_are_claimed_uncounted_and_then_wait(
    town: City,
) -> None:
    payloads = claimed(town, remaining=2)
    assert [payload.claim.counted for payload in payloads] == [True, True, False]
    for payload in payloads[:2]:
        sending.start(town.context, payload)
    assert not try_start(town, payloads[2])
    waiting = town.delivery(payloads[2].claim.delivery_id)
    assert (waiting.state, waiting.reason["code"]) == (DeliveryState.SCHEDULED, "limit")
    assert remaining(town) == 0


def test_a_claim_counts_nothing_under_a_daily_cap_or_without_known_limits(
    town: City,
) -> None:
    town.due()
    (unknown,) = delivery_claim(town.context, account_id=town.accounts["x"], most=1)
    cap(town, 5)
    (capped,) = claimed(town, remaining=5, due=1)
    assert [payload.claim.counted for payload in (unknown, capped)] == [False, False]
    assert remaining(town) == 5
    sending.start(town.context, capped)
    assert remaining(town) == 4


@pytest.mark.both
def test_a_publication_counts_towards_the_cap_while_it_is_being_sent(town: City) -> None:
    cap(town, 1)
    first, second = claimed(town, remaining=5, due=2)
    assert try_start(town, first)
    with town.read() as session:
        of_first = select(Attempt).where(Attempt.delivery_id == first.claim.delivery_id)
        under_way = session.scalars(of_first).one()
        assert (under_way.sending_at, under_way.began_at) == (None, NOON)
    assert sent_today(town) == 1
    assert not try_start(town, second)
    assert town.delivery(second.claim.delivery_id).reason["code"] == "cap"
    outcomes.store(town.context, [Outcome(first, receipt_for(1, town))])
    assert sent_today(town) == 1
    with town.read() as session:
        sent = select(Attempt.sending_at).where(Attempt.outcome == "published")
        assert session.scalars(sent).all() == [town.delivery(first.claim.delivery_id).sending_at]


@pytest.mark.both
def test_a_receipt_stored_meanwhile_is_counted_towards_the_cap(town: City) -> None:
    cap(town, 2)
    first, second, third = claimed(town, remaining=5)
    assert try_start(town, first)
    with _beside(town, "FROM attempts", lambda: _store_receipt(town, first)):
        assert try_start(town, second)
    assert not try_start(town, third)


@pytest.mark.both
def test_a_cap_that_is_lowered_meanwhile_holds_the_next_publication(town: City) -> None:
    cap(town, 3)
    first, second = claimed(town, remaining=5, due=2)
    with _beside(town, "SELECT accounts.daily_cap", lambda: cap(town, 1)):
        assert try_start(town, first)
    assert not try_start(town, second)


@contextmanager
def _beside(town: City, part_of_sql: str, act: Callable[[], None]) -> Iterator[None]:
    """Act in another thread after the first such statement of this one."""
    if town.database.is_sqlite:
        pytest.skip("one writer at a time")
    own_thread, acts = threading.get_ident(), [act]

    def once(sql: str) -> None:
        if threading.get_ident() == own_thread and part_of_sql in sql and acts:
            with ThreadPoolExecutor(1) as other:
                other.submit(acts.pop()).result(timeout=20)

    with after_each_statement(town.database, once):
        yield
    assert not acts


def _store_receipt(town: City, payload: DeliveryPayload) -> None:
    outcomes.store(town.context, [Outcome(payload, receipt_for(1, town))])


@pytest.mark.both
def test_an_attempt_is_not_taken_for_sent_because_one_before_it_was(town: City) -> None:
    (sent,) = claimed(town, remaining=5, due=1)
    assert try_start(town, sent)
    outcomes.store(town.context, [Outcome(sent, TryLater(None))])
    town.clock.move(MINUTE)
    (unsent,) = delivery_claim(town.context, account_id=town.accounts["x"], most=1)
    assert remaining(town) == 3
    outcomes.store(town.context, [Outcome(unsent, GivenBack())])
    assert remaining(town) == 4
    with town.read() as session:
        moments = session.scalars(select(Attempt.sending_at).order_by(Attempt.id)).all()
    assert moments == [NOON, None]


def sent_today(town: City) -> int:
    with town.read() as session:
        return daily_cap.count_daily_publications(session, town.accounts["x"], town.now)


def test_a_delivery_that_is_given_back_gives_back_its_count(town: City) -> None:
    first, *_ = claimed(town, remaining=5)
    outcomes.store(town.context, [Outcome(first, GivenBack())])
    assert remaining(town) == 3
    outcomes.store(town.context, [Outcome(first, GivenBack())])  # reported twice, undone once
    assert remaining(town) == 3


def test_only_deliveries_that_a_dead_clock_may_have_sent_stay_counted(town: City) -> None:
    first, *_ = claimed(town, remaining=5)
    sending.start(town.context, first)
    town.clock.move(timedelta(seconds=PACE.lease + 1))
    dispatch.run_maintenance(town.context)
    assert remaining(town) == 4


def test_a_delivery_that_the_gate_blocks_gives_back_its_count(town: City) -> None:
    (only,) = claimed(town, remaining=5, due=1)
    town.disable("first")
    assert not try_start(town, only)
    assert remaining(town) == 5


@pytest.mark.both
def test_two_clocks_together_never_count_more_than_the_limit(town: City) -> None:
    learn(town, publishing(3))
    for _ in range(6):
        town.due()
    together, account_id = Barrier(2), town.accounts["x"]

    def claim(name: str) -> list[DeliveryPayload]:
        together.wait()
        return delivery_claim(town.clock_named(name), account_id=account_id, most=3)

    with ThreadPoolExecutor(2) as clocks:
        payloads = [payload for some in clocks.map(claim, ("one", "two")) for payload in some]
    assert sum(payload.claim.counted for payload in payloads) == 3
    assert remaining(town) == 0
