"""Sources that are not read for thrice their interval are shown, and told once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select

from commands.health_messages import sentence
from publisher.inbox import unread
from publisher.inbox.unread import QUIET_FOR, UnreadSources, tick_unread
from publisher.models.comments import Source
from publisher.models.deliveries import Account
from publisher.models.monitoring import Outage
from publisher.operations import reading_checks
from publisher.platforms.base.protocol import TryLater
from publisher.states import AccountState
from tests.support import kept_rows
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

TOLD = ["admin", "lead"]


def unread_accounts(town: City) -> Mapping[int, UnreadSources]:
    with town.read() as session:
        return unread.unread(session, now=town.now)


def tick(town: City) -> int:
    return tick_unread(town.database, now=town.now)


def leave_unread(town: City) -> int:
    """Publish a post on X, read it once, and let four of its intervals pass; return its account."""
    town.live(on=["x"])
    town.listen()
    town.clock.move(4 * MINUTE)
    return town.accounts["x"]


def test_a_fresh_post_is_unread_after_three_minutes_and_mentions_after_six(town: City) -> None:
    town.live(on=["x"])
    read_at = town.now
    town.listen()
    town.clock.move(3 * MINUTE)
    assert unread_accounts(town) == {}
    town.clock.move(MINUTE)
    x = town.accounts["x"]
    assert unread_accounts(town)[x] == UnreadSources(1, False, read_at)
    town.clock.move(3 * MINUTE)
    assert unread_accounts(town)[x] == UnreadSources(1, True, read_at)
    town.listen()
    assert unread_accounts(town) == {}


@pytest.mark.twin
@pytest.mark.parametrize(
    ("age", "interval"),
    [(2 * HOUR, 5 * MINUTE), (2 * DAY, HOUR), (8 * DAY, 6 * HOUR)],
    ids=["hours", "days", "weeks"],
)
def test_the_interval_of_an_older_post_is_longer(
    town: City, age: timedelta, interval: timedelta
) -> None:
    town.live(on=["facebook"])
    town.clock.move(age)
    town.listen()
    town.clock.move(3 * interval)
    assert town.accounts["facebook"] not in unread_accounts(town)
    town.clock.move(MINUTE)
    assert unread_accounts(town)[town.accounts["facebook"]].posts == 1


def test_a_post_that_is_no_longer_read_is_not_unread(town: City) -> None:
    town.live(on=["facebook"])
    town.listen(31 * DAY)
    town.clock.move(31 * DAY)
    assert town.accounts["facebook"] not in unread_accounts(town)


def test_leads_and_admins_are_told_once_and_again_when_all_is_read(town: City) -> None:
    account_id = leave_unread(town)
    assert tick(town) == 1
    assert town.notified("comments_unread") == TOLD
    town.clock.move(2 * HOUR)
    assert tick(town) == 0
    town.listen()
    assert tick(town) == 1
    assert town.notified("comments_read_again") == TOLD
    assert tick(town) == 0
    assert town.verbs("accounts", account_id)[-2:] == ["comments_unread", "comments_read_again"]


def test_a_failure_that_comes_again_soon_is_told_half_an_hour_later(town: City) -> None:
    account_id = leave_unread(town)
    tick(town)
    town.listen()
    tick(town)
    town.clock.move(QUIET_FOR - MINUTE)
    assert account_id in unread_accounts(town)
    assert tick(town) == 0
    town.clock.move(MINUTE)
    assert tick(town) == 1
    assert town.notified("comments_unread") == sorted(TOLD * 2)


def test_one_failed_reading_of_a_fresh_post_is_no_event(town: City) -> None:
    town.live(on=["x"])
    town.listen()
    town.platform("x").fail_next(TryLater(), on="comments")
    town.listen(MINUTE)
    for _ in range(4):
        town.listen(MINUTE)
        assert tick(town) == 0


def test_what_no_clock_could_read_is_told_only_if_it_stays_so(town: City) -> None:
    leave_unread(town)
    with town.write() as session:
        began_at, ended_at = town.now - 4 * MINUTE, town.now
        session.add(Outage(began_at=began_at, found_at=began_at, ended_at=ended_at))
    assert tick(town) == 0
    town.clock.move(3 * MINUTE)
    assert tick(town) == 0
    town.clock.move(MINUTE)
    assert tick(town) == 1


def set_state(town: City, account_id: int, state: AccountState) -> None:
    with town.write() as session:
        account = session.get_one(Account, account_id)
        account.state, account.state_at = state, town.now


def test_a_paused_account_is_another_notice_and_has_time_after_it(town: City) -> None:
    account_id = leave_unread(town)
    set_state(town, account_id, AccountState.PAUSED)
    assert unread_accounts(town) == {}
    assert tick(town) == 0
    town.clock.move(HOUR)
    set_state(town, account_id, AccountState.CONNECTED)
    assert tick(town) == 0
    town.listen()
    town.clock.move(16 * MINUTE)
    assert tick(town) == 1


def test_a_post_found_late_counts_from_when_it_was_stored(town: City) -> None:
    town.live(on=["facebook"])
    town.listen()
    with kept_rows.changeable(town.database), town.write() as session:
        source = session.scalars(select(Source).where(Source.receipt_id.is_not(None))).one()
        source.last_read_at = None
        assert source.receipt is not None
        source.receipt.published_at = town.now - HOUR / 2
    assert unread_accounts(town) == {}
    town.clock.move(4 * MINUTE)
    assert set(unread_accounts(town)) == {town.accounts["facebook"]}


@pytest.mark.twin
def test_doctor_says_what_is_unread_since_when(town: City) -> None:
    leave_unread(town)
    (finding,) = reading_checks.check_unread_comments(town.database, now=town.now)
    assert not finding.ok
    message = sentence(finding)
    assert "since 2026-11-25 06:30 UTC (posts: 1, mentions: no)" in message
    town.listen()
    assert reading_checks.check_unread_comments(town.database, now=town.now) == []
