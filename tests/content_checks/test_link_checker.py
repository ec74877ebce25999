"""Links are checked by the clock or at once: claimed, recorded, retried, and never blocking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

import pytest
from sqlalchemy import select

from publisher.content_checks import record
from publisher.content_checks.link_checker import PAGE_TIMEOUT, LinkChecker, check_now, tick_links
from publisher.database.session import Database
from publisher.media.folder_store import FolderStore
from publisher.models.content_checks import CheckedLink, LinkFinding
from publisher.settings.environment import Reach
from tests.support.city_people import NOON
from tests.support.webserver import Reply, WebServer, serving

MINUTE = timedelta(minutes=1)


@pytest.fixture
def site() -> Iterator[WebServer]:
    """Run a web server on loopback."""
    with serving() as opened:
        yield opened


@pytest.fixture
def link_checker(database: Database, store: FolderStore) -> LinkChecker:
    """Return a link checker of a rehearsal, which may connect to loopback."""
    return LinkChecker(database, store, Reach.LOOPBACK, monotonic)


def request_checks(link_checker: LinkChecker, *urls: str, now: datetime = NOON) -> None:
    """Request checks of these links, as saving a draft does."""
    with link_checker.database.transaction() as session:
        record.ask_for_links(session, urls, now=now)


def link_row(link_checker: LinkChecker, url: str) -> CheckedLink:
    """Return the row of a link."""
    with link_checker.database.reading() as session:
        return session.scalars(select(CheckedLink).where(CheckedLink.url == url)).one()


def tick(link_checker: LinkChecker, now: datetime = NOON) -> int:
    """Run one tick at this time."""
    return tick_links(link_checker, now=lambda: now)


def test_a_tick_looks_at_what_is_due_and_keeps_what_came_of_it(
    link_checker: LinkChecker, site: WebServer
) -> None:
    fine, gone = site.page("/a", "<title>पाणी</title>"), site.url("/gone")
    request_checks(link_checker, fine, gone)
    assert tick(link_checker) == 2
    assert (link_row(link_checker, fine).finding, link_row(link_checker, fine).title) == (
        LinkFinding.FINE,
        "पाणी",
    )
    assert (link_row(link_checker, gone).finding, link_row(link_checker, gone).code) == (
        LinkFinding.GONE,
        404,
    )
    assert link_row(link_checker, fine).checked_at == NOON
    assert tick(link_checker) == 0


def test_a_link_that_does_not_answer_is_tried_three_times_and_then_let_be(
    link_checker: LinkChecker, site: WebServer
) -> None:
    url = site.url("/gone")
    request_checks(link_checker, url)
    times = [NOON, NOON + 9 * MINUTE, NOON + 11 * MINUTE, NOON + 80 * MINUTE, NOON + 9_000 * MINUTE]
    assert [tick(link_checker, at) for at in times] == [1, 0, 1, 1, 0]
    assert link_row(link_checker, url).next_at is None


def test_a_link_that_came_back_is_dead_no_longer(
    link_checker: LinkChecker, site: WebServer
) -> None:
    url = site.url("/a")
    request_checks(link_checker, url)
    tick(link_checker)
    site.page("/a")
    tick(link_checker, NOON + 11 * MINUTE)
    assert link_row(link_checker, url).finding is LinkFinding.FINE


def test_no_transaction_is_open_while_a_link_is_looked_at(
    link_checker: LinkChecker, site: WebServer
) -> None:
    url = site.url("/slow")
    site.replies["/slow"] = Reply(b"x" * 8, drips=True)
    request_checks(link_checker, url)
    written: list[bool] = []

    def clock() -> float:
        if not written and site.paths:
            request_checks(
                link_checker, "http://other.example/"
            )  # another writer gets through at once
            written.append(True)
        return monotonic()

    watched = LinkChecker(link_checker.database, link_checker.store, link_checker.reach, clock)
    tick(watched)
    assert written == [True]
    assert link_row(link_checker, url).finding is LinkFinding.FINE


@pytest.mark.proof
def test_looking_at_once_takes_no_longer_than_a_page_may(
    link_checker: LinkChecker, site: WebServer
) -> None:
    slow = site.url("/slow")
    site.replies["/slow"] = Reply(b"x" * 1_000, drips=True)
    fine = site.page("/a")
    begun = monotonic()
    check_now(link_checker, [slow, fine], now=NOON)
    assert monotonic() - begun < PAGE_TIMEOUT + 1
    assert link_row(link_checker, fine).finding is LinkFinding.FINE


def test_where_none_may_be_asked_none_is(link_checker: LinkChecker, site: WebServer) -> None:
    nowhere = LinkChecker(link_checker.database, link_checker.store, Reach.NONE, monotonic)
    url = site.page("/a")
    assert check_now(nowhere, [url], now=NOON) == 0
    assert tick(nowhere) == 0
    assert site.paths == []
    assert link_row(link_checker, url).finding is None


def test_in_a_rehearsal_a_link_to_another_host_is_let_be(link_checker: LinkChecker) -> None:
    request_checks(link_checker, "https://pmc.example/a", "http://localhost.pmc.example/")
    assert tick(link_checker) == 0
    link = link_row(link_checker, "https://pmc.example/a")
    assert (link.finding, link.next_at) == (None, None)


@pytest.mark.twin
def test_two_clocks_do_not_look_at_the_same_link(
    link_checker: LinkChecker, site: WebServer
) -> None:
    url = site.page("/a")
    request_checks(link_checker, url)
    counted: list[int] = []

    def clock() -> float:
        if not counted:
            counted.append(tick(link_checker))
        return monotonic()

    assert (
        tick(LinkChecker(link_checker.database, link_checker.store, link_checker.reach, clock)) == 1
    )
    assert counted == [0]
