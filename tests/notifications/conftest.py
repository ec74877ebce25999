"""SQLite alone, for rules in which the databases cannot differ: a test costs a tenth there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from publisher.database.session import Database


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Database]:
    """A migrated, empty database on SQLite, opened by the product."""
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()
