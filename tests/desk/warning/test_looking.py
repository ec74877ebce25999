"""Links looked at by the clock, or at once: claimed, recorded, tried again, never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

import pytest
from sqlalchemy import select

from publisher.content_checks import record
from publisher.content_checks.link_checker import PATIENCE, LinkChecker, check_now, tick_links
from publisher.database.session import Database
from publisher.media.store import Store
from publisher.models.content_checks import CheckedLink, LinkFinding
from publisher.settings.environment import Reach
from tests.desk.small_house import NOW
from tests.support.webserver import Reply, WebServer, serving

MINUTE = timedelta(minutes=1)


@pytest.fixture
def site() -> Iterator[WebServer]:
    """A web server on loopback."""
    with serving() as opened:
        yield opened


@pytest.fixture
def glass(database: Database, store: Store) -> LinkChecker:
    """What links are looked at with, in a rehearsal."""
    return LinkChecker(database, store, Reach.LOOPBACK, monotonic)


def ask(glass: LinkChecker, *urls: str, now: datetime = NOW) -> None:
    """Ask for these links, as saving a draft does."""
    with glass.database.transaction() as session:
        record.ask_for_links(session, urls, now=now)


def row(glass: LinkChecker, url: str) -> CheckedLink:
    """What is known of a link."""
    with glass.database.reading() as session:
        return session.scalars(select(CheckedLink).where(CheckedLink.url == url)).one()


def tick(glass: LinkChecker, now: datetime = NOW) -> int:
    """One tick at this time."""
    return tick_links(glass, now=lambda: now)


def test_a_tick_looks_at_what_is_due_and_keeps_what_came_of_it(
    glass: LinkChecker, site: WebServer
) -> None:
    fine, gone = site.page("/a", "<title>पाणी</title>"), site.url("/gone")
    ask(glass, fine, gone)
    assert tick(glass) == 2
    assert (row(glass, fine).finding, row(glass, fine).title) == (LinkFinding.FINE, "पाणी")
    assert (row(glass, gone).finding, row(glass, gone).code) == (LinkFinding.GONE, 404)
    assert row(glass, fine).checked_at == NOW
    assert tick(glass) == 0


def test_a_link_that_does_not_answer_is_tried_three_times_and_then_let_be(
    glass: LinkChecker, site: WebServer
) -> None:
    url = site.url("/gone")
    ask(glass, url)
    times = [NOW, NOW + 9 * MINUTE, NOW + 11 * MINUTE, NOW + 80 * MINUTE, NOW + 9_000 * MINUTE]
    assert [tick(glass, at) for at in times] == [1, 0, 1, 1, 0]
    assert row(glass, url).next_at is None


def test_a_link_that_came_back_is_dead_no_longer(glass: LinkChecker, site: WebServer) -> None:
    url = site.url("/a")
    ask(glass, url)
    tick(glass)
    site.page("/a")
    tick(glass, NOW + 11 * MINUTE)
    assert row(glass, url).finding is LinkFinding.FINE


def test_no_transaction_is_open_while_a_link_is_looked_at(
    glass: LinkChecker, site: WebServer
) -> None:
    url = site.url("/slow")
    site.replies["/slow"] = Reply(b"x" * 8, drips=True)
    ask(glass, url)
    written: list[bool] = []

    def clock() -> float:
        if not written and site.asked:
            ask(glass, "http://other.example/")  # another writer gets through at once
            written.append(True)
        return monotonic()

    watched = LinkChecker(glass.database, glass.store, glass.reach, clock)
    tick(watched)
    assert written == [True]
    assert row(glass, url).finding is LinkFinding.FINE


def test_looking_at_once_takes_no_longer_than_a_page_may(
    glass: LinkChecker, site: WebServer
) -> None:
    slow = site.url("/slow")
    site.replies["/slow"] = Reply(b"x" * 1_000, drips=True)
    fine = site.page("/a")
    begun = monotonic()
    check_now(glass, [slow, fine], now=NOW)
    assert monotonic() - begun < PATIENCE + 1
    assert row(glass, fine).finding is LinkFinding.FINE


def test_where_none_may_be_asked_none_is(glass: LinkChecker, site: WebServer) -> None:
    nowhere = LinkChecker(glass.database, glass.store, Reach.NONE, monotonic)
    url = site.page("/a")
    assert check_now(nowhere, [url], now=NOW) == 0
    assert tick(nowhere) == 0
    assert site.asked == []
    assert row(glass, url).finding is None


def test_in_a_rehearsal_a_link_to_another_host_is_let_be(glass: LinkChecker) -> None:
    ask(glass, "https://pmc.example/a", "http://localhost.pmc.example/")
    assert tick(glass) == 0
    left = row(glass, "https://pmc.example/a")
    assert (left.finding, left.next_at) == (None, None)


def test_two_clocks_do_not_look_at_the_same_link(glass: LinkChecker, site: WebServer) -> None:
    url = site.page("/a")
    ask(glass, url)
    counted: list[int] = []

    def clock() -> float:
        if not counted:
            counted.append(tick(glass))
        return monotonic()

    assert tick(LinkChecker(glass.database, glass.store, glass.reach, clock)) == 1
    assert counted == [0]
