"""The product with its pages, whose web worker dies at a named point while it handles a form."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest
import requests

from commands.demo.city import sandbox_accounts
from demo.seeding.setup import set_up_city
from publisher.now import now
from publisher.settings.environment import load
from tests.crash import crash_in_commit
from tests.crash.connection_cuts import cut_commits
from tests.crash.timings import SCALED
from tests.journey.http_browser import LoadedPage, Values, Visitor
from tests.journey.installation import Installation, wait_for
from tests.support.processes import RunningCommand, free_port

FieldText = str | list[str]


@dataclass
class WebInstallation(Installation):
    """A sandbox and a city; the scenario starts and stops web and clock."""

    web_processes: list[RunningCommand] = field(default_factory=list)

    def set_up(self) -> None:
        """Start the sandbox, and set up the city with the demo's people."""
        self._start_sandbox()
        self.port = free_port()
        self.web = f"http://127.0.0.1:{self.port}"
        self.environment |= {"NAGARVANI_BASE_URL": self.web, **SCALED.settings}
        settings = load(self.environment, folder=self.folder)
        set_up_city(
            self.database,
            settings=settings,
            accounts=sandbox_accounts(self.sandbox),
            began_at=now(),
        )

    def start_web(self, dies_at: str = "") -> RunningCommand:
        """Restart the web; its worker kills itself at the point `dies_at`, if any."""
        self.stop_web()
        call = ("web", "--port", str(self.port), "--workers", "1")
        web = self.start.nagarvani(
            *call, environment={**self.environment, **self._checkpoint_environment(dies_at)}
        )
        self.web_processes.append(web)
        wait_for(self._web_responds, what="the pages")
        return web

    def stop_web(self) -> None:
        """Stop the web."""
        while self.web_processes:
            self.web_processes.pop().stop(
                signal.SIGQUIT
            )  # which does not wait for idle connections

    def start_clock(self, dies_at: str = "") -> RunningCommand:
        """Start a clock, which kills itself at the point `dies_at`, if any."""
        return self.start.nagarvani(
            "clock", environment={**self.environment, **self._checkpoint_environment(dies_at)}
        )

    def _checkpoint_environment(self, name: str) -> dict[str, str]:
        if not name:
            return {}
        log = str(self.checkpoint_log(name))
        return {"NAGARVANI_CHECKPOINT": name, "NAGARVANI_CHECKPOINT_LOG": log}

    def checkpoint_log(self, name: str) -> Path:
        """Return the file to which a process writes that it reached this point."""
        return self.folder / f"reached-{name}"

    def send_and_kill_at(
        self,
        visitor: Visitor,
        page: LoadedPage,
        form_name: str,
        checkpoint: str,
        **values: FieldText,
    ) -> None:
        """Send a form to a web worker that kills itself at that point and does not respond."""
        web = self.start_web(dies_at=checkpoint)
        with pytest.raises(requests.ConnectionError):
            visitor.send(page, form_name, values)
        self.stop_web()
        assert self.checkpoint_log(checkpoint).read_text().split() == [checkpoint], (
            web.written_output()
        )
        self.checkpoint_log(checkpoint).unlink()

    def send_and_kill_in_commit(
        self,
        visitor: Visitor,
        page: LoadedPage,
        form_name: str,
        statement: str,
        *,
        is_kept: bool,
        values: Values,
    ) -> None:
        """Send a form to a web worker that dies in the COMMIT of a transaction with this statement.

        On PostgreSQL the transaction is committed if `is_kept`, but nobody reads the response. On
        SQLite the log is torn or, if `is_kept`, has begun to grow: it may be committed or not.
        """
        if self.database.is_sqlite:
            moment = crash_in_commit.WRITTEN if is_kept else crash_in_commit.TORN
            log = self.folder / "in-commit"
            self.environment |= {
                crash_in_commit.STATEMENT: statement,
                crash_in_commit.MOMENT: moment,
            }
            self.environment |= {crash_in_commit.LOG: str(log)}
            self._send_and_lose(visitor, page, form_name, values)
            assert log.read_text() == moment
            log.unlink()
            del self.environment[crash_in_commit.STATEMENT]
            return
        folder = Path(mkdtemp(prefix="nagarvani-"))  # a socket's path must be short
        text = statement.encode()
        with cut_commits(
            self.database_url, folder, text, lets_through=is_kept, most=1, kills=True
        ) as cutter:
            self.environment["NAGARVANI_DATABASE_URL"] = cutter.own_url
            self._send_and_lose(visitor, page, form_name, values)
            assert cutter.cut_count == 1
        shutil.rmtree(folder)
        self.environment["NAGARVANI_DATABASE_URL"] = self.database_url

    def _send_and_lose(
        self, visitor: Visitor, page: LoadedPage, form_name: str, values: Values
    ) -> None:
        web = self.start_web()
        with pytest.raises(requests.ConnectionError):
            visitor.send(page, form_name, values)
        self.stop_web()
        assert "SIG" in web.written_output() or "signal" in web.written_output(), (
            web.written_output()
        )
