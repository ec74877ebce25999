"""Publishing by hand and polling, through the real clients and a sandbox over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.content_checks import outgoing_text
from publisher.delivery import dispatch, manual, platform_credits
from publisher.delivery.monitoring import poll
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest, webhooks
from publisher.models.comments import Comment, CommentHint
from publisher.models.deliveries import Account, Delivery, ReceiptOrigin
from publisher.now import now
from publisher.platforms.base.protocol import Platform
from publisher.platforms.base.types import Outgoing
from publisher.reports import external_changes
from publisher.reports.external_changes import FindingKind
from publisher.states import CommentState, DeliveryState
from publisher.validation import Invalid
from sandbox.credentials import FACEBOOK_PAGES, X_ACCOUNTS
from tests.platforms import platform_setups
from tests.platforms.platform_setups import PlatformSetup
from tests.support.city import City
from tests.support.city_people import HOUR
from tests.support.open_changes import open_changes

HANDLES = {"x": X_ACCOUNTS[0].username, "facebook": FACEBOOK_PAGES[0].id}


@dataclass
class SandboxCity:
    """A city with an account in a sandbox, at the present time."""

    town: City
    platform_setup: PlatformSetup
    context: WorkerContext

    @property
    def name(self) -> str:
        """The name of the platform."""
        return self.platform_setup.name

    def publish_post(self) -> int:
        """Publish a post on the platform, and return the delivery's id."""
        (delivery_id,) = self.town.due(on=[self.name])
        dispatch.tick_dispatch(self.context)
        assert self.town.delivery(delivery_id).state is DeliveryState.PUBLISHED
        return delivery_id

    def tell(self, verb: str, comment_id: str, post_id: str) -> None:
        """Store a webhook about a comment, as the pages do."""
        value = {"item": "comment", "verb": verb, "comment_id": comment_id, "post_id": post_id}
        entry = {"id": HANDLES[self.name], "changes": [{"field": "feed", "value": value}]}
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        with self.town.write() as session:
            webhooks.store(session, now=self.town.now, platform=self.name, body=body)

    def watch_for_two_days(self) -> tuple[external_changes.ExternalChange, ...]:
        """Poll as often as a clock does in two days; return the external changes it found."""
        for _ in range(100):
            self.town.clock.move(HOUR / 2)
            poll.tick_watching(self.context)
        with self.town.read() as session:
            return open_changes(session, actor=self.town.actor("lead"))

    def paste(self, delivery_id: int, link: str) -> manual.LinkedPost:
        """Record a post published by hand as the page does: check the link, read back, store."""
        town, clerk = self.town, self.town.actor("clerk")
        with town.read() as session:
            pasted = manual.look_at_link(
                session, actor=clerk, now=town.now, delivery_id=delivery_id, link=link
            )
        read_back = manual.read_back(self.platform_setup.platform, pasted)
        with town.write() as session:
            manual.publish_by_hand(
                session, actor=clerk, now=town.now, manual_post=pasted, linked_post=read_back
            )
        return read_back

    def post(self, text: str) -> str:
        """Publish a post without the product, and return the link to it."""
        key = self.platform_setup.send(Outgoing(text)).rpartition("_")[2]
        segment = "status" if self.name == "x" else "posts"
        return f"{self.platform_setup.url}/{self.name}/{HANDLES[self.name]}/{segment}/{key}"

    def approved_text(self, delivery_id: int) -> str:
        """Return the approved text as it would be published."""
        with self.town.read() as session:
            return outgoing_text.outgoing_text(session.get_one(Delivery, delivery_id).variant)


@pytest.fixture(params=tuple(HANDLES))
def sandbox_city(
    request: pytest.FixtureRequest, town: City, tmp_path: Path
) -> Iterator[SandboxCity]:
    """Open the sandbox of each platform in turn."""
    name = request.param
    town.clock.at = now()
    with platform_setups.open_setup(name, tmp_path / "sandbox") as setup:
        with town.write() as session:
            account = session.get_one(Account, town.accounts[name])
            account.handle, account.url = HANDLES[name], f"{setup.url}/{name}/{HANDLES[name]}"

        def open_account(account: Account) -> Platform:
            return setup.platform if account.platform == name else town.platforms[account.id]

        context = replace(town.context, open_account=open_account, monotonic=time.monotonic)
        yield SandboxCity(town, setup, context)


def test_what_stands_there_as_it_was_sent_is_no_finding(sandbox_city: SandboxCity) -> None:
    sandbox_city.publish_post()
    assert sandbox_city.watch_for_two_days() == ()


def test_what_somebody_else_deletes_there_is_noticed_and_told(sandbox_city: SandboxCity) -> None:
    delivery_id = sandbox_city.publish_post()
    sandbox_city.platform_setup.change_elsewhere(sandbox_city.town.platform_id(delivery_id), None)
    (finding,) = sandbox_city.watch_for_two_days()
    assert finding.kind is FindingKind.GONE
    assert sandbox_city.town.notified("found_gone") == ["first", "lead", "second"]


