"""How Alembic reaches the database: the URL comes from the caller, never from a file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import publisher.models  # noqa: F401  the tables have to be known
from publisher.database.session import Base, Database


def _let_tables_be_remade(connection: Connection) -> None:
    """SQLite changes a table by remaking it: with keys watched, each row is sought anew."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute("PRAGMA foreign_keys=OFF")  # this connection's alone, and it is closed below


def run() -> None:
    """Run the migrations on the caller's database, each in its own transaction."""
    address = context.config.attributes["url"]
    with Database(address) as database, database.engine.connect() as connection:
        if database.is_sqlite:
            _let_tables_be_remade(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            render_as_batch=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
