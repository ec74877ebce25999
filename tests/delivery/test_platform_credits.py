"""Without credits everything of a platform waits, and goes on by itself; no post fails by it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from publisher.delivery import platform_credits
from publisher.delivery.controls import stop
from publisher.delivery.monitoring import poll
from publisher.emergency.alerts import tick_alerts
from publisher.inbox.ingest import tick_ingest
from publisher.models.deliveries import Account, Delivery
from publisher.models.emergency import Alert
from publisher.models.monitoring import CreditOutage, Watch
from publisher.operations import account_checks
from publisher.platforms.base.protocol import CreditsUsedUp, OutcomeUnknown
from publisher.platforms.base.types import Health, HealthProblem
from publisher.reports.problems import problem_summary
from publisher.review import takedown_orders
from publisher.scheduling import corrections
from publisher.states import AccountState, DeliveryState
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.emergency_steps import NO_SMS
from tests.support.memory_platform.platform import Call, MemoryPlatform, Planned

QUARTER = platform_credits.TRY_EVERY
BROKE = Health(HealthProblem.CREDITS)


class BilledPlatform(MemoryPlatform):
    """Refuses every call while there are no credits; `refused` counts these calls.

    The credits last for `publications_left` posts and for `looks_left` requests of live ones.
    """

    def __init__(self, town: City) -> None:
        super().__init__(now=town.clock, name="x")
        self.has_credits = True
        self.publications_left = 1_000
        self.looks_left = 1_000
        self.refused = 0

    def _begin(self, on: Call) -> Planned | None:
        if on == "publish":
            self.publications_left -= 1
            self.has_credits = self.has_credits and self.publications_left >= 0
        if on in ("see", "see_own"):
            self.looks_left -= 1
            self.has_credits = self.has_credits and self.looks_left >= 0
        if not self.has_credits:
            self.refused += 1
            raise CreditsUsedUp(None, "HTTP 402")
        return super()._begin(on)

    def check(self) -> Health:
        self.refused += not self.has_credits
        return super().check() if self.has_credits else BROKE


@pytest.fixture
def billed(town: City) -> BilledPlatform:
    platform = BilledPlatform(town)
    town.platforms[town.accounts["x"]] = platform
    return platform


def tick(town: City, after: timedelta = timedelta(0)) -> int:
    """Send what is due, then look for credits; return the number of tries."""
    town.tick_dispatch(after)
    return platform_credits.tick_credits(town.context)


def states(town: City) -> list[tuple[str, str]]:
    """Return the states of all deliveries, with the code of the reason."""
    with town.read() as session:
        deliveries = session.scalars(select(Delivery).order_by(Delivery.id))
        return [(delivery.state.value, delivery.reason.get("code", "")) for delivery in deliveries]


def seen_since(town: City, moment: datetime) -> int:
    """Return how many live posts were looked at since then."""
    with town.read() as session:
        query = select(func.count(Watch.id)).where(Watch.looked_at >= moment)
        return session.scalars(query).one()


@pytest.mark.twin
def test_what_is_due_waits_and_is_sent_once_when_there_are_credits(
    town: City, billed: BilledPlatform
) -> None:
    billed.has_credits, began_at = False, town.now
    for _ in range(3):
        town.due(on=("x", "facebook"))
    tick(town)
    next_try = began_at + QUARTER
    waiting = {"code": "credits", "at": next_try.isoformat()}
    assert [state for state in states(town) if state[1]] == [("scheduled", "credits")] * 3
    assert billed.refused == 1
    assert len(town.platform("facebook").published) == 3
    with town.read() as session:
        reasons = session.scalars(select(Delivery.reason)).all()
        assert reasons.count(waiting) == 3
        (stopped,) = problem_summary(session, actor=town.actor("lead")).accounts
        assert (stopped.waiting, stopped.credits_since) == (3, began_at)
    assert town.notified("credits_used_up") == ["admin", "lead"]
    (finding,) = account_checks.check_credits(town.database)
    assert (finding.ok, finding.values["platform"]) == (False, "x")
    for _ in range(14):
        assert tick(town, MINUTE) == 0
    assert tick(town, MINUTE) == 1
    assert billed.refused == 2
    billed.has_credits = True
    assert tick(town, QUARTER - MINUTE) == 0
    assert tick(town, MINUTE) == 1
    assert set(states(town)) == {("scheduled", ""), ("published", "")}
    tick(town)
    assert states(town) == [("published", "")] * 6
    assert len(billed.published) == 3
    assert town.notified("credits_used_up") == ["admin", "lead"]
    assert account_checks.check_credits(town.database) == []


def test_credits_that_end_in_the_middle_of_what_is_due_hold_the_rest_back(
    town: City, billed: BilledPlatform
) -> None:
    billed.publications_left = 2
    for _ in range(5):
        town.due()
    tick(town)
    assert sorted(states(town)) == [("published", "")] * 2 + [("scheduled", "credits")] * 3
    billed.has_credits, billed.publications_left = True, 3
    tick(town, QUARTER)
    tick(town)
    assert states(town) == [("published", "")] * 5
    assert len(billed.published) == 5


def test_who_runs_out_again_within_the_hour_hears_nothing_new(
    town: City, billed: BilledPlatform
) -> None:
    for after in (timedelta(0), QUARTER, 2 * HOUR):
        town.clock.move(after)
        billed.has_credits = False
        town.due()
        tick(town)
        billed.has_credits = True
        assert tick(town, QUARTER) == 1
        tick(town)
    assert states(town) == [("published", "")] * 3
    assert town.notified("credits_used_up") == ["admin", "admin", "lead", "lead"]


def test_what_waits_too_long_is_missed_and_says_why(town: City, billed: BilledPlatform) -> None:
    billed.has_credits = False
    town.due()
    tick(town)
    for _ in range(5):
        tick(town, QUARTER)
    assert states(town) == [("missed", "late_credits")]


@pytest.mark.parametrize("call", ["publish", "prepare"])
def test_a_refusal_at_any_step_is_no_failure(
    town: City, billed: BilledPlatform, call: Call
) -> None:
    billed.fail_next(CreditsUsedUp(), on=call)
    town.due()
    tick(town)
    assert states(town) == [("scheduled", "credits")]
    tick(town, QUARTER)
    tick(town)
    assert states(town) == [("published", "")]
    assert len(billed.published) == 1


def test_orders_wait_too(town: City, billed: BilledPlatform) -> None:
    (delivery,) = town.live()
    billed.has_credits = False
    with town.write() as session:
        (live_text,) = corrections.list_live_texts(session, town.delivery(delivery).post_id)
        takedown_orders.take_back(
            session,
            actor=town.actor("lead"),
            now=town.now,
            post_id=town.delivery(delivery).post_id,
            receipt_ids=[live_text.receipt.id],
            reason="चुकीची माहिती",
        )
    tick(town)
    assert states(town)[-1] == ("scheduled", "credits")
    billed.has_credits = True
    tick(town, QUARTER)
    tick(town)
    assert states(town) == [("published", "")] * 2
    assert billed.posts == []


def test_what_is_unconfirmed_stays_so_until_it_can_be_looked_for(
    town: City, billed: BilledPlatform
) -> None:
    billed.fail_next(OutcomeUnknown(), after_keeping=True)
    town.due()
    town.tick_dispatch()
    billed.has_credits = False
    for _ in range(6):
        town.tick_reconcile(HOUR)
        platform_credits.tick_credits(town.context)
    assert [state for state, _ in states(town)] == ["unconfirmed"]
    assert billed.refused == 6
    billed.has_credits = True
    town.clock.move(QUARTER)
    platform_credits.tick_credits(town.context)
    town.tick_reconcile(HOUR)
    assert [state for state, _ in states(town)] == ["published"]
    assert len(billed.published) == 1


def test_looks_and_comments_pause_and_are_made_up_for(town: City, billed: BilledPlatform) -> None:
    (delivery,) = town.live()
    poll.tick_watching(town.context)
    tick_ingest(town.context)
    billed.citizen_says("पाणी कधी येणार?", parent_id=town.platform_id(delivery))
    billed.has_credits = False
    town.clock.move(DAY)
    assert poll.tick_watching(town.context) == 1
    assert billed.refused == 1
    assert tick_ingest(town.context) == 0
    assert poll.tick_watching(town.context) == 0
    assert billed.refused == 1
    billed.has_credits = True
    town.clock.move(QUARTER)
    platform_credits.tick_credits(town.context)
    assert tick_ingest(town.context) == 1
    assert poll.tick_watching(town.context) == 1


def test_credits_that_end_between_two_requests_lose_no_look(
    town: City, billed: BilledPlatform
) -> None:
    for _ in range(5):
        town.live()
    poll.tick_watching(town.context)
    billed.limits = replace(billed.limits, seen_at_once=2)
    billed.looks_left = 1
    town.clock.move(DAY)
    began_at = town.now
    poll.tick_watching(town.context)
    assert billed.refused == 1
    assert seen_since(town, began_at) == 2
    with town.read() as session:
        query = select(func.count(Watch.id)).where(Watch.look_at <= began_at)
        assert session.scalars(query).one() == 3  # those of the refused request too
    billed.has_credits, billed.looks_left = True, 1_000
    town.clock.move(QUARTER)
    platform_credits.tick_credits(town.context)
    asked = 1_000 - billed.looks_left
    poll.tick_watching(town.context)
    assert seen_since(town, began_at) == 5
    assert 1_000 - billed.looks_left - asked == 2  # three posts, two at once


def test_comments_find_it_out_as_well(town: City, billed: BilledPlatform) -> None:
    town.live()
    billed.has_credits = False
    tick_ingest(town.context)
    assert billed.refused == 1
    with town.read() as session:
        assert list(platform_credits.outages(session)) == ["x"]


def test_an_emergency_is_tried_at_once_and_alarms_at_once(
    town: City, billed: BilledPlatform
) -> None:
    billed.has_credits = False
    town.due()
    tick(town)
    use_id = emergency_steps.publish_new(town)
    refused = billed.refused
    tick(town, MINUTE / 2)
    assert billed.refused > refused
    assert tick_alerts(town.database, sms=NO_SMS, now=town.clock) >= 1
    assert set(town.notified("emergency_alert")) == {"clerk"}
    with town.read() as session:
        assert {alert.trouble for alert in session.scalars(select(Alert))} == {"credits"}
    refused = billed.refused
    tick(town, MINUTE)
    assert billed.refused == refused
    billed.has_credits = True
    tick(town, QUARTER)
    tick(town)
    deliveries = emergency_steps.deliveries(town, use_id)
    assert {delivery.state for delivery in deliveries} == {DeliveryState.PUBLISHED}
    tick_alerts(town.database, sms=NO_SMS, now=town.clock)
    with town.read() as session:
        assert all(alert.settled_at for alert in session.scalars(select(Alert)))


def test_an_emergency_that_cannot_be_looked_for_alarms(town: City, billed: BilledPlatform) -> None:
    for _ in range(3):
        billed.fail_next(OutcomeUnknown(), after_keeping=True)
    emergency_steps.publish_new(town)
    town.tick_dispatch()
    assert tick_alerts(town.database, sms=NO_SMS, now=town.clock) == 0
    billed.has_credits = False
    town.tick_reconcile(MINUTE)
    assert tick_alerts(town.database, sms=NO_SMS, now=town.clock) >= 1
    with town.read() as session:
        assert {alert.trouble for alert in session.scalars(select(Alert))} == {"credits"}


def test_an_emergency_that_waited_for_a_release_says_what_it_waits_for_now(
    town: City, billed: BilledPlatform
) -> None:
    with town.write() as session:
        stop_id = stop.stop_all(session, actor=town.actor("lead"), now=town.now, reason="तपासणी").id
    emergency_steps.publish_new(town)
    town.tick_dispatch(3 * MINUTE)
    tick_alerts(town.database, sms=NO_SMS, now=town.clock)
    billed.has_credits = False
    with town.write() as session:
        stop.release(
            session, actor=town.actor("lead"), now=town.now, stop_ids=[stop_id], reason="झाले"
        )
    town.tick_dispatch(MINUTE)
    tick_alerts(town.database, sms=NO_SMS, now=town.clock)
    with town.read() as session:
        troubles = {
            (alert.trouble, alert.settled_at is None) for alert in session.scalars(select(Alert))
        }
    assert troubles == {("waiting", False), ("credits", True)}


@pytest.mark.both
def test_two_clocks_make_one_try(town: City, billed: BilledPlatform) -> None:
    billed.has_credits = False
    town.due()
    tick(town)
    town.clock.move(QUARTER)
    contexts = (town.context, town.clock_named("clock-2"))
    assert sum(platform_credits.tick_credits(context) for context in contexts) == 1
    assert billed.refused == 2


def test_credits_that_are_back_end_the_outage_of_their_platform_alone(town: City) -> None:
    with town.write() as session:
        for platform in ("x", "facebook"):
            platform_credits.record_exhaustion(session, platform, now=town.now)
        platform_credits.record_back(session, "x", now=town.now)
    with town.read() as session:
        assert set(platform_credits.outages(session)) == {"facebook"}


def test_an_account_whose_access_has_ended_says_nothing_of_credits(
    town: City, billed: BilledPlatform
) -> None:
    billed.has_credits = False
    town.due()
    tick(town)
    billed.health = Health(HealthProblem.CREDENTIALS)
    billed.has_credits = True
    tick(town, QUARTER)
    with town.read() as session:
        assert session.get_one(Account, town.accounts["x"]).state is AccountState.PAUSED
        assert session.scalars(select(CreditOutage.ended_at)).all() == [None]


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_a_day_on_which_credits_come_and_go(town: City, billed: BilledPlatform) -> None:
    """A hundred posts, each published once or missed with the reason, and none failed."""
    chance = random.Random(402)
    for _ in range(100):
        town.schedule(town.approved(), chance.randrange(24 * 60) * MINUTE, late_limit=30)
    changes = sorted(chance.sample(range(24 * 60), 40))
    for minute in range(25 * 60 // 3):
        billed.has_credits = sum(change < 3 * minute for change in changes) % 2 == 0
        tick(town, 3 * MINUTE)
    counted = states(town)
    assert set(counted) == {("published", ""), ("missed", "late_credits")}
    texts = [post.platform_id for post in billed.published]
    assert len(texts) == len(set(texts)) == counted.count(("published", ""))
    assert min(counted.count(state) for state in set(counted)) > 5
    assert billed.refused <= 25 * HOUR / QUARTER
