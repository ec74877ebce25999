"""No transaction is open during a platform call: a slow platform must not block the product."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import psycopg
import pytest

from publisher.platforms.base.protocol import Deadline, OutcomeUnknown
from publisher.platforms.base.types import (
    CommentPage,
    CommentSource,
    Match,
    Outgoing,
    PreparedPost,
    Receipt,
)
from tests.support.city import City
from tests.support.memory_platform.platform import MemoryPlatform

pytestmark = pytest.mark.both


class _LockCheckingPlatform(MemoryPlatform):
    """Checks the database's locks during each call."""

    def __init__(self, town: City, free: Callable[[], bool]) -> None:
        super().__init__(now=town.clock, name="x")
        self.found: dict[str, bool] = {}
        self._free = free

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        self.found["prepare"] = self._free()
        return super().prepare(outgoing, deadline=deadline)

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        self.found["publish"] = self._free()
        return super().publish(prepared, deadline=deadline)

    def look_up(
        self,
        outgoing: Outgoing,
        *,
        since: datetime,
        near: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Match | None:
        self.found["look_up"] = self._free()
        return super().look_up(outgoing, since=since, near=near, known_ids=known_ids)

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        self.found["comments_since"] = self._free()
        return super().comments_since(source, cursor)


def _is_free(town: City) -> bool:
    """Return whether no transaction writes or is idle."""
    url = town.database.url
    if town.database.is_sqlite:
        return _can_write(url.removeprefix("sqlite:///"))
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as other:
        row = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
        ).fetchone()
    return row is not None and row[0] == 0


def _can_write(file: str) -> bool:
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        other.close()
    return True


@pytest.fixture
def lock_checking_x(town: City) -> _LockCheckingPlatform:
    """Replace X by a platform that checks the locks."""
    platform = _LockCheckingPlatform(town, lambda: _is_free(town))
    town.platforms[town.accounts["x"]] = platform
    return platform


def test_no_transaction_is_open_while_a_platform_is_called(
    town: City, lock_checking_x: _LockCheckingPlatform
) -> None:
    lock_checking_x.fail_next(OutcomeUnknown("reset"), after_keeping=True)
    town.live()
    town.tick_reconcile(timedelta(minutes=1))
    town.listen(timedelta(minutes=10))
    assert lock_checking_x.found == {
        "prepare": True,
        "publish": True,
        "look_up": True,
        "comments_since": True,
    }
