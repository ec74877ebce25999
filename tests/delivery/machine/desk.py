"""What the cell and the departments do with posts: write, approve, time, correct, take back."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, rule
from sqlalchemy import select, update

from publisher.content_checks import outgoing_text
from publisher.delivery import manual
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.posts import Post, Revision, Variant
from publisher.review import withdraw
from publisher.scheduling import corrections
from publisher.scheduling import schedule as scheduling_schedule
from publisher.states import SENT, DeliveryState
from publisher.validation import Invalid
from tests.delivery.machine.clocks import AtTheClock
from tests.delivery.machine.ledger import Ledger
from tests.delivery.machine.scene import BOTH, SOMEWHERE, SPANS, THEN, WHY, posts
from tests.delivery.test_corrections import write
from tests.delivery.test_manual import link_to, paste
from tests.delivery.test_takedown_orders import take_back


class AtTheDesk(AtTheClock):
    """Posts, from the first word to their end."""

    @initialize(target=posts)
    def begin(self) -> MultipleResults[int]:
        """There is something that waits for its time, and something that is live."""
        todo_kinds, is_live = self._approved(BOTH), self._approved(BOTH)
        self.town.schedule(is_live, timedelta(0))
        self.town.tick_dispatch()
        return multiple(todo_kinds, is_live)

    @rule(target=posts, on=SOMEWHERE, then=THEN)
    def write(self, on: tuple[str, ...], then: int | None) -> int:
        """The cell drafts, the department approves; perhaps it is to leave at once."""
        post = self._approved(on)
        if then is not None:
            self._schedule(post, 0)
        self.go_on(then)
        return post

    def _approved(self, on: tuple[str, ...]) -> int:
        post = self.town.start(self.town.hand_in())
        self.town.save(post, on=on, text=self.new_text())
        self.town.send(post)
        self.approve(post)
        return post

    @rule(post=posts, after=SPANS, then=THEN)
    def schedule(self, post: int, after: int, then: int | None) -> None:
        """The cell gives it a time."""
        self._schedule(post, after)
        self.go_on(then)

    def _schedule(self, post: int, after: int) -> None:
        self.attempt("schedule", self.town.schedule, post, timedelta(seconds=after))

    @rule(post=posts, then=THEN)
    def publish_now(self, post: int, then: int | None) -> None:
        """The cell lets it leave at once."""
        variants = self.town.variants(post)
        self.use("publish_now", scheduling_schedule.publish_now, by="clerk", variant_ids=variants)
        self.go_on(then)

    @rule(post=posts, is_reviewed=st.booleans())
    def revise(self, post: int, is_reviewed: bool) -> None:
        """The cell changes a word: another revision, which nobody has approved yet."""
        self.attempt("revise", self.town.save, post, text=self.new_text())
        if is_reviewed:
            self.review(post)

    @rule(post=posts, then=THEN)
    def review_again(self, post: int, then: int | None) -> None:
        """It is sent for review, approved once more, and to leave at once."""
        self.review(post)
        self._schedule(post, 0)
        self.go_on(then)

    def review(self, post: int) -> None:
        """Its newest revision goes before the department, which approves it."""
        self.attempt("send", self.town.send, post)
        self.attempt("approve", self.approve, post)

    @rule(post=posts, how=st.sampled_from(["withdraw_approval", "give_up", "cancel"]))
    def hold_back(self, post: int, how: str) -> None:
        """It has a time, and then somebody does not want it to leave."""
        self._schedule(post, 3_700)
        if how == "give_up":
            self.use(how, withdraw.withdraw_post, post_id=post, reason=WHY)
        elif how == "cancel":
            for delivery in self.deliveries(Delivery.post_id == post):
                self.use(how, scheduling_schedule.cancel, delivery_id=delivery.id)
        else:
            newest, who = self.town.newest(post), self.approver
            self.use(how, withdraw.withdraw_approval, by=who, post_id=post, seen_revision=newest)

    # What is out

    @rule(post=posts, then=THEN)
    def correct(self, post: int, then: int | None) -> None:
        """What is out is worded anew, approved, and due: an edit on Facebook, a note on X."""
        with self.town.read() as session:
            on = {
                live_text.account.platform
                for live_text in corrections.live_texts_of(session, post)
                if not live_text.is_note
            }
        texts = {name: self.new_text() for name in sorted(on)}
        if not texts:
            return
        if self.attempt("word_correction", write, self.town, post, texts) is not None:
            self.review(post)
            self.attempt("correct", self.town.schedule, post, timedelta(0))
            self.go_on(then)

    @rule(post=posts, on=SOMEWHERE, is_lead=st.booleans(), then=THEN)
    def take_back(self, post: int, on: tuple[str, ...], is_lead: bool, then: int | None) -> None:
        """Somebody orders the deletion of what stands of it."""
        who = "lead" if is_lead else self.approver
        self.attempt("take_back", take_back, self.town, post, by=who, on=on)
        self.go_on(then)

    @rule(post=posts)
    def publish_by_hand(self, post: int) -> None:
        """Somebody of the cell who may do so looks first, posts what is not there, pastes the link.

        Nothing comes between, so whatever refuses the link now has let them post in vain.
        """
        self._schedule(post, 3_700)
        for delivery in self.deliveries(
            Delivery.post_id == post, Delivery.action == DeliveryAction.PUBLISH
        ):
            if self.attempt("ask_by_hand", self._may_by_hand, delivery.id):
                ledger = self.ledger_of(delivery.account_id)
                self._paste(delivery.id, ledger, link_to(self._by_hand(delivery), on=ledger.name))

    def _paste(self, delivery_id: int, ledger: Ledger, link: str) -> None:
        """What a lagging timeline does not show yet is refused; then they paste it once it does."""
        try:
            paste(self.town, delivery_id, link, on=ledger.name)
        except Invalid as refused:
            if refused.codes != [("link", "not_found_there")] or not ledger.lag:
                raise
            self.came["not_shown_yet"] += 1
            ledger.lag = timedelta(0)
            paste(self.town, delivery_id, link, on=ledger.name)
        self.came["by_hand"] += 1

    def _may_by_hand(self, delivery_id: int) -> bool:
        with self.town.read() as session:
            clerk = self.town.actor("clerk")
            manual.require_publishable(session, actor=clerk, now=self.now, delivery_id=delivery_id)
        return True

    def _by_hand(self, delivery: Delivery) -> str:
        platform = self.ledger_of(delivery.account_id)
        with self.town.read() as session:
            variant = session.get_one(Variant, delivery.variant_id)
            outgoing, target = outgoing_text.outgoing_text(variant), variant.target
        posts = platform.creations(outgoing)
        return posts[0].platform_id if posts else platform.by_hand(outgoing, target)

    # Behind everybody's back

    @rule(post=posts, on=SOMEWHERE)
    def tamper(self, post: int, on: tuple[str, ...]) -> None:
        """Somebody changes approved words in the database, and then they are to leave.

        If something of that post has left already, those of one that was approved just now.
        """
        gone = Delivery.state.in_((*SENT, DeliveryState.CLAIMED))
        if self.deliveries(Delivery.post_id == post, gone):
            post = self._approved(on)
        newest = select(Revision.id).join(Post, Post.newest == Revision.number)
        of_post = newest.where(Post.id == post, Revision.post_id == post)
        with self.town.write() as session:
            session.execute(
                update(Variant).where(Variant.revision_id.in_(of_post)).values(text=self.new_text())
            )
        self.came["tamper"] += 1
        self._schedule(post, 0)
        self.go_on(1)
