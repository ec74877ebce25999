"""A city whose account on X is the sandbox's, at the times that the city's clock shows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from publisher.delivery.accounts.credentials import Vault, opener
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest
from publisher.models.comments import Comment, Source
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.platforms.account import OpenedAccount
from publisher.platforms.base.protocol import Platform
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.platforms.x.platform import XPlatform
from publisher.settings import environment
from sandbox.server import run_sandbox
from tests.platforms.platform_setups import CREDENTIALS, deadline
from tests.support.city import City

AT = "X-Sandbox-At"
# Without the names in front, no reply is found among the mentions too.
SWITCHES = {"x_publish_limit": "100000", "x_duplicate_hours": "0", "x_search_delay": "30"}
SWITCHES |= {"x_auto_mentions": "off"}


@dataclass
class XCity:
    """The city with a first post, of which all others are copies under other ids."""

    town: City
    url: str
    folder: Path
    post_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        variables = {"NAGARVANI_X_API_URL": self.url, "NAGARVANI_SECRET_KEY": "s" * 40}
        settings = environment.load(variables, folder=self.folder)
        (self.delivery_id,) = self.town.live()
        with self.town.write() as session:
            account = session.get_one(Account, self.town.accounts["x"])
            account.credentials = Vault.of(settings).seal(CREDENTIALS["x"])
            receipt = session.scalars(select(ReceiptRow)).one()
            # The first post lies in memory alone, and is not read.
            receipt.gone_at = self.town.now
        self._open = opener(settings, self.town.database, now=self.town.clock)
        poster = self._open(account)
        assert isinstance(poster, XPlatform)
        self._poster = poster
        self.context: WorkerContext = replace(self.town.context, open_account=self.open)
        self.set_switches(**SWITCHES)

    def open(self, account: Account) -> Platform:
        """Open the account at the time that the city's clock shows."""
        platform = self._open(account)
        assert isinstance(platform, OpenedAccount)
        platform._channel.headers[AT] = self.town.now.isoformat()
        return platform

    def set_switches(self, **values: str) -> None:
        """Set switches of the sandbox."""
        requests.post(f"{self.url}/switches", json=values, timeout=10).raise_for_status()

    def fault(self, operation: str, kind: str, **more: object) -> None:
        """Add a fault to the sandbox."""
        fault = {"platform": "x", "operation": operation, "kind": kind, **more}
        requests.post(f"{self.url}/faults", json=fault, timeout=10).raise_for_status()

    def publish(self, text: str, at: datetime, *, is_known: bool = True) -> str:
        """Publish a post at this time, and record it unless it is not `is_known` yet."""
        self._poster._channel.headers[AT] = at.isoformat()
        prepared = PreparedPost(Outgoing(text))
        post_id = self._poster.publish(prepared, deadline=deadline()).platform_id
        if is_known:
            self.record(post_id, at)
        return post_id

    def record(self, post_id: str, at: datetime) -> None:
        """Record a post that was published then, as a copy of the first one."""
        with self.town.write() as session:
            values = _values(session.get_one(Delivery, self.delivery_id))
            # Only one publication of a text is allowed; its action is not read here.
            delivery = Delivery(**values | {"action": DeliveryAction.DELETE})
            session.add(delivery)
            session.flush()
            first = session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)).first()
            changes = {"delivery_id": delivery.id, "platform_id": post_id, "gone_at": None}
            changes |= {"published_at": at, "stored_at": self.town.now}
            session.add(ReceiptRow(**_values(first) | changes))
        self.post_ids.append(post_id)

    def comment(self, under: str, text: str = "पाणी कधी येणार?", at: datetime | None = None) -> str:
        """Let a citizen comment now or at this time, and return the comment's id."""
        comment = {"platform": "x", "parent_id": under, "author": "@udaharan", "text": text}
        comment["at"] = (at or self.town.now).isoformat()
        response = requests.post(f"{self.url}/citizens/comment", json=comment, timeout=10)
        response.raise_for_status()
        return str(response.json()["id"])

    def listen(self, after: timedelta = timedelta(0)) -> int:
        """Read comments once, after that long, and return the number of new ones."""
        self.town.clock.move(after)
        return ingest.tick_ingest(self.context)

    def read_soon(self) -> None:
        """Let all sources be due."""
        with self.town.write() as session:
            for source in session.scalars(select(Source)):
                source.read_at = self.town.now

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """Return the requests of an operation that reached X, the oldest first."""
        rows = requests.get(f"{self.url}/requests.json", timeout=10).json()
        return [row for row in rows if row["operation"] == operation]

    def codes(self, *operations: str) -> list[int]:
        """Return the HTTP codes with which X answered requests of these operations."""
        return [row["code"] for name in operations for row in self.requests(name)]

    def stored(self) -> dict[str, str]:
        """Return the roots of the stored comments by the comments' ids on X."""
        with self.town.read() as session:
            comments = session.scalars(select(Comment)).all()
            roots = {comment.platform_id: comment.thread.root_id for comment in comments}
        assert len(roots) == len(comments), "a comment was stored twice"
        return roots

    def written(self) -> dict[str, str]:
        """Return the roots of what citizens wrote, by the ids of what they wrote."""
        rows = requests.get(f"{self.url}/ledger", timeout=30).json()["x"]
        return {row["id"]: row["root_id"] for row in rows if row["citizen"]}

    def cursors(self) -> dict[str, str | None]:
        """Return the cursors of the posts by their ids."""
        with self.town.read() as session:
            sources = session.scalars(select(Source).where(Source.receipt_id.is_not(None)))
            return {
                source.receipt.platform_id: source.cursor for source in sources if source.receipt
            }


def _values(row: Delivery | ReceiptRow | None) -> dict[str, Any]:
    assert row is not None
    columns = row.__table__.columns
    return {column.key: getattr(row, column.key) for column in columns if column.key != "id"}


def some_of(chance: random.Random, post_ids: list[str], most: int) -> list[str]:
    """Return up to this many posts, some of them more than once."""
    return [chance.choice(post_ids) for _ in range(chance.randint(0, most))]


@contextmanager
def open_x_city(town: City, folder: Path) -> Iterator[XCity]:
    """Open the city with a sandbox of its own."""
    with run_sandbox(path=folder / "sandbox") as sandbox:
        yield XCity(town, sandbox.url, folder)
