"""A clock that dies while it listens, and a backup or a restore that is cut off."""

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
from tests.crash.house import PATIENCE, House
from tests.crash.verdict import judge
from tests.support import sqlite
from tests.support.city_people import as_of
from tests.support.postgres import Server

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", points.LISTENING)
def test_a_clock_killed_while_reading_comments_stores_and_routes_each_once(
    installation: House, name: str
) -> None:
    installation.posts(3, on=["x"])
    installation.drain()
    under = str(installation.ledger("x")[0]["id"])
    comment_ids = set()
    for number in range(2):
        comment_ids.add(
            installation.say("x", f"पाणी कधी येणार? {number}", under=under, author="@udaharan")
        )
        installation.listen_soon()
        installation.die_at(name)
    installation.listen_soon()
    clock = installation.clock()
    installation.wait_for(lambda: len(_comments(installation)) == 2)
    clock.stop(within=PATIENCE)
    comments = _comments(installation)
    assert sorted(comment.platform_id for comment in comments) == sorted(comment_ids)
    assert {comment.state for comment in comments} == {CommentState.ROUTED}
    assert all(comment.department_id and comment.due_at > now() for comment in comments)


def _comments(installation: House) -> list[Comment]:
    with installation.database.reading() as session:
        return list(session.scalars(select(Comment)))


@pytest.fixture
def empty_url(installation: House, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the same kind in which there is nothing yet."""
    if installation.database.is_sqlite:
        yield sqlite.address(tmp_path / "another.db")
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create_empty()
    yield server.url(name)
    installation.database.dispose()
    server.drop(name)


def test_an_interrupted_backup_or_restore_leaves_nothing(
    installation: House, empty_url: str, tmp_path: Path
) -> None:
    """What fell due after the backup is live already: the restored house finds it, once."""
    file = tmp_path / "house.backup"
    installation.posts(6)
    installation.drain()
    installation.posts(6, due=now() + timedelta(seconds=2))
    installation.dies("backup.unfinished", "backup", str(file))
    assert not file.exists()
    installation.does("backup", str(file))
    installation.drain()
    installation.move_to(empty_url)
    installation.dies("restore.in_commit", "restore", str(file))
    assert _rows(installation.database) == (0, 0)
    installation.does("restore", str(file))
    assert _rows(installation.database) == (12, 1)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 12
    assert installation.count(DeliveryState.SCHEDULED) == 0


def test_a_restore_killed_before_its_checks_sends_nothing_twice(
    installation: House, empty_url: str, tmp_path: Path
) -> None:
    """What was moved forward and sent after the backup is found by the clock, under the stop."""
    file = tmp_path / "house.backup"
    installation.posts(6, due=now() + timedelta(hours=1))
    installation.does("backup", str(file))
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now()))
    installation.drain()
    assert installation.count(DeliveryState.PUBLISHED) == 6
    installation.move_to(empty_url)
    installation.dies("restore.unsought", "restore", str(file))
    assert installation.count(DeliveryState.SCHEDULED) == 6
    with pytest.raises(Invalid):
        _release(installation)
    installation.does("clock", "--once")
    assert installation.count(DeliveryState.SCHEDULED) == 0
    installation.drain()
    _release(installation)
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now()))
    installation.does("clock", "--once")
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 6


def _release(installation: House) -> None:
    """The lead releases whatever stands, and says nothing of what is in doubt."""
    with installation.database.transaction() as session:
        stops = [open_stop.id for open_stop in stop.open_stops(session)]
        assert stops
        lead = as_of(installation.town.actor("lead"), now())
        stop.release(session, actor=lead, now=now(), stop_ids=stops, reason="पाहिले.")


def _rows(database: Database) -> tuple[int, int]:
    """How many deliveries and stops there are."""
    with database.reading() as session:
        deliveries, stops = session.scalars(select(Delivery)), session.scalars(select(Stop))
        return len(list(deliveries)), len(list(stops))
