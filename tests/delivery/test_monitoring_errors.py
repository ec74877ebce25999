"""Errors while polling: a failing post waits alone, limits are kept, and errors prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from publisher.delivery.monitoring import poll
from publisher.models.deliveries import Account
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Platform,
    PlatformError,
    PostOrError,
    TryLater,
)
from publisher.platforms.base.types import Allowance, Health, HealthProblem
from publisher.states import AccountState
from tests.delivery.test_monitoring import QUARTER, REFUSED, poll_for
from tests.delivery.test_monitoring_batches import RecordingPlatform
from tests.support.city import City
from tests.support.city_people import DAY, HOUR
from tests.support.memory_platform.store import OURSELVES

Fails = Callable[[Sequence[str]], PlatformError | None]
ENDED = CredentialsExpired("190")


class FailingPlatform(RecordingPlatform):
    """Fails the whole request if `fails` returns an error for its ids."""

    def __init__(self, town: City, *, at_once: int) -> None:
        super().__init__(town, at_once=at_once)
        self.fails: Fails = lambda _: None

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        remote_posts = super().see_many(platform_ids)
        problem = self.fails(platform_ids)
        if problem is not None:
            raise problem
        return remote_posts


def publish_posts(town: City, number: int, *, at_once: int, on: str = "x") -> FailingPlatform:
    """Publish this many posts on a platform that reads `at_once` posts in a request."""
    platform = FailingPlatform(town, at_once=at_once)
    town.platforms[town.accounts[on]] = platform
    for _ in range(number):
        town.live(on=[on])
    return platform


def wait_until_due(town: City) -> list[str]:
    """Let all live posts be due for polling; return their platform ids, the longest due first."""
    poll.tick_watching(town.context)
    town.clock.move(DAY)
    with town.read() as session:
        query = select(Watch).order_by(Watch.look_at, Watch.id)
        return [watch.receipt.platform_id for watch in session.scalars(query)]


def watches(town: City) -> dict[str, Watch]:
    """Return the watches by the platform's ids."""
    with town.read() as session:
        return {watch.receipt.platform_id: watch for watch in session.scalars(select(Watch))}


@pytest.mark.parametrize("trouble", [REFUSED, TryLater()])
def test_one_for_which_a_whole_request_fails_waits_alone(
    town: City, trouble: PlatformError
) -> None:
    platform = publish_posts(town, 8, at_once=8)
    ids = wait_until_due(town)
    bad = ids[2]
    platform.fails = lambda ids_asked: trouble if bad in ids_asked else None
    poll.tick_watching(town.context)
    assert platform.asked == [ids, ids[:2], ids[2:4], [bad]]
    assert watches(town)[bad].look_at == town.now + HOUR
    assert poll.tick_watching(town.context) == 5
    assert {key for key, watch in watches(town).items() if watch.looked_at} == {*ids} - {bad}


def test_where_a_large_request_never_ends_smaller_ones_are_made(town: City) -> None:
    platform = publish_posts(town, 8, at_once=8)
    ids = wait_until_due(town)
    platform.fails = lambda ids_asked: TryLater() if len(ids_asked) > 2 else None
    poll.tick_watching(town.context)
    assert [len(batch) for batch in platform.asked] == [8, 2, 2, 2]
    poll.tick_watching(town.context)
    assert all(watches(town)[platform_id].looked_at == town.now for platform_id in ids)


def test_an_account_is_not_checked_before_the_time_that_its_platform_names(
    town: City,
) -> None:
    platform = publish_posts(town, 4, at_once=2)
    ids = wait_until_due(town)
    until = town.now + 3 * HOUR
    platform.fails = lambda _: TryLater(until)
    assert poll.tick_watching(town.context) == 2
    platform.fails = lambda _: None
    assert poll_for(town, 2 * HOUR) == 0
    (delivery,) = town.live(on=["x"])
    assert town.delivery(delivery).state == "published"
    assert platform.asked == [ids[:2]]
    town.clock.move(until - town.now)
    assert poll.tick_watching(town.context) == 4


