"""One city for all: seeded once, against a practice platform of its own, with interruptions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from commands.demo.city import accounts_at
from demo import seeding
from demo.seeding import Mark
from publisher.database.session import Database, migrate
from publisher.media.store import Store
from publisher.now import now
from publisher.settings.environment import Settings, load
from tests.support.processes import starting
from tests.support.runs import CHECKOUT

SECRET = "an-invented-secret-of-forty-characters-x"


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


@dataclass(frozen=True)
class PracticePlatform:
    """Where a running sandbox is reached."""

    url: str
    smtp_port: int


@dataclass(frozen=True)
class Seeded:
    """The city, what its seeding said, and what it left out."""

    settings: Settings
    database: Database
    store: Store
    mark: Mark
    practice: PracticePlatform
    said: list[str]
    left_out: list[str]

    @property
    def began_at(self) -> datetime:
        """The moment that everything is dated from."""
        return self.mark.began_at

    def ledger(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that stands on the practice platforms."""
        found: dict[str, list[dict[str, Any]]] = self.read("ledger")
        return found

    def read(self, door: str) -> Any:  # noqa: ANN401  JSON may be anything
        """What one of the sandbox's doors gives."""
        with urlopen(f"{self.practice.url}/{door}", timeout=10) as answer:
            return json.load(answer)

    def play(self) -> list[str]:
        """Play once more from where the mark says."""
        mark = Mark.read(self.mark.path.parent, now=now())
        return seeding.play(self.settings, mark, sandbox_url=self.practice.url, say=lambda _: None)


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticePlatform]:
    """A practice platform that runs as a process of its own."""
    folder = tmp_path_factory.mktemp("practice")
    for start in starting(folder):
        ready = folder / "ready.json"
        ports = ("--port", "0", "--smtp-port", "0")
        call = [sys.executable, "-m", "cli", "sandbox", *ports]
        start([*call, "--state", folder, "--ready", ready], ready=ready, cwd=CHECKOUT)
        places = json.loads(ready.read_text())
        yield PracticePlatform(places["url"], places["smtp_port"])


def settings_for(folder: Path, practice: PracticePlatform) -> Settings:
    """A house in this folder, whose platforms are the sandbox's."""
    given = {
        "DATABASE_URL": f"sqlite:///{folder / 'nagarvani.db'}",
        "MEDIA_DIR": str(folder / "media"),
        "SECRET_KEY": SECRET,
        "X_API_URL": practice.url,
        "GRAPH_API_URL": practice.url,
        "SMTP_URL": f"smtp://127.0.0.1:{practice.smtp_port}",
    }
    return load({f"NAGARVANI_{name}": text for name, text in given.items()}, folder=folder)


@pytest.fixture(scope="session")
def seeded(
    practice: PracticePlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """A whole city, whose seeding is killed at the end of every course and goes on each time.

    Each time, what was done last had not been noted yet, as if the kill had come right between.
    """
    folder = tmp_path_factory.mktemp("city")
    settings = settings_for(folder, practice)
    migrate(settings.database_url)
    database, mark = Database(settings.database_url), Mark.read(folder, now=now())
    found = accounts_at(practice.url)
    seeding.found(database, settings=settings, accounts=found, began_at=mark.began_at)
    said: list[str] = []

    def say_once(text: str) -> None:
        if text not in said:
            said.append(text)
            raise Interrupted

    left_out: list[str] = []
    while not mark.finished:
        mark = Mark.read(folder, now=now())
        try:
            left_out += seeding.play(settings, mark, sandbox_url=practice.url, say=say_once)
        except Interrupted:
            mark.done -= 1
            mark.keep()
    yield Seeded(settings, database, Store(settings.media_dir), mark, practice, said, left_out)
    database.dispose()
