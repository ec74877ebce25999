"""A sandbox, and a city that is set up beside it and played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands.demo.city import accounts_at
from demo.script import Script
from demo.seeding.play import play
from demo.seeding.progress import Progress
from demo.seeding.setup import set_up_city
from publisher.database.session import Database
from publisher.now import now
from publisher.settings.environment import Settings, load
from sandbox.server import Places, running

SECRET = "an-invented-secret-of-forty-characters-x"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Places]:
    """A sandbox for this test alone."""
    with running(path=tmp_path / "sandbox") as served:
        yield served


class City:
    """A city in a folder, whose platforms are the sandbox's."""

    def __init__(self, folder: Path, database_url: str, sandbox: Places) -> None:
        self.folder, self.sandbox = folder, sandbox
        values = {
            "DATABASE_URL": database_url,
            "MEDIA_DIR": str(folder / "media"),
            "SECRET_KEY": SECRET,
            "X_API_URL": sandbox.url,
            "GRAPH_API_URL": sandbox.url,
            "SMTP_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
        }
        names = {f"NAGARVANI_{name}": text for name, text in values.items()}
        self.settings: Settings = load(names, folder=folder)
        self.database = Database(database_url)

    def set_up(self) -> None:
        """Set the city up as of now, or as of the moment it began."""
        set_up_city(
            self.database,
            settings=self.settings,
            accounts=accounts_at(self.sandbox.url),
            began_at=self.progress().began_at,
        )

    def progress(self) -> Progress:
        """Read how far it has come."""
        return Progress.read(self.folder, now=now())

    def play(self, script: Script, say: Callable[[str], None] = lambda _: None) -> list[str]:
        """Play the script from where it stopped; returns what was left out."""
        return play(script, self.settings, self.progress(), sandbox_url=self.sandbox.url, say=say)


@pytest.fixture
def city(database_url: str, sandbox: Places, tmp_path: Path) -> Iterator[City]:
    """A city whose people and accounts are there, and where nothing has happened yet."""
    city = City(tmp_path, database_url, sandbox)
    city.set_up()
    yield city
    city.database.dispose()
