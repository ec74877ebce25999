"""The product as it stands on a machine: its processes, and what a test may see of the world."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import requests
from sqlalchemy import select

from commands.demo.city import accounts_at
from demo import people
from demo.seeding.setup import set_up_city
from publisher.database.session import Database
from publisher.media.store import Store
from publisher.models.comments import Source
from publisher.models.deliveries import Delivery
from publisher.now import now
from publisher.settings.environment import load
from tests.journey.browsing import Seen, Visitor
from tests.support.processes import Starter, free_port

SECRET = "a secret of the tests, long enough"
Found = TypeVar("Found")
Row = dict[str, Any]


def until(question: Callable[[], Found | None], *, within: float = 40, what: str = "") -> Found:
    """Ask four times a second until the answer is true; gives it."""
    ends = time.monotonic() + within
    while not (outcome := question()):
        if time.monotonic() > ends:
            raise AssertionError(f"waited {within} s in vain: {what or question}")
        time.sleep(0.25)
    return outcome


@dataclass
class Installation:
    """Sandbox, web and clock, each a process, on one database."""

    start: Starter
    database_url: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    sandbox: str = ""
    web: str = ""
    people: dict[str, Visitor] = field(default_factory=dict)

    def up(self) -> None:
        """Start everything, and found the city with the demo's cast."""
        self._start_sandbox()
        port = free_port()
        self.web = f"http://127.0.0.1:{port}"
        self.environment["NAGARVANI_BASE_URL"] = self.web
        self.start.nagarvani(
            "web", "--port", str(port), "--workers", "1", environment=self.environment
        )
        settings = load(self.environment, folder=self.folder)
        set_up_city(
            self.database, settings=settings, accounts=accounts_at(self.sandbox), began_at=now()
        )
        self.start.nagarvani("clock", environment=self.environment)
        until(self._answers, what="the pages")

    def __post_init__(self) -> None:
        self.database = Database(self.database_url)
        self.store = Store(self.folder / "media")

    def _start_sandbox(self) -> None:
        ready = self.folder / "sandbox.json"
        self.start.nagarvani(
            "sandbox",
            *("--port", "0", "--smtp-port", "0"),
            *("--state", str(self.folder / "sandbox"), "--ready", str(ready)),
            environment={},
            ready=ready,
        )
        places = json.loads(ready.read_text())
        self.sandbox = places["url"]
        self.environment |= {
            "NAGARVANI_DATABASE_URL": self.database_url,
            "NAGARVANI_MEDIA_DIR": str(self.folder / "media"),
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_X_API_URL": self.sandbox,
            "NAGARVANI_GRAPH_API_URL": self.sandbox,
            "NAGARVANI_SMTP_URL": f"smtp://127.0.0.1:{places['smtp_port']}",
            "NAGARVANI_LOOKS": "0.5,1,1.5",
            "NAGARVANI_LEASE": "12",
            "NAGARVANI_SEND_DEADLINE": "5",
        }

    def _answers(self) -> bool:
        try:
            return requests.get(self.web + "/sign-in", timeout=5).ok
        except requests.ConnectionError:
            return False

    def person(self, key: str) -> Visitor:
        """Somebody of the cast, signed in."""
        if key not in self.people:
            person = people.by_key()[key]
            visitor = Visitor(self.web)
            page = visitor.get("/sign-in")
            visitor.send(page, "#sign-in", {"identifier": person.mail, "password": person.password})
            self.people[key] = visitor
        return self.people[key]

    # The world outside

    def ledger(self, platform: str) -> list[Row]:
        """Everything that was ever made on a platform, oldest first."""
        posts: list[Row] = requests.get(self.sandbox + "/ledger", timeout=10).json()[platform]
        return posts

    def ours(self, platform: str, kind: str = "post") -> list[Row]:
        """What the city itself has made there."""
        return [
            post for post in self.ledger(platform) if not post["citizen"] and post["kind"] == kind
        ]

    def letters(self, key: str) -> list[Row]:
        """The mails for somebody, newest first."""
        to = {"to": people.by_key()[key].mail}
        letters: list[Row] = requests.get(
            self.sandbox + "/letterbox.json", params=to, timeout=10
        ).json()
        return letters

    def wait_for_letter(self, key: str, text: str) -> Row:
        """The newest mail for somebody that holds these words."""
        letters = until(
            lambda: [letter for letter in self.letters(key) if text in letter["text"]],
            what=f"a mail for {key} with {text!r}",
        )
        return letters[0]

    def fault(self, platform: str, operation: str, kind: str, **more: object) -> None:
        """Lay a fault in the way of the next call."""
        laid = {"platform": platform, "operation": operation, "kind": kind, **more}
        response = requests.post(self.sandbox + "/faults", json=laid, timeout=10)
        assert response.status_code == 201, response.text

    def say(self, platform: str, text: str, *, under: str | None = None, author: str) -> str:
        """Let a citizen comment, or mention us; gives its id there."""
        comment = {"platform": platform, "parent": under, "author": author, "text": text}
        response = requests.post(self.sandbox + "/citizens/comment", json=comment, timeout=10)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    # Time that a test does not want to wait for

    def listen_soon(self) -> None:
        """Let the clock read all comments at its next tick, not in a minute."""
        with self.database.transaction() as session:
            for source in session.scalars(select(Source)):
                source.read_at = now()

    def let_pass(self, delivery_id: int, span: timedelta) -> None:
        """Have a delivery's last try lie further back."""
        with self.database.transaction() as session:
            delivery = session.get_one(Delivery, delivery_id)
            assert delivery.sending_at is not None
            delivery.sending_at -= span


def page_with(visitor: Visitor, path: str, text: str, *, within: float = 40) -> Seen:
    """Load a page again and again until it says this."""

    def look() -> Seen | None:
        response = visitor.get(path)
        return response if text in response.text else None

    return until(look, within=within, what=f"{text!r} on {path}")
