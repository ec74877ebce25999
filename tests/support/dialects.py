"""Statements compiled once for a whole run of tests, not anew for each test's engine.

Each test opens a database of its own, and an engine keeps what it compiled to itself; with
thousands of engines that is a third of a run's time. The product opens one database for its life.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: dict[Any, Any] = {}


class _Alike:
    """Two dialects of one class compile alike here: one SQLite and one PostgreSQL serve a run."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Have the new engine keep what it compiles where the others do."""
        engine.update_execution_options(compiled_cache=_COMPILED)


class SharedSqlite(_Alike, SQLiteDialect_pysqlite):
    """SQLite by the standard library's driver."""

    supports_statement_cache = True


class SharedPostgres(_Alike, PGDialect_psycopg):
    """PostgreSQL by psycopg."""

    supports_statement_cache = True


def share_compiled() -> None:
    """From now on, let this process's engines share what they compile."""
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("sqlite.pysqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
