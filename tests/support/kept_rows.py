"""Takes the triggers away that keep rows of the record, for tests of what finds tampering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from publisher.database.session import Database

TABLES = ("decisions", "revisions", "variants", "receipts", "person_names")


_TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN "


@contextmanager
def changeable(database: Database) -> Iterator[None]:
    """Let rows of the record be changed and deleted meanwhile."""
    with database.engine.begin() as connection:
        anew = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in TABLES]
        if database.is_sqlite:
            anew = list(connection.exec_driver_sql(f"{_TRIGGERS}{TABLES}").scalars())
        let_change(connection)
    yield
    with database.engine.begin() as connection:
        for statement in anew:
            connection.exec_driver_sql(statement)


def let_change(connection: Connection) -> None:
    """Let rows of the record be changed and deleted, if the transaction is committed."""
    for table in TABLES:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            continue
        for verb in ("update", "delete", "replacement"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}")
