"""A city whose account on X or Facebook is read from a stub that sends the platform's JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from sqlalchemy import select

from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest
from publisher.models.comments import Comment, Source, UnstoredComment
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import Platform
from publisher.platforms.registry import open_platform
from tests.platforms.platform_setups import CREDENTIALS
from tests.platforms.stub import Stub, http_response, serving
from tests.support.city import City
from tests.support.city_people import HOUR


@dataclass
class RawComment:
    """A comment as a platform's JSON has it; `key` is the last part of its id."""

    key: int
    text: str = "पाणी कधी येणार?"
    name: str = "उदाहरण जगताप"
    handle: str = "udaharan"
    #: Characters to append to the id of its conversation, or on Facebook to its own id.
    suffix: str = ""
    #: On X the id of its author; empty for one of its own.
    author: str = ""
    at: datetime | None = None
    #: On X the keys of all versions, of which an edit makes a new one; the newest last.
    versions: tuple[int, ...] = ()


@dataclass
class StubbedCity:
    """A city whose account on one platform is read from a stub."""

    town: City
    name: str
    stub: Stub
    platform: Platform
    post_id: str

    def __post_init__(self) -> None:
        self.context: WorkerContext = replace(self.town.context, open_account=self._open)

    def _open(self, account: Account) -> Platform:
        is_stubbed = account.platform == self.name
        return self.platform if is_stubbed else self.town.platforms[account.id]

    def sends(self, *comments: RawComment, token: str = "") -> None:
        """Answer every read with these comments, and with the cursor of another page."""
        build: Callable[..., object] = {"x": self._of_x, "facebook": self._of_facebook}[self.name]
        self.stub.default = http_response(build(comments, token))

    def _of_x(self, comments: tuple[RawComment, ...], token: str) -> object:
        posts = [
            {
                "id": str(2_000_000_000_000_000_000 + comment.key),
                "text": comment.text,
                # The same rows answer who the authors are.
                "author_id": comment.author or str(2_000_000_000_000_000_000 + comment.key),
                "name": comment.name,
                "username": comment.handle,
                "conversation_id": self.post_id + comment.suffix,
                "created_at": (comment.at or self.town.now).isoformat(),
                "edit_history_tweet_ids": [
                    str(2_000_000_000_000_000_000 + key)
                    for key in comment.versions or [comment.key]
                ],
            }
            for comment in comments
        ]
        next_token = {"next_token": token} if token else {}
        meta = {"result_count": len(posts), **next_token}
        return {"data": posts, "meta": meta}

    def _of_facebook(self, comments: tuple[RawComment, ...], token: str) -> object:
        rows = [
            {
                "id": f"{self.post_id}_{comment.key}{comment.suffix}",
                "message": comment.text,
                "from": {"id": str(5_000 + comment.key), "name": comment.name},
                "created_time": (comment.at or self.town.now).isoformat(),
            }
            for comment in comments
        ]
        paging = {"cursors": {"after": token}, "next": "https://…"} if token else {}
        return {"data": rows, "paging": paging}

    def listen(self) -> int:
        """Read comments once, after an hour, and return the number of new ones."""
        self.town.clock.move(HOUR)
        return ingest.tick_ingest(self.context)

    def comments(self) -> dict[int, Comment]:
        """Return the stored comments by their keys."""
        with self.town.read() as session:
            rows = session.scalars(select(Comment).order_by(Comment.id)).all()
        return {int(row.platform_id.rpartition("_")[2]) % 1_000: row for row in rows}

    def unstored(self) -> list[UnstoredComment]:
        """Return the comments that could not be stored."""
        with self.town.read() as session:
            return list(session.scalars(select(UnstoredComment)))

    def sources(self) -> list[Source]:
        """Return the sources of the account."""
        query = select(Source).where(Source.account_id == self.town.accounts[self.name])
        with self.town.read() as session:
            return list(session.scalars(query))


@pytest.fixture(params=["x", "facebook"])
def stubbed_city(request: pytest.FixtureRequest, town: City) -> Iterator[StubbedCity]:
    """Publish a post, and replace its platform by the real reader of a stub."""
    name = request.param
    (delivery_id,) = town.live(on=[name])
    with serving() as stub:
        hosts = {"x_api_url": stub.url, "graph_api_url": stub.url, "graph_api_version": "v26.0"}
        platform = open_platform(name, CREDENTIALS[name], hosts, now=lambda: town.now)
        yield StubbedCity(town, name, stub, platform, town.platform_id(delivery_id))
