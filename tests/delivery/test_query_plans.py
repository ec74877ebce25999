"""The query plans of frequent statements use their indexes, as they are sent to the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from psycopg import sql
from sqlalchemy import Connection, bindparam, event, select, text
from sqlalchemy.orm import Session

from publisher.database.bulk import column_equals
from publisher.database.session import Database, Key, core_table
from publisher.delivery import claim, due, outcomes
from publisher.delivery.outcomes import Outcome
from publisher.models.deliveries import Delivery
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.claims import claim_values, receipt_for, start_sending

pytestmark = pytest.mark.both

Sent = tuple[str, dict[str, object]]
"""A statement as the driver gets it, and its parameters."""


def _find_candidates(town: City, session: Session) -> object:
    return claim.candidate_ids(session, claim_values(town))


def _find_due(town: City, _session: Session) -> object:
    return due.find_due(town.context)


PLANS = [
    (_find_candidates, "deliveries.urgent IS (true|1)", "ix_deliveries_urgent", True),
    # Of two accounts the order of all that is due is as good, if only equal times are sorted.
    (_find_candidates, "deliveries.urgent IS (false|0)", "ix_deliveries_(account_)?due", True),
    (_find_due, "has_urgent", "ix_deliveries_urgent", False),
]


# With none past, the index of all deliveries by their time is as good to the planner.
@pytest.mark.parametrize("past", [5_000, pytest.param(500_000, marks=pytest.mark.proof)])
@pytest.mark.parametrize(("read", "pattern", "index", "in_order"), PLANS)
def test_what_is_due_is_read_from_an_index(
    town: City,
    past: int,
    read: Callable[[City, Session], object],
    pattern: str,
    index: str,
    in_order: bool,
) -> None:
    """However many others are due or past: the clock asks four times a second."""
    _add_deliveries(town, past)
    plan = _plan_of(town, read, pattern)
    assert re.search(index, plan), plan
    if in_order:
        assert not re.search(r"(?<!Incremental )Sort  \(", plan)
        assert "TEMP B-TREE" not in plan


def _add_deliveries(town: City, past: int) -> None:
    """Add this many deliveries that were carried out, 3,000 that are due, and 100 urgent ones."""
    for on in ("x", "facebook"):
        (delivery_id,) = town.due(on=[on])
        _copy(town, delivery_id, past // 2, state="'published'")
        _copy(town, delivery_id, 1_500)
        _copy(town, delivery_id, 50, urgent="true")
    with town.write() as session:
        session.execute(text("ANALYZE"))


def _copy(town: City, delivery_id: int, count: int, **changed: str) -> None:
    numbers = (
        "(WITH RECURSIVE series(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM series "
        f"LIMIT {count}) SELECT number FROM series WHERE {count} > 0)"
        if town.database.is_sqlite
        else f"generate_series(1, {count})"
    )
    # No variant may be published twice, so the copies are hidings, also of different times.
    times = (
        {"due_at": "due_at"}
        if town.database.is_sqlite
        else {"due_at": "due_at - number * interval '1 second'"}
    )
    names = [column.name for column in core_table(Delivery).c if column.name != "id"]
    values = {"action": "'hide'", **times, **changed}
    columns = ", ".join(values.get(name, name) for name in names)
    with town.write() as session:
        session.execute(
            text(
                f"INSERT INTO deliveries ({', '.join(names)}) SELECT {columns} FROM deliveries, "
                f"{numbers} AS numbers(number) WHERE deliveries.id = {delivery_id}"
                if not town.database.is_sqlite
                else f"INSERT INTO deliveries ({', '.join(names)}) SELECT {columns} "
                f"FROM deliveries, {numbers} WHERE deliveries.id = {delivery_id}"
            )
        )


def test_a_row_found_by_its_key_is_not_searched_by_its_state(town: City) -> None:
    table = core_table(Delivery)
    query = select(table.c.id).where(
        table.c.id == bindparam("delivery_id", type_=Key),
        column_equals(table.c.state, DeliveryState.CLAIMED),
    )
    plan = _plan_of(
        town,
        lambda _town, session: session.execute(query, {"delivery_id": 1}),
        "SELECT deliveries.id",
    )
    assert "ix_deliveries_state" not in plan
    assert "pk_deliveries" in plan or "INTEGER PRIMARY KEY" in plan


def test_the_partial_index_of_publications_can_be_used_for_their_ids(town: City) -> None:
    (payload,) = start_sending(town)
    with _collect_statements(town.database) as sent:
        outcomes.store(town.context, [Outcome(payload, receipt_for(1, town))])
    (statement,) = (text for text, _ in sent if text.startswith("SELECT receipts.account_id"))
    assert "action = 'publish'" in statement


def _plan_of(town: City, read: Callable[[City, Session], object], pattern: str) -> str:
    """Return the plan of the statement like `pattern` that `read` sends to the database.

    It is PostgreSQL's generic plan, which knows no parameters.
    """
    with town.write() as session, _collect_statements(town.database) as sent:
        read(town, session)
    statement, values = next(pair for pair in sent if re.search(pattern, pair[0]))
    with town.database.engine.connect() as connection:
        if town.database.is_sqlite:
            lines = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            return "\n".join(str(row[3]) for row in lines)
        return _generic_plan(connection, statement, values)


def _generic_plan(connection: Connection, statement: str, values: dict[str, object]) -> str:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(
        r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", statement
    ).replace("%%", "%")
    arguments = ", ".join(sql.Literal(values[name]).as_string() for name in names)
    driver = connection.connection.cursor()
    driver.execute("SET plan_cache_mode = force_generic_plan")
    driver.execute(f"PREPARE explained AS {numbered}")
    driver.execute(f"EXPLAIN EXECUTE explained({arguments})")
    lines = driver.fetchall()
    connection.invalidate()  # the setting ends with the connection
    return "\n".join(str(row[0]) for row in lines)


@contextmanager
def _collect_statements(database: Database) -> Iterator[list[Sent]]:
    """Collect each statement that is sent to the database, with its parameters."""
    sent: list[Sent] = []

    def note(
        _connection: object, _cursor: object, statement: str, values: dict[str, object], *_: object
    ) -> None:
        sent.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_candidates_are_urgent_first_then_oldest_and_at_most_the_limit(town: City) -> None:
    first, second, third = (town.due(on=["x"])[0] for _ in range(3))
    with town.write() as session:
        session.get_one(Delivery, third).urgent = True
    with town.write() as session:
        for most, expected in ((1, [third]), (2, [third, first]), (9, [third, first, second])):
            assert claim.candidate_ids(session, claim_values(town, most)) == expected