@pytest.mark.parametrize(
    ("name", "remaining", "looks"),
    [
        ("publish.page_hour", 49, 2),
        ("publish.page_hour", 50, 4),
        ("publish.15min", 1, 4),
        ("see.15min", 0, 4),
    ],
)
def test_looks_leave_half_of_a_share_of_an_hour_to_publishing(
    town: City, name: str, remaining: int, looks: int
) -> None:
    platform = publish_posts(town, 4, at_once=2)
    wait_until_due(town)
    platform.allowances = (Allowance(name, 100, remaining, None),)
    assert poll.tick_watching(town.context) == looks
    assert poll.tick_watching(town.context) == 0
    (delivery,) = town.live(on=["x"])
    assert town.delivery(delivery).state == "published"
    platform.allowances = ()
    town.clock.move(HOUR)
    assert poll.tick_watching(town.context) == 4 - looks


def test_an_account_is_opened_with_the_access_that_it_has_by_then(town: City) -> None:
    platform = publish_posts(town, 1, at_once=1)
    publish_posts(town, 1, at_once=1, on="facebook")
    wait_until_due(town)
    opened: list[str] = []

    def note(account: Account) -> Platform:
        opened.append(account.credentials)
        return town.platforms[account.id]

    platform.meanwhile = lambda: change_credentials(town, "x", "facebook")
    poll.tick_watching(replace(town.context, open_account=note), rounds=1)
    assert opened == ["", "new"]


def change_credentials(town: City, *names: str) -> None:
    """Store other credentials for these accounts."""
    with town.write() as session:
        for name in names:
            session.get_one(Account, town.accounts[name]).credentials = "new"


def test_an_old_access_that_ended_does_not_pause_an_account_connected_anew(town: City) -> None:
    platform = publish_posts(town, 1, at_once=1)
    wait_until_due(town)
    platform.meanwhile = lambda: change_credentials(town, "x")
    platform.fails = lambda _: ENDED
    poll.tick_watching(town.context)
    with town.read() as session:
        assert session.get_one(Account, town.accounts["x"]).state is AccountState.CONNECTED
    platform.fails = lambda _: None
    assert poll.tick_watching(town.context) == 1


def _lacks(town: City, platform: FailingPlatform) -> None:
    del town
    platform.health = Health(None, OURSELVES, missing=("pages_read_engagement",))


def _fails(town: City, platform: FailingPlatform) -> None:
    del town
    platform.health = Health(HealthProblem.PERMISSION)


def _is_known_to_lack(town: City, platform: FailingPlatform) -> None:
    del platform
    with town.write() as session:
        session.get_one(Account, town.accounts["x"]).missing = ["pages_read_engagement"]


def _shows_nothing(town: City, platform: FailingPlatform) -> None:
    del town
    for _ in range(3):
        platform.fail_next(REFUSED, on="look_up")


DOUBTS = (_lacks, _fails, _is_known_to_lack, _shows_nothing)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_many_missing_posts_are_not_believed_if_a_right_may_be_lost(
    town: City, doubt: Callable[[City, FailingPlatform], None]
) -> None:
    platform = publish_posts(town, 7, at_once=5)
    ids = wait_until_due(town)
    platform.posts.clear()
    doubt(town, platform)
    poll.tick_watching(town.context)
    assert platform.asked == [ids[:5]]
    watches_by_id = watches(town)
    assert [platform_id for platform_id in ids if watches_by_id[platform_id].absent_at] == []
    assert [watches_by_id[platform_id].look_at for platform_id in ids[:5]] == [town.now + HOUR] * 5


def test_many_missing_posts_are_believed_of_a_healthy_account(town: City) -> None:
    platform = publish_posts(town, 5, at_once=5)
    ids = wait_until_due(town)
    platform.posts.clear()
    for _ in range(2):
        poll.tick_watching(town.context)
        town.clock.move(QUARTER)
    assert all(watches(town)[platform_id].found_gone_at for platform_id in ids)


@pytest.mark.parametrize(("number", "remaining"), [(4, 0), (6, 1)])
def test_a_few_or_not_all_are_believed_as_they_are(town: City, number: int, remaining: int) -> None:
    platform = publish_posts(town, number, at_once=number)
    ids = wait_until_due(town)
    del platform.posts[remaining:]
    _fails(town, platform)
    poll.tick_watching(town.context)
    assert (
        len([platform_id for platform_id in ids if watches(town)[platform_id].absent_at])
        == number - remaining
    )


def test_an_account_that_is_done_takes_no_request_from_the_others(town: City) -> None:
    away = publish_posts(town, 1, at_once=1)
    other = publish_posts(town, 3, at_once=1, on="facebook")
    wait_until_due(town)
    away.fails = lambda _: TryLater()
    assert poll.tick_watching(town.context, most=3) == 3
    assert (len(away.asked), len(other.asked)) == (1, 2)
