"""Rows of the record stay as they were written, whoever connects to the database.

What is tried here is tried by a connection that is not ours: SQLite's own settings are in force.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from publisher.database.session import Base, Database, UtcDateTime
from tests.support import kept_rows
from tests.support.city import City
from tests.support.fixtures import town

__all__ = ["town"]
pytestmark = pytest.mark.both

ALLOWED = {
    "decisions": {"withdrawn_at", "withdrawn_by_id", "lapsed_at"},
    "revisions": {"sent_for_review_at", "head_decides_at"},
    "variants": set(),
    "receipts": {"gone_at"},
    "person_names": {"replaced_at"},
}
"""What may still change of a row once its post is live, and once its person has acted."""

OF_WHO_ACTED = "person_id IN (SELECT person_id FROM events WHERE subject = 'posts')"


def execute(database: Database, statement: str) -> None:
    """Execute a statement as a client that sets nothing for its connection."""
    if not database.is_sqlite:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(statement)
        return
    with closing(sqlite3.connect(str(database.engine.url.database))) as file, file:
        file.execute(statement)


def rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
            for table in (*kept_rows.TABLES, "events")
        }


def refuse(city: City, *statements: str) -> None:
    """Expect each statement to be refused, and no row to change."""
    before = rows_of(city.database)
    assert all(before.values())
    for statement in statements:
        with pytest.raises((sqlite3.IntegrityError, DBAPIError), match="is append-only"):
            execute(city.database, statement)
    assert rows_of(city.database) == before


def other_value(database: Database, table: str, column: str) -> str:
    """Return the SQL of another value than the column has in any row: NULL, or one of its type."""
    if column == "id":
        return "id + 1000"
    column_type = Base.metadata.tables[table].c[column].type
    value = "'other'"
    if isinstance(column_type, UtcDateTime):
        value = "'2026-01-01 00:00:00.000000'" if database.is_sqlite else "CURRENT_TIMESTAMP"
    elif column_type.python_type is int:
        value = "4711"
    return f"CASE WHEN {column} IS NULL THEN {value} END"


@pytest.mark.parametrize("table", kept_rows.TABLES)
def test_no_other_column_of_the_record_can_be_changed(town: City, table: str) -> None:
    town.live()
    columns = {column["name"] for column in inspect(town.database.engine).get_columns(table)}
    where = f" WHERE {OF_WHO_ACTED}" if table == "person_names" else ""
    refuse(
        town,
        *(
            f"UPDATE {table} SET {column} = {other_value(town.database, table, column)}{where}"
            for column in sorted(columns - ALLOWED[table])
        ),
    )


@pytest.mark.parametrize("table", kept_rows.TABLES)
def test_no_row_of_the_record_can_be_deleted(town: City, table: str) -> None:
    town.live()
    statements = [f"DELETE FROM {table} WHERE id > 0"]
    if not town.database.is_sqlite:
        statements.append(f"TRUNCATE {table} CASCADE")
    refuse(town, *statements)


@pytest.mark.parametrize("table", [*kept_rows.TABLES, "events"])
def test_no_row_of_the_record_can_be_replaced(town: City, table: str) -> None:
    town.live()
    columns = [column["name"] for column in inspect(town.database.engine).get_columns(table)]
    names = ", ".join(columns)
    another = ", ".join("id + 1000" if column == "id" else column for column in columns)
    statements = [f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}"]
    if table not in ("person_names", "events"):  # which have no key beside the id
        statements.append(f"INSERT OR REPLACE INTO {table} ({names}) SELECT {another} FROM {table}")
    if not town.database.is_sqlite:
        kept = f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}"
        statements = [f"{kept} ON CONFLICT (id) DO UPDATE SET id = excluded.id + 1000"]
    refuse(town, *statements)


ONCE = {
    "decisions": ("withdrawn_at", "withdrawn_by_id = person_id, withdrawn_at = at"),
    "receipts": ("gone_at", "gone_at = stored_at"),
    "person_names": ("replaced_at", "replaced_at = from_at"),
}


@pytest.mark.parametrize("table", ONCE)
def test_what_ends_a_row_is_written_once(town: City, table: str) -> None:
    town.live()
    column, change = ONCE[table]
    execute(town.database, f"UPDATE {table} SET {change}")
    value = other_value(town.database, table, column)
    refuse(town, f"UPDATE {table} SET {column} = {value}", f"UPDATE {table} SET {column} = NULL")


def test_what_a_revision_publishes_is_fixed_once(town: City) -> None:
    town.draft(town.hand_in())
    fix = "UPDATE revisions SET canonical = '{}', digest = 'd', not_after = saved_at"
    execute(town.database, fix)
    with pytest.raises((sqlite3.IntegrityError, DBAPIError), match="is append-only"):
        execute(town.database, fix.replace("'d'", "'e'"))
    execute(town.database, "UPDATE revisions SET sent_for_review_at = saved_at")
    execute(town.database, "UPDATE revisions SET sent_for_review_at = NULL, head_decides_at = NULL")


def test_a_receipt_without_its_id_gets_it_later_and_once(town: City) -> None:
    town.live()
    with kept_rows.changeable(town.database):
        execute(town.database, "UPDATE receipts SET platform_id = 'not-given-1', answer = ''")
    read = (
        "UPDATE receipts SET platform_id = '77', url = 'u', published_at = stored_at, answer = 'a'"
    )
    execute(town.database, read)
    refuse(town, read.replace("'77'", "'78'"), "UPDATE receipts SET answer = 'b'")


def test_a_receipt_whose_link_was_pasted_gets_its_answer_once(town: City) -> None:
    town.live()
    with kept_rows.changeable(town.database):
        execute(town.database, "UPDATE receipts SET answer = ''")
    refuse(town, "UPDATE receipts SET published_at = NULL", "UPDATE receipts SET url = 'other'")
    execute(town.database, "UPDATE receipts SET published_at = stored_at, answer = 'as read'")
    refuse(town, "UPDATE receipts SET published_at = NULL, answer = 'b'")


def test_an_id_given_later_replaces_no_other_receipt(town: City) -> None:
    town.live()
    town.live()
    with kept_rows.changeable(town.database):
        newest = "(SELECT max(id) FROM receipts)"
        execute(
            town.database, f"UPDATE receipts SET platform_id = 'not-given-1' WHERE id = {newest}"
        )
    taken = (
        "UPDATE OR REPLACE receipts SET platform_id = (SELECT platform_id FROM receipts "
        "WHERE platform_id NOT LIKE 'not-given-%') WHERE platform_id LIKE 'not-given-%'"
    )
    if town.database.is_sqlite:
        refuse(town, taken)
        return
    with pytest.raises(DBAPIError, match="uq_receipts_created"):
        execute(town.database, taken.replace(" OR REPLACE", "").replace("-%'", "-%%'"))


def test_the_name_of_who_has_not_acted_can_be_corrected(town: City) -> None:
    town.live()
    correct = "UPDATE person_names SET name_mr = 'सुधारित' WHERE person_id = "
    execute(town.database, f"{correct}{town.people['auditor']}")
    refuse(town, f"{correct}{town.people['clerk']}")


def test_the_triggers_name_every_column_there_is(town: City) -> None:
    """A migration that adds a column has to create the triggers again."""
    if not town.database.is_sqlite:
        return  # there too the function is made of the columns, by the same code
    query = "SELECT sql FROM sqlite_master WHERE name = :name"
    with town.database.engine.connect() as connection:
        for table in kept_rows.TABLES:
            trigger = connection.scalar(text(query), {"name": f"{table}_no_update"}) or ""
            names = {column.name for column in Base.metadata.tables[table].columns}
            assert {
                name for name in names if f"OLD.{name} IS NOT NEW.{name}" not in trigger
            } == set()
