"""A PostgreSQL server of a scenario's own, which is stopped and started while clocks use it."""

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
    """A server that is stopped in immediate mode: connections are cut, nothing is flushed."""

    @cached_property
    def programs(self) -> Programs:
        """The PostgreSQL programs."""
        return Programs(self.run.folder)

    def stop(self) -> None:
        """Stop the server as if it had crashed: at its next start it recovers from its log."""
        self.programs.call("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def start_again(self) -> None:
        """Start the server, and wait until it has recovered."""
        self.serve(self.programs)


@contextmanager
def own_server(run: Run) -> Iterator[OwnServer]:
    """Run a server with a migrated template for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="server-", dir=run.folder) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user, who must be able to enter
        server = OwnServer(Run(folder))
        server.ensure(migrate)
        try:
            yield server
        finally:
            server.stop()
