"""A city whose Facebook tells of comments by webhooks, which a test makes, orders and loses."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select

from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest, subscriptions, webhooks
from publisher.models.comments import Comment, CommentHint, Webhook
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import CommentOrError, PlatformError
from publisher.platforms.base.types import CommentPage, CommentSource, RemoteComment
from tests.support.city import City
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.memory_platform.store import remote_comment

SETTINGS = {
    "facebook_app_id": "1",
    "facebook_app_secret": "s",
    "facebook_verify_token": "t",
}


class TellingPlatform(MemoryPlatform):
    """An account in memory whose comments can be read by their ids, late if `unseen` names them.

    `told` is what it says of the subscription; `subscribing` is raised by an attempt to subscribe.
    """

    def __init__(self, platform: MemoryPlatform, city: City) -> None:
        super().__init__(now=city.clock, name=platform.name, can_edit=True)
        self.told = False
        self.subscribing: PlatformError | None = None
        self.unseen: set[str] = set()
        self.batches: list[list[str]] = []
        self.polls = 0

    def is_subscribed(self) -> bool:
        return self.told

    def subscribe(self) -> None:
        if self.subscribing is not None:
            raise self.subscribing
        self.told = True

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        self.polls += 1
        return super().comments_since(source, cursor)

    def comments_by_ids(self, roots: Mapping[str, str]) -> Mapping[str, CommentOrError]:
        self._begin("see")
        self.batches.append(list(roots))
        return {comment_id: self._comment(comment_id) for comment_id in roots}

    def _comment(self, comment_id: str) -> RemoteComment | None:
        post = None if comment_id in self.unseen else self._shelf.find(comment_id)
        if post is None:
            return None
        return replace(remote_comment(post), is_hidden=post.is_hidden)


class ToldTown:
    """The city with a live post on Facebook; what is told of it is received and worked here."""

    def __init__(self, town: City) -> None:
        self.town = town
        self.account_id = town.accounts["facebook"]
        self.facebook = TellingPlatform(town.platforms[self.account_id], town)
        town.platforms[self.account_id] = self.facebook
        self.post_id = self.post()
        town.listen()  # its source is read once when it is opened

    @property
    def context(self) -> WorkerContext:
        return self.town.context

    def post(self) -> str:
        """Publish one more post, and return its id on the platform."""
        (delivery_id,) = self.town.live(on=["facebook"])
        return self.town.platform_id(delivery_id)

    def says(self, text: str = "पाणी कधी येणार?", *, under: str = "") -> str:
        """Let a citizen comment; nobody is told yet."""
        return self.facebook.citizen_says(text, parent_id=under or self.post_id)

    def body(
        self, *changes: tuple[str, str], post_id: str = "", page_id: str = "9", noise: int = 0
    ) -> bytes:
        """Return a delivery about these verbs and comments."""
        values = [
            {"item": "comment", "verb": verb, "comment_id": key, "post_id": post_id or self.post_id}
            for verb, key in changes
        ]
        listed = [{"field": "feed", "value": value} for value in values]
        return json.dumps(
            {"object": "page", "entry": [{"id": page_id, "time": noise, "changes": listed}]}
        ).encode()

    def receive(self, *bodies: bytes) -> None:
        """Store deliveries, as the pages do."""
        for body in bodies:
            with self.town.write() as session:
                webhooks.store(session, now=self.town.now, platform="facebook", body=body)

    def work(self, context: WorkerContext | None = None) -> int:
        """Run one tick of the webhooks."""
        return webhooks.tick_webhooks(context or self.context)

    def ask(self) -> int:
        """Run one tick of the subscriptions."""
        return subscriptions.tick_subscriptions(self.context, SETTINGS)

    def poll(self) -> int:
        """Run one tick of polling."""
        return ingest.tick_ingest(self.context)

    def account(self) -> Account:
        with self.town.read() as session:
            return session.get_one(Account, self.account_id)

    def comments(self) -> dict[str, Comment]:
        """Return the stored comments by their ids on the platform."""
        with self.town.read() as session:
            return {comment.platform_id: comment for comment in session.scalars(select(Comment))}

    def hints(self) -> list[CommentHint]:
        with self.town.read() as session:
            return list(session.scalars(select(CommentHint).order_by(CommentHint.id)))

    def stored_count(self) -> int:
        with self.town.read() as session:
            return len(session.scalars(select(Webhook.id)).all())

    def telling(self) -> subscriptions.WebhookState | None:
        with self.town.read() as session:
            account = session.get_one(Account, self.account_id)
            states = subscriptions.telling(session, [account], SETTINGS, now=self.town.now)
        return states.get(self.account_id)


def shuffled(bodies: list[bytes], seed: int) -> list[bytes]:
    """Return the deliveries in another order, some of them twice."""
    dice = random.Random(seed)
    twice = [*bodies, *(body for body in bodies if dice.random() < 0.3)]
    dice.shuffle(twice)
    return twice


@pytest.fixture
def told_town(town: City) -> ToldTown:
    """Return a city with a live post on a Facebook that tells of comments."""
    return ToldTown(town)
