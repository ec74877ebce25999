"""Many rows at one go, by statements whose text stays the same however many they are.

A statement that grows with its rows is a new one each time: the toolkit writes it, psycopg takes
it apart, and PostgreSQL plans it again. So the rows go to the database as one JSON text; where they
are only inserted, SQLite takes a statement with many rows as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Insert,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from publisher.database.session import Base, table_of

ROWS_AS_JSON = bindparam("given", type_=Text())
"""The parameter that stands for the rows: `as_json` of them."""

Values = Mapping[str, object]


def bulk_insert(session: Session, model: type[Base], rows: Sequence[Values]) -> None:
    """Insert the rows, which have the same columns, by one statement.

    A statement for each would leave for PostgreSQL as a pipeline; if its sender stands still in the
    middle of one, nothing ends that transaction, and what it has locked stays locked.
    """
    session.flush()
    connection, table = session.connection(), table_of(model)
    if connection.dialect.name == "sqlite":
        connection.execute(insert(table), rows)
    else:
        connection.execute(_insert(table, tuple(rows[0])), {"given": as_json(rows)})


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    given = _from_json({name: table.c[name].type for name in names})
    return insert(table).from_select(names, select(*(given.c[name] for name in names)))


def rows_from_json(dialect: str, types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """Return the rows of `ROWS_AS_JSON` as a table with these columns (integers and texts)."""
    if dialect != "sqlite":
        return _from_json(types)
    each = func.json_each(ROWS_AS_JSON).table_valued("value", name="each_given")
    taken = [func.json_extract(each.c.value, f"$.{name}").label(name) for name in types]
    return select(*taken).select_from(each).subquery("given_rows")


def is_in_rows(dialect: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """That these columns of a row stand among the rows of `ROWS_AS_JSON`, by the same names."""
    given = rows_from_json(dialect, {str(one.key): one.type for one in columns})
    theirs = [given.c[str(one.key)] for one in columns]
    if dialect != "sqlite":
        return and_(*(one == their for one, their in zip(columns, theirs, strict=True)))
    # SQLite would begin with the table and look each of its rows up among the given.
    one = columns[0] if len(columns) == 1 else tuple_(*columns)
    return one.in_(select(*theirs))


def column_equals(column: ColumnElement[Any], value: object) -> ColumnElement[bool]:
    """That a column of what is found by its key has this value: no way to find rows by.

    Of an index on a state that many rows have for a moment, a database would read all their traces.
    """
    return (column == value).is_(True)


def _from_json(types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    columns = [column(name, of_type) for name, of_type in types.items()]
    of_json = func.json_to_recordset(cast(ROWS_AS_JSON, JSON))
    return of_json.table_valued(*columns).render_derived(name="given_rows", with_types=True)


def as_json(rows: Sequence[Values]) -> str:
    """The rows as `ROWS_AS_JSON` takes them. Raises `ValueError` for a naive moment."""
    return json.dumps(rows, default=_plain)


def _plain(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(value)
    if value.tzinfo is None:
        raise ValueError(f"naive time {value!r}")
    return value.isoformat()
