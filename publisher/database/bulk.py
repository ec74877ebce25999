"""Bulk inserts and updates, by statements whose text does not depend on the number of rows.

A statement that grows with its rows is a new one each time: SQLAlchemy compiles it, psycopg parses
it, and PostgreSQL plans it again. So the rows are sent as one JSON parameter. Plain inserts on
SQLite use `executemany` instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Insert,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from publisher.database.session import Base, core_table

ROWS_AS_JSON = bindparam("rows", type_=Text())
"""The parameter that holds the rows, encoded by `rows_to_json`."""

Values = Mapping[str, object]


def bulk_insert(session: Session, model: type[Base], rows: Sequence[Values]) -> None:
    """Insert the rows by one statement; all have the same columns."""
    # `executemany` would send a pipeline. A process suspended in the middle of a pipeline is not
    # idle to PostgreSQL, which then never ends the transaction: its locks would stay.
    session.flush()
    connection, table = session.connection(), core_table(model)
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
    else:
        connection.execute(_insert(table, tuple(rows[0])), {"rows": rows_to_json(rows)})


@cache
def _insert(table: Table, column_names: tuple[str, ...]) -> Insert:
    rows = _json_table({name: table.c[name].type for name in column_names})
    return insert(table).from_select(column_names, select(*(rows.c[name] for name in column_names)))


def bulk_update(session: Session, model: type[Base], rows: Sequence[Values]) -> None:
    """Update rows by their `id`, by one statement; all set the same columns.

    Loaded objects keep their values: the caller sets them.
    """
    session.flush()
    connection, table = session.connection(), core_table(model)
    if connection.dialect.name == "sqlite":
        session.execute(update(model), rows)
    else:
        connection.execute(_update(table, tuple(rows[0])), {"rows": rows_to_json(rows)})


@cache
def _update(table: Table, column_names: tuple[str, ...]) -> Update:
    rows = _json_table({name: table.c[name].type for name in column_names})
    values = {name: rows.c[name] for name in column_names if name != "id"}
    return update(table).where(table.c.id == rows.c.id).values(values)


def insert_of_changed(change: ReturningUpdate[int], model: type[Base], key: str) -> Insert:
    """Return one statement that changes rows and inserts others about them; not for SQLite.

    It inserts those of `ROWS_AS_JSON` whose `key` the change returns. `rowcount` is their number.
    """
    changed, table = change.cte("changed"), core_table(model)
    types = {column.name: column.type for column in table.c if column.name != "id"}
    rows = _json_table(types)
    of_changed = select(rows).where(rows.c[key].in_(select(*changed.c))).add_cte(changed)
    statement = insert(table).from_select(list(types), of_changed)
    return statement.execution_options(preserve_rowcount=True)


def insert_for(dialect: str, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that supports ON CONFLICT."""
    table = core_table(model)
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def rows_from_json(dialect: str, types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """Return the rows of `ROWS_AS_JSON` as a table with these columns (integers and texts)."""
    if dialect != "sqlite":
        return _json_table(types)
    array = func.json_each(ROWS_AS_JSON).table_valued("value", name="each_row")
    columns = [func.json_extract(array.c.value, f"$.{name}").label(name) for name in types]
    return select(*columns).select_from(array).subquery("json_rows")


def is_in_rows(dialect: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that these columns equal those of a row of `ROWS_AS_JSON`."""
    rows = rows_from_json(dialect, {str(column.key): column.type for column in columns})
    row_columns = [rows.c[str(column.key)] for column in columns]
    if dialect != "sqlite":
        return and_(
            *(column == row_column for column, row_column in zip(columns, row_columns, strict=True))
        )
    # With a join SQLite would scan the table and look each of its rows up in the JSON.
    key = columns[0] if len(columns) == 1 else tuple_(*columns)
    return key.in_(select(*row_columns))


def column_equals(column: ColumnElement[Any], value: object) -> ColumnElement[bool]:
    """Return the condition `column = value` in a form that uses no index.

    `state` is updated constantly, so its partial indexes are full of dead tuples; rows compared
    with this are found by their primary key.
    """
    # `(column = value) IS TRUE` is not indexable.
    return (column == value).is_(True)


def column_is(column: ColumnElement[Any], value: StrEnum) -> ColumnElement[bool]:
    """Return the condition `column = value`, with the value written into the statement.

    For the constants of frequent statements: a generic plan does not know the parameters, so it
    can use a partial index only if the statement's text has the condition of the index.
    """
    return column == literal_column(f"'{value.value}'", column.type)


def _json_table(types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    columns = [column(name, column_type) for name, column_type in types.items()]
    records = func.json_to_recordset(cast(ROWS_AS_JSON, JSON))
    return records.table_valued(*columns).render_derived(name="json_rows", with_types=True)


def rows_to_json(rows: Sequence[Values]) -> str:
    """Return the rows as a value of `ROWS_AS_JSON`. Raises `ValueError` for a naive moment."""
    return json.dumps(rows, default=_encode_moment)


def _encode_moment(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(value)
    if value.tzinfo is None:
        raise ValueError(f"naive time {value!r}")
    return value.isoformat()