@pytest.mark.parametrize("sandbox_city", ["facebook"], indirect=True)
def test_what_somebody_else_changes_there_is_noticed_and_shown(sandbox_city: SandboxCity) -> None:
    """On X an edit creates another post with another id."""
    delivery_id = sandbox_city.publish_post()
    sandbox_city.platform_setup.change_elsewhere(
        sandbox_city.town.platform_id(delivery_id), "पाणी उद्या येणार नाही."
    )
    (finding,) = sandbox_city.watch_for_two_days()
    assert (finding.kind, finding.watch.seen_text) == (FindingKind.CHANGED, "पाणी उद्या येणार नाही.")


@pytest.mark.parametrize("sandbox_city", ["facebook"], indirect=True)
def test_webhooks_about_a_post_that_was_deleted_there_end_and_lose_nothing(
    sandbox_city: SandboxCity,
) -> None:
    """Facebook shows no comment of a deleted post: one that was read before stays in its inbox."""
    town, context, setup = sandbox_city.town, sandbox_city.context, sandbox_city.platform_setup
    post_id, other_id = (town.platform_id(sandbox_city.publish_post()) for _ in range(2))
    read_before, never_read = (setup.citizen_says("पाणी कधी?", post_id) for _ in range(2))
    under_another = setup.citizen_says("धन्यवाद", other_id)
    sandbox_city.tell("add", read_before, post_id)
    assert webhooks.tick_webhooks(context) == 1
    setup.change_elsewhere(post_id, None)
    sandbox_city.tell("add", never_read, post_id)
    sandbox_city.tell("edited", read_before, post_id)
    sandbox_city.tell("add", under_another, other_id)
    assert webhooks.tick_webhooks(context) == 1
    for _ in range(3):
        town.clock.move(webhooks.DOUBTED_FOR)
        webhooks.tick_webhooks(context)
        ingest.tick_ingest(context)
    with town.read() as session:
        comments = session.scalars(select(Comment).order_by(Comment.id)).all()
        assert [(comment.platform_id, comment.state, comment.gone_at) for comment in comments] == [
            (read_before, CommentState.ROUTED, None),
            (under_another, CommentState.ROUTED, None),
        ]
        assert session.scalars(select(CommentHint)).all() == []
    (finding,) = sandbox_city.watch_for_two_days()
    assert finding.kind is FindingKind.GONE


def test_what_a_person_posts_there_is_read_back_kept_and_listened_to(
    sandbox_city: SandboxCity,
) -> None:
    town = sandbox_city.town
    (delivery_id,) = town.schedule(town.approved(on=[sandbox_city.name]), HOUR)
    read_back = sandbox_city.paste(
        delivery_id, sandbox_city.post(sandbox_city.approved_text(delivery_id))
    )
    assert read_back.is_read
    with town.read() as session:
        delivery = session.get_one(Delivery, delivery_id)
        assert delivery.state is DeliveryState.PUBLISHED
        assert delivery.receipt is not None
        assert delivery.receipt.origin is ReceiptOrigin.BY_HAND
        own_id = delivery.receipt.platform_id
    comment_id = sandbox_city.platform_setup.citizen_says("पाणी कधी येणार?", own_id)
    town.clock.move(timedelta(minutes=10))
    ingest.tick_ingest(sandbox_city.context)
    assert town.verbs("comments", town.comment_id(comment_id, on=sandbox_city.name))[0] == "receive"
    town.clock.move(2 * HOUR)
    assert dispatch.tick_dispatch(sandbox_city.context) == 0
    assert len(sandbox_city.platform_setup.published()) == 1


def test_other_words_than_the_approved_ones_are_told_and_nothing_is_kept(
    sandbox_city: SandboxCity,
) -> None:
    town = sandbox_city.town
    (delivery_id,) = town.schedule(town.approved(on=[sandbox_city.name]), HOUR)
    link = sandbox_city.post("पाणीपुरवठा नेहमीप्रमाणे सुरू राहील.")
    with pytest.raises(Invalid) as refused:
        sandbox_city.paste(delivery_id, link)
    (problem,) = refused.value.problems
    assert problem.values["there"] == "पाणीपुरवठा नेहमीप्रमाणे सुरू राहील."
    assert town.delivery(delivery_id).state is DeliveryState.SCHEDULED


@pytest.mark.parametrize("sandbox_city", ["x"], indirect=True)
def test_what_is_due_while_credits_are_used_up_is_published_once_later(
    sandbox_city: SandboxCity,
) -> None:
    town, context, setup = sandbox_city.town, sandbox_city.context, sandbox_city.platform_setup
    sandbox_city.publish_post()
    setup.set_switches(x_credits="used_up")
    due = [town.due(on=["x"])[0] for _ in range(2)]
    dispatch.tick_dispatch(context)
    platform_credits.tick_credits(context)
    assert {town.delivery(delivery_id).reason["code"] for delivery_id in due} == {"credits"}
    town.clock.move(platform_credits.TRY_EVERY)
    assert platform_credits.tick_credits(context) == 1
    assert dispatch.tick_dispatch(context) == 0
    setup.set_switches(x_credits="left")
    town.clock.move(platform_credits.TRY_EVERY)
    assert platform_credits.tick_credits(context) == 1
    dispatch.tick_dispatch(context)
    assert {town.delivery(delivery_id).state for delivery_id in due} == {DeliveryState.PUBLISHED}
    assert len(setup.published()) == 3
