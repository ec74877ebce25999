"""Posts of an account are read together on X: within its limits, none missed and none twice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.delivery import platform_credits
from publisher.inbox.reading_groups import (
    MOST_REQUESTS,
    AgeGroup,
    Member,
    Reading,
    lease_companions,
)
from publisher.models.comments import Source
from publisher.models.deliveries import ReceiptRow
from publisher.platforms.base.protocol import Platform
from publisher.platforms.base.types import SharedPage
from publisher.platforms.x.platform import XPlatform
from tests.inbox.x_city import XCity, open_x_city, some_of
from tests.support.city import City, statements
from tests.support.city_people import HOUR, MINUTE

QUARTER = timedelta(minutes=15)
STEP = timedelta(seconds=20)
RUN = 20 * MINUTE


class RunsOut(XPlatform):
    """An account on X whose credits end after the first page of a search."""

    def __init__(self, x_city: XCity, platform: Platform) -> None:
        self.__dict__.update(vars(platform))
        self._x_city = x_city

    def comments_under(self, cursors: Mapping[str, str | None]) -> Iterator[SharedPage]:
        """Yield the first page, and search on without credits."""
        pages = super().comments_under(cursors)
        yield next(pages)
        self._x_city.set_switches(x_credits="used_up")
        yield from pages


@pytest.fixture
def x_city(town: City, tmp_path: Path) -> Iterator[XCity]:
    with open_x_city(town, tmp_path) as city:
        yield city


def _publish_over(x_city: XCity, count: int, span: timedelta) -> None:
    began = x_city.town.now - span
    for number in range(count):
        x_city.publish(f"सूचना {number}", began + number * span / count)


@pytest.mark.proof
@pytest.mark.timeout(240)
@pytest.mark.parametrize("span", [23 * HOUR, 55 * MINUTE], ids=["a day", "an hour"])
def test_300_posts_of_a_day_stay_within_300_requests_in_15_minutes(
    x_city: XCity, span: timedelta
) -> None:
    """Comments come all the time, a post is found hours late, and new ones are published."""
    chance = random.Random(300)
    late_at = x_city.town.now - 12 * HOUR
    late = x_city.publish("हाताने", late_at, is_known=False)
    for number in range(3):
        x_city.comment(late, at=late_at + number * HOUR)
    _publish_over(x_city, 300, span)
    ends_at = x_city.town.now + RUN
    while x_city.town.now < ends_at:
        for post_id in some_of(chance, x_city.post_ids, 4):
            x_city.comment(post_id)
        if late not in x_city.post_ids and x_city.town.now > ends_at - RUN / 2:
            x_city.record(late, late_at)
            x_city.publish("आत्ताच", x_city.town.now)
        x_city.listen(STEP)
    for _ in range(4):
        x_city.listen(2 * MINUTE)
    assert x_city.stored() == x_city.written()
    searched = x_city.requests("search")
    assert {row["code"] for row in searched} == {200}
    times = [datetime.fromisoformat(row["at"]) for row in searched]
    assert max(sum(at <= other < at + QUARTER for other in times) for at in times) <= 300


def test_the_budget_is_asked_once_for_all_posts_of_a_reading(x_city: XCity) -> None:
    _publish_over(x_city, 5, 10 * MINUTE)
    x_city.listen()
    before = len(x_city.requests("search"))
    with statements(x_city.town.database) as executed:
        x_city.listen(10 * MINUTE)
    assert len(x_city.requests("search")) == before + 1
    asked = [statement for statement in executed if _asks_the_budget(statement)]
    assert len(asked) == 2  # for the posts, and for the mentions


def test_posts_of_other_ages_do_not_slow_the_reading_of_a_post(x_city: XCity) -> None:
    for number, age in enumerate([*[12 * HOUR] * 24, MINUTE, MINUTE], 1):
        x_city.record(f"{number}", x_city.town.now - age)
    x_city.listen()
    with x_city.town.read() as session:
        newest = select(Source).join(ReceiptRow).order_by(ReceiptRow.published_at.desc()).limit(1)
        source = session.scalars(newest).one()
        account, member, now = source.account, Member.of(source), x_city.town.now
    age_group = AgeGroup(now - HOUR, now, MINUTE)
    reading = Reading(account, (member,), age_group)
    reading = lease_companions(x_city.context, x_city.open(account), reading)
    assert reading.least_pause == QUARTER / MOST_REQUESTS


def _asks_the_budget(statement: str) -> bool:
    return statement.startswith("SELECT EXISTS") and "FROM allowances" in statement


def test_a_post_that_joins_is_read_from_its_own_beginning(
    x_city: XCity,
) -> None:
    _publish_over(x_city, 3, 10 * MINUTE)
    x_city.listen()
    first = x_city.comment(x_city.post_ids[0])
    assert x_city.listen(HOUR / 2) == 1
    late_at = x_city.town.now - 50 * MINUTE
    old = x_city.publish("हाताने", late_at, is_known=False)
    early = x_city.comment(old, at=late_at + MINUTE)
    x_city.record(old, late_at)
    x_city.read_soon()
    before = len(x_city.requests("search"))
    assert x_city.listen() == 1
    assert len(x_city.requests("search")) == before + 1
    assert x_city.stored() == {first: x_city.post_ids[0], early: old}


def test_cursors_move_only_with_the_last_page_and_then_all(x_city: XCity) -> None:
    """X answers the first page, and is away at the second one."""
    _publish_over(x_city, 3, 10 * MINUTE)
    x_city.listen(MINUTE)
    before = x_city.cursors()
    busy, quiet = x_city.post_ids[0], x_city.post_ids[1]
    comments = [x_city.comment(busy, f"{number}") for number in range(130)]
    x_city.fault("search", "error_before", skip=1)
    assert x_city.listen(HOUR / 4) == 100
    assert x_city.cursors() == before
    assert x_city.listen(10 * MINUTE) == 30
    (cursor,) = set(x_city.cursors().values())
    assert int(str(cursor).removesuffix("||")) >= int(comments[-1])
    under_quiet = x_city.comment(quiet)
    assert x_city.listen(HOUR / 4) == 1
    assert x_city.stored()[under_quiet] == quiet
    assert x_city.stored() == x_city.written()


def test_credits_that_end_between_two_pages_lose_and_double_nothing(x_city: XCity) -> None:
    _publish_over(x_city, 3, 10 * MINUTE)
    x_city.listen(MINUTE)
    before = x_city.cursors()
    for number in range(130):
        x_city.comment(x_city.post_ids[0], f"{number}")
    x_city.comment(x_city.post_ids[1])
    opened = x_city.context.open_account
    x_city.context = replace(
        x_city.context, open_account=lambda account: RunsOut(x_city, opened(account))
    )
    assert x_city.listen(HOUR / 4) == 100
    assert (x_city.cursors(), x_city.codes("search")[-1]) == (before, 402)
    assert x_city.listen(HOUR / 4) == 0
    x_city.context = replace(x_city.context, open_account=opened)
    x_city.set_switches(x_credits="left")
    assert platform_credits.tick_credits(x_city.context) == 1
    assert x_city.listen() == 31
    assert x_city.stored() == x_city.written()


def test_a_query_that_x_refuses_is_made_for_each_post_alone(x_city: XCity) -> None:
    _publish_over(x_city, 3, 10 * MINUTE)
    x_city.listen(MINUTE)
    comments = {x_city.comment(post_id): post_id for post_id in x_city.post_ids}
    x_city.fault("search", "blocked")
    before = len(x_city.requests("search"))
    assert x_city.listen(HOUR / 4) == 3
    assert x_city.stored() == comments
    assert len(x_city.requests("search")) == before + 3
    x_city.listen(HOUR / 4)
    assert len(x_city.requests("search")) == before + 4
