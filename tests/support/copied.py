"""What a database holds, kept and laid into another empty one: quicker than to write it again.

The rows are those that use cases wrote the first time; only the copy goes around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text

from publisher.database.session import Base, Database


@dataclass(frozen=True)
class Copy:
    """The rows of each table that has any, tables in the order in which they can be filled."""

    rows: tuple[tuple[Table, list[dict[str, Any]]], ...]

    @classmethod
    def of(cls, database: Database) -> Copy:
        """Keep what the database holds."""
        with database.engine.connect() as connection:
            rows_by_table = [
                (table, _rows(connection, table)) for table in Base.metadata.sorted_tables
            ]
        return cls(tuple((table, rows) for table, rows in rows_by_table if rows))

    def without(self, other: Copy) -> Copy:
        """What is here and not in the other."""
        other_rows = {table.name: rows for table, rows in other.rows}
        differences = (
            (table, [row for row in rows if row not in other_rows.get(table.name, [])])
            for table, rows in self.rows
        )
        return Copy(tuple((table, rows) for table, rows in differences if rows))

    def lay(self, database: Database) -> None:
        """Put the rows into a database that has none of them."""
        with database.transaction() as session:
            for table, rows in self.rows:
                session.connection().execute(insert(table), rows)
            if not database.is_sqlite:
                _go_on_counting(session.connection(), [table for table, _ in self.rows])


def _rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    columns = [column for column in table.columns if column.computed is None]
    return [dict(row) for row in connection.execute(select(*columns)).mappings()]


def _go_on_counting(connection: Connection, tables: list[Table]) -> None:
    """Let PostgreSQL give the next numbers after those that were laid."""
    for table in tables:
        if "id" in table.columns:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id))"
                    f" FROM {table.name}"
                )
            )
