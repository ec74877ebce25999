"""Clocks and pages work through PgBouncer with transaction pooling."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from publisher.database.session import Database
from publisher.delivery import dispatch
from publisher.operations import health_checks
from publisher.states import DeliveryState
from tests.support import pgbouncer
from tests.support.city import City, city
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import OWNER, Server

pytestmark = [
    pytest.mark.proof,
    pytest.mark.postgres,
    pytest.mark.skipif(pgbouncer.PROGRAM is None, reason="pgbouncer is not installed"),
]
CONNECTIONS = 3
POSTS = 12


@pytest.fixture
def bouncer(postgres: Server) -> Iterator[PgBouncer]:
    """Start a PgBouncer that has three connections to each database."""
    with pgbouncer.running(postgres, connections=CONNECTIONS) as running:
        yield running


@pytest.fixture
def town(bouncer: PgBouncer, postgres_url: str, tmp_path: Path) -> Iterator[City]:
    """Open the city through it."""
    database = Database(bouncer.url(name_of(postgres_url)))
    yield city(database, tmp_path)
    database.dispose()


def name_of(url: str) -> str:
    """Return the name of the database in an address."""
    return url.partition("@/")[2].partition("?")[0]


def test_two_clocks_share_three_connections_and_send_each_post_once(
    town: City, bouncer: PgBouncer
) -> None:
    deliveries = [town.due()[0] for _ in range(POSTS)]
    clocks = [town.clock_named(name) for name in ("clock-1", "clock-2")]
    with ThreadPoolExecutor(len(clocks)) as pool:
        attempted = sum(pool.map(dispatch.tick_dispatch, clocks))
    assert attempted == POSTS
    assert len(town.platform("x").published) == POSTS
    states = {town.delivery(delivery_id).state for delivery_id in deliveries}
    assert states == {DeliveryState.PUBLISHED}
    assert 1 <= bouncer.server_connections(name_of(str(town.database.url))) <= CONNECTIONS


def test_threads_wait_for_a_connection_and_keep_their_statements_apart(town: City) -> None:
    query = text("SELECT CAST(:number AS INTEGER), pg_sleep(0.001)")

    def read(number: int) -> int:
        with town.database.reading() as session:
            return int(session.execute(query, {"number": number}).one()[0])

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(read, range(200))) == list(range(200))


def test_alter_role_takes_the_place_of_the_start_options(
    postgres: Server,
) -> None:
    name = postgres.create_empty()
    statement = sql.SQL(
        "ALTER ROLE {} IN DATABASE {} SET idle_in_transaction_session_timeout = '31s'"
    )
    assert code_through_pgbouncer(postgres, name) == "keeps_idle_locks"
    with psycopg.connect(postgres.plain_url(name), autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(OWNER), sql.Identifier(name)))
    assert code_through_pgbouncer(postgres, name) == "durable"
    postgres.drop(name)


def code_through_pgbouncer(postgres: Server, name: str) -> str:
    """Return what `doctor` finds of a database on a new connection of a new PgBouncer."""
    with (
        pgbouncer.running(postgres, connections=1) as fresh,
        Database(fresh.url(name)) as database,
    ):
        return health_checks.check_database(database).code
