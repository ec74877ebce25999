"""Rules for posts: write, approve, schedule, correct, delete."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, rule
from sqlalchemy import select, update

from publisher.content_checks import outgoing_text
from publisher.delivery import manual
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.posts import Post, Revision, Variant
from publisher.scheduling import corrections, post_schedule
from publisher.states import SENT, DeliveryState
from publisher.validation import Invalid
from tests.delivery.machine.city_machine import (
    BOTH,
    SOME_PLATFORMS,
    SPANS,
    TICK_DELAYS,
    posts,
)
from tests.delivery.machine.clock_rules import ClockRules
from tests.delivery.machine.ledger import Ledger
from tests.delivery.test_corrections import write
from tests.delivery.test_manual import link_to, paste
from tests.delivery.test_takedown_orders import take_back
from tests.support import kept_rows


class PostRules(ClockRules):
    """Rules for posts from the draft to their deletion."""

    @initialize(target=posts)
    def begin(self) -> MultipleResults[int]:
        """Start with an approved post and a live one."""
        scheduled, live = self._add_approved_post(BOTH), self._add_approved_post(BOTH)
        self.town.schedule(live, timedelta(0))
        self.town.tick_dispatch()
        return multiple(scheduled, live)

    @rule(target=posts, on=SOME_PLATFORMS, then=TICK_DELAYS)
    def write(self, on: tuple[str, ...], then: int | None) -> int:
        """The cell drafts a post and the department approves it; perhaps it is due at once."""
        post = self._add_approved_post(on)
        if then is not None:
            self._schedule(post, 0)
        self.tick_after(then)
        return post

    def _add_approved_post(self, on: tuple[str, ...], submission: int | None = None) -> int:
        post = self.town.start(submission or self.town.hand_in())
        self.town.save(post, on=on, text=self.new_text())
        self.town.send(post)
        self.approve(post)
        return post

    @rule(post=posts, after=SPANS, then=TICK_DELAYS)
    def schedule(self, post: int, after: int, then: int | None) -> None:
        """The cell schedules a post."""
        self._schedule(post, after)
        self.tick_after(then)

    def _schedule(self, post: int, after: int) -> None:
        self.attempt("schedule", self.town.schedule, post, timedelta(seconds=after))

    @rule(post=posts, then=TICK_DELAYS)
    def publish_now(self, post: int, then: int | None) -> None:
        """The cell publishes a post now."""
        variants = self.town.variants(post)
        self.use_case("publish_now", post_schedule.publish_now, by="clerk", variant_ids=variants)
        self.tick_after(then)

    @rule(post=posts, is_reviewed=st.booleans())
    def revise(self, post: int, is_reviewed: bool) -> None:
        """The cell saves a new revision, which perhaps is reviewed."""
        self.attempt("revise", self.town.save, post, text=self.new_text())
        if is_reviewed:
            self.review(post)

    @rule(post=posts, then=TICK_DELAYS)
    def review_again(self, post: int, then: int | None) -> None:
        """A post is reviewed again, and due at once."""
        self.review(post)
        self._schedule(post, 0)
        self.tick_after(then)

    def review(self, post: int) -> None:
        """Send the newest revision for review, and let the department approve it."""
        self.attempt("send", self.town.send, post)
        self.attempt("approve", self.approve, post)

    # Live posts

    @rule(post=posts, then=TICK_DELAYS)
    def correct(self, post: int, then: int | None) -> None:
        """A live post is corrected, by an edit on Facebook and a note on X."""
        with self.town.read() as session:
            on = {
                live_text.account.platform
                for live_text in corrections.list_live_texts(session, post)
                if not live_text.is_note
            }
        texts = {name: self.new_text() for name in sorted(on)}
        if not texts:
            return
        if self.attempt("word_correction", write, self.town, post, texts) is not None:
            self.review(post)
            self.attempt("correct", self.town.schedule, post, timedelta(0))
            self.tick_after(then)

    @rule(post=posts, on=SOME_PLATFORMS, is_lead=st.booleans(), then=TICK_DELAYS)
    def take_back(self, post: int, on: tuple[str, ...], is_lead: bool, then: int | None) -> None:
        """The lead or an officer orders the deletion of a live post."""
        who = "lead" if is_lead else self.approver
        self.attempt("take_back", take_back, self.town, post, by=who, on=on)
        self.tick_after(then)

    @rule(post=posts)
    def publish_by_hand(self, post: int) -> None:
        """A clerk who may do so publishes by hand what is not live yet, and pastes the link.

        Nothing happens in between, so the product must accept the link.
        """
        self._schedule(post, 3_700)
        for delivery in self.deliveries(
            Delivery.post_id == post, Delivery.action == DeliveryAction.PUBLISH
        ):
            if self.attempt("ask_by_hand", self._may_publish_by_hand, delivery.id):
                ledger = self.ledger_of(delivery.account_id)
                self._paste(
                    delivery.id, ledger, link_to(self._post_by_hand(delivery), on=ledger.name)
                )

    def _paste(self, delivery_id: int, ledger: Ledger, link: str) -> None:
        """Paste the link, or paste it again later if a lagging timeline hides the post."""
        try:
            paste(self.town, delivery_id, link, on=ledger.name)
        except Invalid as problem:
            if problem.codes != [("link", "not_found_there")] or not ledger.lag:
                raise
            self.counts["not_shown_yet"] += 1
            ledger.lag = timedelta(0)
            paste(self.town, delivery_id, link, on=ledger.name)
        self.counts["by_hand"] += 1

    def _may_publish_by_hand(self, delivery_id: int) -> bool:
        with self.town.read() as session:
            clerk = self.town.actor("clerk")
            manual.require_publishable(session, actor=clerk, now=self.now, delivery_id=delivery_id)
        return True

    def _post_by_hand(self, delivery: Delivery) -> str:
        platform = self.ledger_of(delivery.account_id)
        with self.town.read() as session:
            variant = session.get_one(Variant, delivery.variant_id)
            outgoing, target = outgoing_text.outgoing_text(variant), variant.target
        posts = platform.creations(outgoing)
        return posts[0].platform_id if posts else platform.post_by_hand(outgoing, target)

    # Tampering

    @rule(post=posts, on=SOME_PLATFORMS)
    def tamper(self, post: int, on: tuple[str, ...]) -> None:
        """Approved texts are changed in the database, and are then due.

        If the post has been sent already, those of a newly approved post are changed.
        """
        sent_states = Delivery.state.in_((*SENT, DeliveryState.CLAIMED))
        if self.deliveries(Delivery.post_id == post, sent_states):
            post = self._add_approved_post(on)
        newest = select(Revision.id).join(Post, Post.newest == Revision.number)
        revision_ids = newest.where(Post.id == post, Revision.post_id == post)
        with kept_rows.changeable(self.town.database), self.town.write() as session:
            session.execute(
                update(Variant)
                .where(Variant.revision_id.in_(revision_ids))
                .values(text=self.new_text())
            )
        self.counts["tamper"] += 1
        self._schedule(post, 0)
        self.tick_after(1)
