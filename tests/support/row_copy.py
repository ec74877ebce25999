"""Copies the rows of a database into an empty one, which is quicker than writing them again.

The use cases wrote the rows the first time; only the copies bypass the use cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text

from publisher.database.session import Base, Database


@dataclass(frozen=True)
class RowCopy:
    """The rows of each table that has any; the tables are ordered by their foreign keys."""

    rows: tuple[tuple[Table, list[dict[str, Any]]], ...]

    @classmethod
    def read(cls, database: Database) -> RowCopy:
        """Read all rows of the database."""
        with database.engine.connect() as connection:
            rows_by_table = [
                (table, _rows_of(connection, table)) for table in Base.metadata.sorted_tables
            ]
        return cls(tuple((table, rows) for table, rows in rows_by_table if rows))

    def without(self, other: RowCopy) -> RowCopy:
        """Return the rows that are not in the other copy."""
        other_rows = {table.name: rows for table, rows in other.rows}
        differences = (
            (table, [row for row in rows if row not in other_rows.get(table.name, [])])
            for table, rows in self.rows
        )
        return RowCopy(tuple((table, rows) for table, rows in differences if rows))

    def insert_into(self, database: Database) -> None:
        """Insert the rows into a database that has none of them."""
        with database.transaction() as session:
            for table, rows in self.rows:
                session.connection().execute(insert(table), rows)
            if not database.is_sqlite:
                _advance_sequences(session.connection(), [table for table, _ in self.rows])


def _rows_of(connection: Connection, table: Table) -> list[dict[str, Any]]:
    columns = [column for column in table.columns if column.computed is None]
    return [dict(row) for row in connection.execute(select(*columns)).mappings()]


def _advance_sequences(connection: Connection, tables: list[Table]) -> None:
    """Let PostgreSQL's sequences go on after the ids that were inserted."""
    for table in tables:
        if "id" in table.columns:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id))"
                    f" FROM {table.name}"
                )
            )
