"""The query plans of frequent statements use their indexes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select, text

from publisher.database.bulk import column_equals
from publisher.database.prepared_statements import BoundStatement, PreparedStatement, Value, run
from publisher.database.session import Database, table_of
from publisher.delivery import claim, receipts
from publisher.delivery.receipts import Completion
from publisher.models.deliveries import Delivery
from publisher.states import DeliveryState
from publisher.transitions import DELIVERY_ID
from tests.support.city import City, city
from tests.support.claims import receipt_for, start_sending

pytestmark = pytest.mark.both


def _plan(connection: Connection, call: BoundStatement) -> str:
    """Return the query plan; PostgreSQL is kept from scanning small tables."""
    form = call.prepared.compiled_for(connection.dialect)
    if connection.dialect.name == "sqlite":
        plan_lines = connection.connection.cursor().execute(
            f"EXPLAIN QUERY PLAN {form.text}", form.positional(call.values)
        )
        return "\n".join(str(row[3]) for row in plan_lines)
    run(connection, call)  # that PostgreSQL knows it
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    plan_lines = connection.exec_driver_sql(f"EXPLAIN {form.execute_text(call)}")
    return "\n".join(str(row[0]) for row in plan_lines)


@pytest.mark.parametrize(
    ("statement", "index"),
    [(claim.URGENT, "ix_deliveries_urgent"), (claim.OTHERS, "ix_deliveries_account_due")],
)
def test_claim_candidates_are_read_in_order_from_an_index(
    town: City, statement: PreparedStatement, index: str
) -> None:
    values: dict[str, Value] = {
        "now": town.now,
        "account_id": town.accounts["x"],
        "limit": 5,
    }
    with town.database.connection() as connection:
        plan = _plan(connection, statement(values))
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_urgent_due_deliveries_are_read_from_their_own_index(town: City) -> None:
    """The clock queries them four times a second, however many others are due."""
    with town.database.connection() as connection:
        plan = _plan(connection, claim._ACCOUNTS_WITH_DUE({"now": town.now}))
    assert "ix_deliveries_urgent" in plan


def test_a_row_found_by_its_key_is_not_searched_by_its_state(town: City) -> None:
    table = table_of(Delivery)
    query = select(table.c.id).where(
        table.c.id == DELIVERY_ID, column_equals(table.c.state, DeliveryState.CLAIMED)
    )
    with town.database.connection() as connection:
        plan = _plan(
            connection, PreparedStatement("held", query, [DELIVERY_ID])({"delivery_id": 1})
        )
    assert "ix_deliveries_state" not in plan
    assert "pk_deliveries" in plan or "INTEGER PRIMARY KEY" in plan


def test_the_ids_of_publications_are_found_by_their_own_index(town: City) -> None:
    (payload,) = start_sending(town)
    executed: list[str] = []
    with _collect_statements(town.database, executed):
        receipts.store_receipts(town.context, [Completion(payload, receipt_for(1, town))])
    (receipts_query,) = (sql for sql in executed if sql.startswith("SELECT receipts.account_id"))
    assert "action = 'publish'" in receipts_query


@contextmanager
def _collect_statements(database: Database, executed: list[str]) -> Iterator[None]:
    """Collect each statement that is sent to the database."""

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        executed.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_candidates_are_urgent_first_then_oldest_and_at_most_the_limit(town: City) -> None:
    first, second, third = (town.due(on=["x"])[0] for _ in range(3))
    with town.write() as session:
        session.get_one(Delivery, third).urgent = True
    with town.write() as session:
        account_id = town.accounts["x"]
        for most, expected in ((1, [third]), (2, [third, first]), (9, [third, first, second])):
            assert claim.candidate_ids(session, account_id, town.now, most) == expected


def test_a_separate_pool_plans_each_statement_once(postgres_url: str, tmp_path: Path) -> None:
    database = Database(postgres_url)
    town = city(database, tmp_path)
    apart = database.apart()
    try:
        for _ in range(3):
            with apart.transaction() as session:
                claim.candidate_ids(session, town.accounts["x"], town.now, 5)
                session.execute(select(Delivery.id).where(Delivery.id == 1))
        with apart.connection() as connection:
            plan_counts = connection.exec_driver_sql(
                "SELECT name, generic_plans, custom_plans FROM pg_prepared_statements "
                "WHERE statement LIKE 'PREPARE%%' OR statement LIKE 'SELECT deliveries%%'"
            ).all()
    finally:
        apart.dispose()
        database.dispose()
    assert "candidates" in {name for name, _generic, _custom in plan_counts}
    assert len(plan_counts) >= 4  # the three of the claim, and the toolkit's
    assert all((generic, custom) == (3, 0) for _name, generic, custom in plan_counts)


def test_sqlite_has_no_separate_pool(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    assert database.apart() is database
    database.dispose()
