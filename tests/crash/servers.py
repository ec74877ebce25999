"""A PostgreSQL of a scenario's own, which may be stopped and started under everybody's hands."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from publisher.database.session import migrate
from tests.support.postgres import Programs, Server
from tests.support.runs import Run


@dataclass(frozen=True)
class OwnServer(Server):
    """It is stopped in immediate mode alone: whoever is connected is cut, nothing is written."""

    @cached_property
    def programs(self) -> Programs:
        """The programs, found once."""
        return Programs(self.run.folder)

    def stop(self) -> None:
        """Stop it as if it had crashed: at its next start it recovers from its log."""
        self.programs.call("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def start_again(self) -> None:
        """Start it, and wait until it has recovered."""
        self.serve(self.programs)


@contextmanager
def own_server(run: Run) -> Iterator[OwnServer]:
    """A server with its template filled, for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="server-", dir=run.folder) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL, under another name than root, must pass through
        server = OwnServer(Run(folder))
        server.ensure(migrate)
        try:
            yield server
        finally:
            server.stop()
