"""A real PgBouncer with transaction pooling, on a socket in a folder of the run."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.postgres import OWNER, Programs, Server

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PORT = 6432
"""It names the file of the socket; nothing listens on a port."""

CONFIGURATION = """
[databases]
* = host={server} user={owner}

[pgbouncer]
pool_mode = transaction
max_prepared_statements = 200
ignore_startup_parameters = options
default_pool_size = {connections}
max_client_conn = 500
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
admin_users = {owner}
logfile = {folder}/log
pidfile = {folder}/pid
"""


@dataclass(frozen=True)
class PgBouncer:
    """A running PgBouncer in front of a PostgreSQL."""

    folder: Path

    def url(self, database: str) -> str:
        """Return the address of a database through it."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}&port={PORT}"

    def server_connections(self, database: str) -> int:
        """Return how many connections to PostgreSQL it has open for a database."""
        address = f"postgresql://{OWNER}@/pgbouncer?host={self.folder}&port={PORT}"
        with psycopg.connect(address, autocommit=True, prepare_threshold=None) as connection:
            cursor = psycopg.ClientCursor(connection)  # its console has no prepared statements
            rows = cursor.execute("SHOW SERVERS").fetchall()
            names = [column.name for column in cursor.description or ()]
        return sum(row[names.index("database")] == database for row in rows)


@contextmanager
def running(server: Server, *, connections: int) -> Iterator[PgBouncer]:
    """Start it in front of a server, with at most `connections` to each database; end it."""
    assert PROGRAM is not None
    folder = server.run.folder / f"bouncer-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    programs = Programs(server.run.folder)
    programs.hand_over(folder)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(
            server=server.folder, owner=OWNER, folder=folder, port=PORT, connections=connections
        )
    )
    process = subprocess.Popen(
        [PROGRAM, configuration],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **programs.identity,  # type: ignore[call-overload]  # each key has its own type
    )
    try:
        _wait_for(folder / f".s.PGSQL.{PORT}", process)
        yield PgBouncer(folder)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > until:
            log = socket.parent / "log"
            raise RuntimeError(log.read_text() if log.exists() else "PgBouncer left no log")
        time.sleep(0.02)
