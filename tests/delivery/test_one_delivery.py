"""What one delivery runs through, and what happens when the tables change under it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import pytest
from sqlalchemy import text

from publisher.database.session import Database
from publisher.delivery import attempt, dispatch, sending
from publisher.delivery.claim import claim
from publisher.delivery.outcomes import NOT_STORED
from publisher.delivery.worker import Worker
from publisher.states import DeliveryState
from tests.support.city import PACE, City, city, statements
from tests.support.postgres import Server
from tests.support.runs import CHECKOUT

MOST_FILES = 12
"""Four of them look whose turn it is, which a text of no answer changes for nobody."""
ASIDE = ("publisher/models/", "publisher/database/", "publisher/platforms/", "tests/")
KILL_POINTS = "publisher/failpoints.py"
"""Its one function returns at once outside the crash tests."""

PATIENCE = 20


@pytest.mark.both
def test_few_files_have_to_be_opened_to_follow_a_delivery(town: City) -> None:
    """From its claim to its stored receipt; the loop that claims, and its poll, are beside it."""
    (delivery_id,) = town.due()
    with _executed_files() as files:
        (payload,) = claim(town.context, account_id=town.accounts["x"], most=1)
        attempt.attempt_and_store(town.context, payload)
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED
    own = {file for file in files if not file.startswith(ASIDE)} - {KILL_POINTS}
    assert len(own) <= MOST_FILES, "\n".join(sorted(own))
    assert {"publisher/delivery/claim.py", "approvals/gate.py"} <= own


@pytest.mark.both
def test_sending_is_committed_after_few_statements(town: City) -> None:
    """On PostgreSQL each is a round trip, in which 64 threads take turns at the interpreter."""
    town.due()
    (payload,) = claim(town.context, account_id=town.accounts["x"], most=1)
    with statements(town.database) as executed:
        assert sending.start(town.context, payload) is None
    assert len(executed) == (5 if town.database.is_sqlite else 4), executed


@contextmanager
def _executed_files() -> Iterator[set[str]]:
    """Collect the files of the checkout whose functions are called meanwhile."""
    files: set[str] = set()

    def note(frame: FrameType, _event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(CHECKOUT) and ".venv" not in path.parts:
            files.add(str(path.relative_to(CHECKOUT)))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(before)


CHANGES = [
    "ALTER TABLE deliveries ADD COLUMN colour integer",
    "DROP INDEX ix_deliveries_account_due",
    "CREATE INDEX ix_deliveries_colour ON deliveries (post_id, state)",
    "ALTER TABLE deliveries ALTER COLUMN claimed_by TYPE varchar(100)",
    "ALTER TABLE attempts ALTER COLUMN answer TYPE varchar(900)",
    "ALTER TABLE revisions ALTER COLUMN digest TYPE varchar(70)",
]


@pytest.fixture
def postgres_town(postgres: Server, tmp_path: Path) -> Iterator[City]:
    """Build a city in a database of its own, whose tables may be changed."""
    name = postgres.create()
    database = Database(postgres.url(name))
    yield city(database, tmp_path)
    database.dispose()
    postgres.drop(name)


@pytest.mark.ci
@pytest.mark.parametrize("change", CHANGES)
def test_a_delivery_leaves_once_after_the_tables_changed_under_its_clock(
    postgres_town: City, change: str
) -> None:
    """psycopg has prepared the statements by then; an error that says so is retried."""
    town = postgres_town
    for _ in range(8):
        town.due()
        town.tick_dispatch()
    assert _prepared_count(town) > 10
    with town.database.engine.begin() as connection:
        connection.execute(text(change))
    (delivery_id,) = town.due()
    context = replace(town.context, delivery_settings=PACE, monotonic=time.monotonic)
    worker = Worker(context)
    ends = time.monotonic() + PATIENCE
    while town.delivery(delivery_id).state is not DeliveryState.PUBLISHED:
        assert time.monotonic() < ends
        try:
            worker.run_for(0.1)
        except NOT_STORED:
            continue  # as the clock does
    worker.close()
    dispatch.run_maintenance(town.context)
    assert len(town.platform("x").published) == 9


def _prepared_count(town: City) -> int:
    with town.database.reading() as session:
        query = text("SELECT count(*) FROM pg_prepared_statements")
        return int(session.execute(query).scalar_one())
