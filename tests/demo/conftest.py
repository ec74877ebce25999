"""Fixtures of a sandbox, and of a demo city whose script can be played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands.demo.city import sandbox_accounts
from demo.script import Script
from demo.seeding.play import play
from demo.seeding.progress import Progress
from demo.seeding.setup import set_up_city
from publisher.database.session import Database
from publisher.now import now
from publisher.settings.environment import Settings, load
from sandbox.letters import MAIL_SERVER
from sandbox.server import SandboxAddresses, run_sandbox

SECRET = "an-invented-secret-of-forty-characters-x"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxAddresses]:
    """Run a sandbox for this test alone."""
    with run_sandbox(path=tmp_path / "sandbox") as served:
        yield served


class City:
    """A demo city in a folder, with accounts in the sandbox."""

    def __init__(self, folder: Path, database_url: str, sandbox: SandboxAddresses) -> None:
        self.folder, self.sandbox = folder, sandbox
        values = {
            "DATABASE_URL": database_url,
            "MEDIA_DIR": str(folder / "media"),
            "SECRET_KEY": SECRET,
            "X_API_URL": sandbox.url,
            "GRAPH_API_URL": sandbox.url,
            "SMTP_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
            "MAIL_SERVER": MAIL_SERVER,
        }
        names = {f"NAGARVANI_{name}": text for name, text in values.items()}
        self.settings: Settings = load(names, folder=folder)
        self.database = Database(database_url)

    def set_up(self) -> None:
        """Set the city up now, or at the moment at which it began."""
        set_up_city(
            self.database,
            settings=self.settings,
            accounts=sandbox_accounts(self.sandbox.url),
            began_at=self.progress().began_at,
        )

    def progress(self) -> Progress:
        """Return the progress of the script."""
        return Progress.read(self.folder, now=now())

    def play(self, script: Script, say: Callable[[str], None] = lambda _: None) -> list[str]:
        """Play the script from where it stopped, and return the acts that were skipped."""
        return play(script, self.settings, self.progress(), sandbox_url=self.sandbox.url, say=say)


@pytest.fixture
def city(sqlite_url: str, sandbox: SandboxAddresses, tmp_path: Path) -> Iterator[City]:
    """A city with people and accounts, but without submissions; a demo is always on SQLite."""
    city = City(tmp_path, sqlite_url, sandbox)
    city.set_up()
    yield city
    city.database.dispose()
