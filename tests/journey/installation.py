"""An installation of the product: its processes, and the sandbox as seen by a test."""

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

from commands.demo.city import sandbox_accounts
from demo import people
from demo.seeding.setup import set_up_city
from publisher.database.session import Database
from publisher.media.folder_store import FolderStore
from publisher.models.comments import Source
from publisher.models.deliveries import Delivery
from publisher.now import now
from publisher.settings.environment import load
from publisher.tasks import before_commit
from tests.journey.http_browser import LoadedPage, Visitor
from tests.support.processes import Starter, free_port

SECRET = "a secret of the tests, long enough"
Outcome = TypeVar("Outcome")
Row = dict[str, Any]


def wait_for(
    condition: Callable[[], Outcome | None], *, within: float = 90, what: str = ""
) -> Outcome:
    """Call the condition four times a second until its result is true; return the result."""
    deadline = time.monotonic() + within
    while not (outcome := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within} s in vain: {what or condition}")
        time.sleep(0.25)
    return outcome


@dataclass
class Installation:
    """Sandbox, web and clock, each in a process, with a shared database.

    `database_options` are appended to the address of the database for these processes alone.
    """

    start: Starter
    database_url: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    sandbox: str = ""
    web: str = ""
    visitors: dict[str, Visitor] = field(default_factory=dict)
    database_options: str = ""

    def set_up(self) -> None:
        """Start all processes, and set up the city with the demo's people."""
        self._start_sandbox()
        port = free_port()
        self.web = f"http://127.0.0.1:{port}"
        self.environment["NAGARVANI_BASE_URL"] = self.web
        self.start.nagarvani(
            "web", "--port", str(port), "--workers", "1", environment=self.environment
        )
        settings = load(self.environment, folder=self.folder)
        set_up_city(
            self.database,
            settings=settings,
            accounts=sandbox_accounts(self.sandbox),
            began_at=now(),
        )
        self.start.nagarvani("clock", environment=self.environment)
        wait_for(self._web_responds, what="the pages")

    def __post_init__(self) -> None:
        self.database = before_commit.register(Database(self.database_url))
        self.store = FolderStore(self.folder / "media")

    def _start_sandbox(self) -> None:
        ready = self.folder / "sandbox.json"
        self.start.nagarvani(
            "sandbox",
            *("--port", "0", "--smtp-port", "0"),
            *("--state", str(self.folder / "sandbox"), "--ready", str(ready)),
            environment={},
            ready=ready,
        )
        addresses = json.loads(ready.read_text())
        self.sandbox = addresses["url"]
        self.environment |= {
            "NAGARVANI_DATABASE_URL": self.database_url + self.database_options,
            "NAGARVANI_MEDIA_DIR": str(self.folder / "media"),
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_X_API_URL": self.sandbox,
            "NAGARVANI_GRAPH_API_URL": self.sandbox,
            "NAGARVANI_SMTP_URL": f"smtp://127.0.0.1:{addresses['smtp_port']}",
            "NAGARVANI_LOOKS": "0.5,1,1.5",
            "NAGARVANI_LEASE": "12",
            "NAGARVANI_TAKE_BACK": "0",
            "NAGARVANI_SEND_DEADLINE": "5",
        }

    def _web_responds(self) -> bool:
        try:
            return requests.get(self.web + "/sign-in", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def visitor(self, key: str) -> Visitor:
        """Return the browser of a person of the demo, signed in."""
        if key not in self.visitors:
            person = people.people_by_key()[key]
            visitor = Visitor(self.web)
            page = visitor.get("/sign-in")
            visitor.send(page, "#sign-in", {"identifier": person.mail, "password": person.password})
            self.visitors[key] = visitor
        return self.visitors[key]

    # The sandbox

    def ledger(self, platform: str) -> list[Row]:
        """Return everything that was ever created on a platform, oldest first."""
        posts: list[Row] = requests.get(self.sandbox + "/ledger", timeout=10).json()[platform]
        return posts

    def city_posts(self, platform: str, kind: str = "post") -> list[Row]:
        """Return the city's own posts or comments on a platform."""
        return [
            post for post in self.ledger(platform) if not post["citizen"] and post["kind"] == kind
        ]

    def mails(self, key: str) -> list[Row]:
        """Return a person's mails, newest first."""
        recipient = {"to": people.people_by_key()[key].mail}
        mails: list[Row] = requests.get(
            self.sandbox + "/letterbox.json", params=recipient, timeout=10
        ).json()
        return mails

    def wait_for_mail(self, key: str, text: str) -> Row:
        """Wait for a mail to this person with this text, and return the newest."""
        mails = wait_for(
            lambda: [letter for letter in self.mails(key) if text in letter["text"]],
            what=f"a mail for {key} with {text!r}",
        )
        return mails[0]

    def add_fault(self, platform: str, operation: str, kind: str, **more: object) -> None:
        """Add a fault for the next call."""
        fault = {"platform": platform, "operation": operation, "kind": kind, **more}
        response = requests.post(self.sandbox + "/faults", json=fault, timeout=10)
        assert response.status_code == 201, response.text

    def add_comment(
        self, platform: str, text: str, *, under: str | None = None, author: str
    ) -> str:
        """Let a citizen comment, or mention the city; return the id on the platform."""
        comment = {"platform": platform, "parent": under, "author": author, "text": text}
        response = requests.post(self.sandbox + "/citizens/comment", json=comment, timeout=10)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    # Shortcuts through time

    def read_comments_soon(self) -> None:
        """Let the clock read comments at its next tick, not in a minute."""
        with self.database.transaction() as session:
            for source in session.scalars(select(Source)):
                source.read_at = now()

    def age_attempt(self, delivery_id: int, span: timedelta) -> None:
        """Move a delivery's last attempt back by this span."""
        with self.database.transaction() as session:
            delivery = session.get_one(Delivery, delivery_id)
            assert delivery.sending_at is not None
            delivery.sending_at -= span


def wait_for_page(visitor: Visitor, path: str, text: str, *, within: float = 90) -> LoadedPage:
    """Load a page repeatedly until it contains this text, and return it."""

    def load() -> LoadedPage | None:
        response = visitor.get(path)
        return response if text in response.text else None

    return wait_for(load, within=within, what=f"{text!r} on {path}")
