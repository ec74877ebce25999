"""The product with its pages, which die at a named point while somebody presses a button."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest
import requests

from commands.demo.city import accounts_at
from demo.seeding.setup import set_up_city
from publisher.now import now
from publisher.settings.environment import load
from tests.crash import in_commit
from tests.crash.connection_cuts import cutting
from tests.crash.paces import SCALED
from tests.journey.browsing import Seen, Values, Visitor
from tests.journey.installation import Installation, until
from tests.support.processes import RunningCommand, free_port

Typed = str | list[str]


@dataclass
class Counter(Installation):
    """Sandbox and city; web and clock are opened and closed by a scenario."""

    pages: list[RunningCommand] = field(default_factory=list)

    def up(self) -> None:
        """Start the sandbox, and found the city with the demo's cast."""
        self._start_sandbox()
        self.port = free_port()
        self.web = f"http://127.0.0.1:{self.port}"
        self.environment |= {"NAGARVANI_BASE_URL": self.web, **SCALED.settings}
        settings = load(self.environment, folder=self.folder)
        set_up_city(
            self.database, settings=settings, accounts=accounts_at(self.sandbox), began_at=now()
        )

    def open(self, dies_at: str = "") -> RunningCommand:
        """Start the pages in place of those before; at that point a worker kills itself."""
        self.close()
        call = ("web", "--port", str(self.port), "--workers", "1")
        web = self.start.nagarvani(*call, environment={**self.environment, **self._arm(dies_at)})
        self.pages.append(web)
        until(self._answers, what="the pages")
        return web

    def close(self) -> None:
        """Stop the pages."""
        while self.pages:
            self.pages.pop().stop(signal.SIGQUIT)  # which waits for no connection that rests

    def clock(self, dies_at: str = "") -> RunningCommand:
        """Start a clock."""
        return self.start.nagarvani("clock", environment={**self.environment, **self._arm(dies_at)})

    def _arm(self, name: str) -> dict[str, str]:
        if not name:
            return {}
        log = str(self.reached(name))
        return {"NAGARVANI_CHECKPOINT": name, "NAGARVANI_CHECKPOINT_LOG": log}

    def reached(self, name: str) -> Path:
        """The file in which a process writes that it reached this point."""
        return self.folder / f"reached-{name}"

    def lose(self, visitor: Visitor, page: Seen, where: str, at: str, **values: Typed) -> None:
        """Send a form to pages that die at that point: nobody answers."""
        web = self.open(dies_at=at)
        with pytest.raises(requests.ConnectionError):
            visitor.send(page, where, values)
        self.close()
        assert self.reached(at).read_text().split() == [at], web.written_output()
        self.reached(at).unlink()

    def lose_in_commit(
        self,
        visitor: Visitor,
        page: Seen,
        where: str,
        statement: str,
        *,
        is_kept: bool,
        values: Values,
    ) -> None:
        """Send a form to pages that die in the COMMIT of a transaction that says these words.

        On PostgreSQL it has been done or not, as `is_kept` says, and nobody reads the answer. On
        SQLite the log is torn, or has begun to grow: then it may be done or not.
        """
        if self.database.is_sqlite:
            way = in_commit.WRITTEN if is_kept else in_commit.TORN
            log = self.folder / "in-commit"
            self.environment |= {in_commit.WORDS: statement, in_commit.WAY: way}
            self.environment |= {in_commit.LOG: str(log)}
            self._lose(visitor, page, where, values)
            assert log.read_text() == way
            log.unlink()
            del self.environment[in_commit.WORDS]
            return
        folder = Path(mkdtemp(prefix="nagarvani-"))  # a socket's path may not be long
        text = statement.encode()
        with cutting(
            self.database_url, folder, text, lets_through=is_kept, most=1, kills=True
        ) as cutter:
            self.environment["NAGARVANI_DATABASE_URL"] = cutter.own_url
            self._lose(visitor, page, where, values)
            assert cutter.cut == 1
        shutil.rmtree(folder)
        self.environment["NAGARVANI_DATABASE_URL"] = self.database_url

    def _lose(self, visitor: Visitor, page: Seen, where: str, values: Values) -> None:
        web = self.open()
        with pytest.raises(requests.ConnectionError):
            visitor.send(page, where, values)
        self.close()
        assert "SIG" in web.written_output() or "signal" in web.written_output(), (
            web.written_output()
        )
