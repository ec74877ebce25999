"""A clock that dies while it reads comments, and an interrupted backup or restore."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from publisher.database.session import Database
from publisher.delivery.controls import stop
from publisher.models.comments import Comment
from publisher.models.controls import Stop
from publisher.models.deliveries import Delivery
from publisher.now import now
from publisher.states import CommentState, DeliveryState
from publisher.validation import Invalid
from tests.crash import points
from tests.crash.clock_installation import TIMEOUT, ClockInstallation
from tests.crash.verdict import judge
from tests.support import sqlite
from tests.support.city_people import as_of
from tests.support.postgres import Server

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("name", points.LISTENING)
def test_a_clock_killed_while_reading_comments_stores_and_routes_each_once(
    installation: ClockInstallation, name: str
) -> None:
    installation.add_posts(3, on=["x"])
    installation.drain()
    under = str(installation.ledger("x")[0]["id"])
    comment_ids = set()
    for number in range(2):
        comment_ids.add(
            installation.add_comment(
                "x", f"पाणी कधी येणार? {number}", under=under, author="@udaharan"
            )
        )
        installation.read_comments_soon()
        installation.run_clock_until_killed(name)
    installation.read_comments_soon()
    clock = installation.start_clock()
    installation.wait_for(lambda: len(_comments(installation)) == 2)
    clock.stop(within=TIMEOUT)
    comments = _comments(installation)
    assert sorted(comment.platform_id for comment in comments) == sorted(comment_ids)
    assert {comment.state for comment in comments} == {CommentState.ROUTED}
    assert all(comment.department_id and comment.due_at > now() for comment in comments)


@pytest.mark.parametrize("name", points.BETWEEN_PAGES)
def test_a_clock_killed_between_two_pages_stores_each_once(
    installation: ClockInstallation, name: str
) -> None:
    """Two posts are read together; each kill comes with new comments, more than a page of them."""
    installation.add_posts(3, on=["x"])
    installation.drain()
    roots = [str(post["id"]) for post in installation.ledger("x")]
    comment_ids = set()
    for number in range(2):
        for index in range(110):
            comment_ids.add(
                installation.add_comment(
                    "x", f"{number}/{index}", under=roots[index % 2], author="@udaharan"
                )
            )
        installation.read_comments_soon()
        installation.run_clock_until_killed(name)
    installation.read_comments_soon()
    clock = installation.start_clock()
    installation.wait_for(lambda: len(_comments(installation)) >= len(comment_ids))
    clock.stop(within=TIMEOUT)
    stored_ids = [comment.platform_id for comment in _comments(installation)]
    assert sorted(stored_ids) == sorted(comment_ids)


def _comments(installation: ClockInstallation) -> list[Comment]:
    with installation.database.reading() as session:
        return list(session.scalars(select(Comment)))


@pytest.fixture
def empty_url(
    installation: ClockInstallation, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """Create an empty database of the same kind."""
    if installation.database.is_sqlite:
        yield sqlite.address(tmp_path / "restored.db")
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create_empty()
    yield server.url(name)
    installation.database.dispose()
    server.drop(name)


def test_an_interrupted_backup_or_restore_leaves_nothing(
    installation: ClockInstallation, empty_url: str, tmp_path: Path
) -> None:
    """Posts that went live after the backup are found once after the restore."""
    file = tmp_path / "city.backup"
    installation.add_posts(6)
    installation.drain()
    installation.add_posts(6, due=now() + timedelta(seconds=2))
    installation.run_until_killed("backup.unfinished", "backup", str(file))
    assert not file.exists()
    installation.run("backup", str(file))
    installation.drain()
    installation.use_database(empty_url)
    installation.run_until_killed("restore.in_commit", "restore", str(file))
    assert _rows(installation.database) == (0, 0)
    installation.run("restore", str(file))
    assert _rows(installation.database) == (12, 1)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 12
    assert installation.delivery_count(DeliveryState.SCHEDULED) == 0


def test_a_restore_killed_before_its_checks_sends_nothing_twice(
    installation: ClockInstallation, empty_url: str, tmp_path: Path
) -> None:
    """The clock finds the posts that were sent after the backup while publishing is stopped."""
    file = tmp_path / "city.backup"
    installation.add_posts(6, due=now() + timedelta(hours=1))
    installation.run("backup", str(file))
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now()))
    installation.drain()
    assert installation.delivery_count(DeliveryState.PUBLISHED) == 6
    installation.use_database(empty_url)
    installation.run_until_killed("restore.unsought", "restore", str(file))
    assert installation.delivery_count(DeliveryState.SCHEDULED) == 6
    with pytest.raises(Invalid):
        _release(installation)
    installation.run("clock", "--once")
    assert installation.delivery_count(DeliveryState.SCHEDULED) == 0
    installation.drain()
    _release(installation)
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now()))
    installation.run("clock", "--once")
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 6


def _release(installation: ClockInstallation) -> None:
    """Release all stops as the lead."""
    with installation.database.transaction() as session:
        stops = [open_stop.id for open_stop in stop.open_stops(session)]
        assert stops
        lead = as_of(installation.town.actor("lead"), now())
        stop.release(session, actor=lead, now=now(), stop_ids=stops, reason="पाहिले.")


def _rows(database: Database) -> tuple[int, int]:
    """Return the numbers of deliveries and stops."""
    with database.reading() as session:
        deliveries, stops = session.scalars(select(Delivery)), session.scalars(select(Stop))
        return len(list(deliveries)), len(list(stops))
