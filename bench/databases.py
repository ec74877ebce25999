"""Databases of the benchmark, checked to be as durable as in production.

PostgreSQL is started with its own defaults, `fsync` above all, in a folder on the disk; the tests'
server does not qualify, since it does not write to the disk.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, LiteralString

import psycopg
from psycopg import sql

from bench import cost
from publisher.database.session import Database, migrate
from publisher.tasks import before_commit
from tests.support import sqlite
from tests.support.postgres import INITDB, OWNER, Programs
from tests.support.runs import Run, postmaster_of

Kind = Literal["postgresql", "sqlite"]
TEMPLATE = "template_house"
SETTINGS = ("listen_addresses=''", "max_connections=300", "timezone=UTC")
COUNTING = ("shared_preload_libraries=pg_stat_statements",)
"""What a server that counts its statements needs besides."""


class Databases:
    """Creates migrated, empty databases of both kinds; the server starts on first use."""

    def __init__(self, run: Run, *, counts_statements: bool = False) -> None:
        self._run = run
        self._counts_statements = counts_statements
        self._server = run.folder / "postgres"
        self._numbers = itertools.count(1)
        self._is_started = False

    @contextmanager
    def new(self, kind: Kind) -> Iterator[Database]:
        """Create a database for the length of a block. Raises if a commit would not be durable."""
        name = f"bench_{next(self._numbers)}"
        url = self._sqlite(name) if kind == "sqlite" else self._postgresql(name)
        database = before_commit.register(Database(url))
        try:
            if problem := database.check_durable():
                raise RuntimeError(problem)
            if kind == "postgresql":
                self._check_disk()
            yield database
        finally:
            database.dispose()
            self._drop(kind, name)

    def spent(self) -> float:
        """Return the processor time of the server so far, in seconds."""
        pid = postmaster_of(self._run.folder)
        return cost.spent(cost.family(pid)) if pid else 0.0

    def _sqlite(self, name: str) -> str:
        template = sqlite.template(self._run, migrate)
        folder = self._run.folder / name
        folder.mkdir()
        return sqlite.copy(template, folder / "house.db")

    def _postgresql(self, name: str) -> str:
        if not self._is_started:
            self._start()
            self._is_started = True
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self._url(name)

    def _drop(self, kind: Kind, name: str) -> None:
        if kind == "sqlite":
            shutil.rmtree(self._run.folder / name)
        else:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _start(self) -> None:
        programs = Programs(self._run.folder)
        self._server.mkdir(mode=0o700)
        programs.hand_over(self._server)
        data = self._server / "data"
        programs.call("initdb", "-D", data, "-U", OWNER, *INITDB)
        settings = (*SETTINGS, *(COUNTING if self._counts_statements else ()))
        options = " ".join(f"-c {setting}" for setting in settings)
        options += f" -c unix_socket_directories={self._server}"
        programs.call(
            "pg_ctl", "-D", data, "-w", "-l", self._server / "log", "-o", options, "start"
        )
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(self._url(TEMPLATE))
        if self._counts_statements:
            self._execute("CREATE EXTENSION pg_stat_statements")

    def statement_count(self, database: Database) -> int:
        """Return how many statements this database has executed, BEGIN and COMMIT included."""
        query = (
            "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s "
            "JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = %s"
        )
        return self._number(query, database.engine.url.database)

    def connection_count(self, database: Database, command: str) -> int:
        """Return how many connections this command of the product holds now."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = %s"
        return self._number(query, database.engine.url.database, f"nagarvani {command}")

    def size(self, database: Database) -> int:
        """Return the bytes of this database, its indexes included."""
        return self._number("SELECT pg_database_size(%s)", database.engine.url.database)

    def _number(self, query: LiteralString, *values: str | None) -> int:
        with self._connect() as connection:
            row = connection.execute(query, values).fetchone()
        return int(row[0]) if row else 0

    def _check_disk(self) -> None:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            with self._connect() as connection:
                row = connection.execute(sql.SQL("SHOW {}").format(sql.Identifier(setting)))
                if row.fetchone() != ("on",):
                    raise RuntimeError(f"{setting} is not on")

    def _execute(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    def _connect(self) -> psycopg.Connection:
        address = f"postgresql://{OWNER}@/postgres?host={self._server}"
        return psycopg.connect(address, autocommit=True)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self._server}"


def folder_of(database: Database, run: Run) -> Path:
    """Return a folder for the media of this database."""
    # Its name is never used again, unlike the id of an object that is gone.
    name = str(database.engine.url.database).removesuffix("/house.db").rpartition("/")[2]
    folder = run.folder / f"media-{name}"
    folder.mkdir(exist_ok=True)
    return folder
