"""People's actions, ticks, faults and time in any order; the promises are asked after each step."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.lifecycle import PostState
from publisher.database import Database, migrate
from publisher.desk import holding_back, judging, leaving, scheduling, withdrawing
from publisher.desk.checking import Invalid
from publisher.lifecycle import DeliveryState
from publisher.models.comments import Comment, Reply
from publisher.models.content import Post, Variant
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.platforms.base import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.press import (
    accounts,
    claiming,
    confirming,
    dispatching,
    freezing,
    publishing,
    sending,
    stopping,
)
from publisher.press.parcels import Parcel
from publisher.press.publishing import Desk
from tests.press.test_by_hand import link_to
from tests.support import sqlite
from tests.support.city import HOUR, MINUTE, PACE, City, city
from tests.support.runs import Run

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1_800)]

PLATFORMS = st.sampled_from(["x", "facebook"])
SPANS = st.sampled_from([1, 20, 60, 130, 300, 900, 3_700])
SENT = (
    DeliveryState.SENDING,
    DeliveryState.PUBLISHED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
)
FAULTS: dict[str, Callable[[], tuple[PlatformError, bool]]] = {
    "lost before": lambda: (OutcomeUnknown("reset"), False),
    "lost after": lambda: (OutcomeUnknown("reset"), True),
    "later": lambda: (TryLater(None, "429"), False),
    "refused": lambda: (Refused(RefusalCode.UNKNOWN, "no"), False),
    "expired": lambda: (CredentialsExpired("401"), False),
}


class TheDesk(RuleBasedStateMachine):
    """A city on SQLite whose platforms remember everything that ever came out."""

    posts = Bundle("posts")
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = Database(sqlite.copy(self.template, self.folder / "city.db"))
        self.town: City = city(self.database, self.folder)
        self.judged: set[tuple[str, str]] = set()
        self.answers: dict[int, int] = {}

    def teardown(self) -> None:
        """Let the backlog drain without a hand (I7), then go."""
        self._end_brakes()
        for _ in range(12):
            self.town.press(20 * MINUTE)
            self.town.confirm()
        with self.town.read() as session:
            left = list(session.scalars(select(Delivery)))
        waiting = {DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED}
        assert not [one for one in left if one.state in waiting]
        assert not [
            one
            for one in left
            if one.state is DeliveryState.SCHEDULED and one.due_at < self.town.now - 25 * HOUR
        ]
        self.database.dispose()
        shutil.rmtree(self.folder)

    def _end_brakes(self) -> None:
        with self.town.write() as session:
            for stop in stopping.standing(session):
                stop.released_at = self.town.now
            for account in session.scalars(select(Account)):
                account.quiet_until = None

    # People

    @initialize(target=posts)
    def first(self) -> int:
        """There is something to work with from the start."""
        return self.town.approved(on=["x", "facebook"])

    @rule(target=posts, on=st.sampled_from([("x",), ("facebook",), ("x", "facebook")]))
    def write(self, on: tuple[str, ...]) -> int:
        """The cell drafts and sends for review, the officer approves."""
        return self.town.approved(on=on)

    @rule(post=posts, after=SPANS)
    def schedule(self, post: int, after: int) -> None:
        """The cell gives it a time."""
        self._try(lambda: self.town.schedule(post, timedelta(seconds=after)))

    @rule(post=posts)
    def revise(self, post: int) -> None:
        """The cell changes a word: another revision, nobody has approved it."""
        words = f"दुरुस्त ({post}, {self.town.newest(post) + 1})"
        self._try(lambda: self.town.save(post, text=words))

    @rule(post=posts)
    def review_again(self, post: int) -> None:
        """It is sent for review and approved once more."""
        self._try(lambda: self.town.send(post))
        self._try(lambda: self.town.approve(post))

    @rule(post=posts)
    def withdraw_approval(self, post: int) -> None:
        """The officer takes the approval back."""
        with self.town.write() as session:
            self._try(
                lambda: withdrawing.withdraw_approval(
                    session,
                    actor=self.town.actor("first"),
                    now=self.town.now,
                    post_id=post,
                    seen=self.town.newest(post),
                ),
                session.rollback,
            )

    @rule(post=posts)
    def cancel(self, post: int) -> None:
        """The cell cancels what it can."""
        for delivery_id in self._of_post(post):
            with self.town.write() as session:
                self._try(self._cancelling(session, delivery_id), session.rollback)

    def _cancelling(self, session: Session, delivery_id: int) -> Callable[[], object]:
        return lambda: scheduling.cancel(
            session, actor=self.town.actor("clerk"), now=self.town.now, delivery_id=delivery_id
        )

    @rule()
    def stop(self) -> None:
        """The lead stops everything, or releases it."""
        lead, now = self.town.actor("lead"), self.town.now
        with self.town.write() as session:
            standing = stopping.standing(session)
            if standing:
                stopping.release(
                    session,
                    actor=lead,
                    now=now,
                    seen={one.id for one in standing},
                    reason="पुन्हा सुरू",
                )
            else:
                stopping.stop_all(session, actor=lead, now=now, reason="थांबवा")

    @rule(minutes=st.integers(5, 90))
    def freeze(self, minutes: int) -> None:
        """The lead lays a freeze over the water department."""
        form = freezing.FreezeForm(
            from_at=self.town.now,
            until_at=self.town.now + minutes * MINUTE,
            reason="आचारसंहिता",
            department_id=self.town.departments["water"],
        )
        with self.town.write() as session:
            freezing.freeze(session, actor=self.town.actor("lead"), now=self.town.now, form=form)

    @rule(on=PLATFORMS)
    def check_again(self, on: str) -> None:
        """The admin finds that an account works."""
        with self.town.write() as session:
            accounts.resume(
                session,
                actor=self.town.actor("admin"),
                now=self.town.now,
                account_id=self.town.accounts[on],
                health=self.town.platform(on).check(),
            )

    @rule()
    def decide_what_is_held(self) -> None:
        """The lead looks at the platform and says truly what is there."""
        for delivery in self._in(DeliveryState.HELD):
            platform = self.town.platforms[delivery.account_id]
            live = [one for one in platform.published if one.text == self._words(delivery.id)]
            link = link_to(live[0].platform_id, on=platform.name) if live else ""
            with self.town.write() as session:
                self._try(self._settling(session, delivery.id, link), session.rollback)

    def _settling(self, session: Session, delivery_id: int, link: str) -> Callable[[], object]:
        lead, now = self.town.actor("lead"), self.town.now
        if link:
            return lambda: confirming.it_is_live(
                session, actor=lead, now=now, delivery_id=delivery_id, link=link
            )
        return lambda: confirming.send_again(session, actor=lead, now=now, delivery_id=delivery_id)

    @precondition(lambda self: self.town.platform("x").published)
    @rule()
    def comment_and_answer(self) -> None:
        """A citizen comments on X, the officer answers."""
        parent = self.town.platform("x").published[0].platform_id
        own = self.town.platform("x").citizen_says("कधी?", parent_id=parent)
        self.town.listen(20 * MINUTE)
        with self.town.read() as session:
            row = session.scalars(select(Comment).where(Comment.platform_id == own)).one_or_none()
        if row is not None and row.department_id == self.town.departments["water"]:
            words = f"उद्या सकाळी ({row.id})"
            self._try(lambda: self.answers.update({row.id: self.town.answer(row.id, words)}))

    # The press, faults and time

    @rule(after=SPANS)
    def press(self, after: int) -> None:
        """A clock ticks."""
        self.town.press(timedelta(seconds=after))

    @rule(after=SPANS)
    def confirm(self, after: int) -> None:
        """A clock looks for what is unconfirmed."""
        self.town.confirm(timedelta(seconds=after))

    @rule(on=PLATFORMS, what=st.sampled_from(sorted(FAULTS)))
    def fault(self, on: str, what: str) -> None:
        """The next creation there goes wrong."""
        error, is_kept = FAULTS[what]()
        self.town.platform(on).fail_next(error, after_keeping=is_kept)

    @rule(on=PLATFORMS, lag=st.sampled_from([0, 5, 600, 100_000]))
    def lag(self, on: str, lag: int) -> None:
        """The platform's timeline lags."""
        self.town.platform(on).lag = timedelta(seconds=lag)

    @rule(on=PLATFORMS, steps=st.sampled_from(["claimed", "sending", "sent"]))
    def die(self, on: str, steps: str) -> None:
        """A clock gets so far with one delivery, and is never heard of again."""
        bench = self.town.clock_named("dead")
        ready = claiming.claim(bench, account_id=self.town.accounts[on], most=1)
        for parcel in ready if steps != "claimed" else []:
            self._die_later(parcel, is_sent=steps == "sent")

    def _die_later(self, parcel: Parcel, *, is_sent: bool) -> None:
        if is_sent:
            publishing.try_once(Desk(self.town.bench), parcel)
            return
        try:
            sending.start(self.town.bench, parcel)
        except (sending.HeldBack, NotAllowed):
            return

    # The promises

    @invariant()
    def nothing_is_out_without_approval_of_exactly_that(self) -> None:
        """I1, asked of what is new; also that neither stop nor freeze was passed by."""
        for name, texts in self._out().items():
            for words in texts:
                if (name, words) not in self.judged:
                    self._judge(name, words)
                    self.judged.add((name, words))

    @invariant()
    def nothing_is_out_twice(self) -> None:
        """I2."""
        for name, texts in self._out().items():
            assert max(texts.values(), default=0) <= 1, (name, texts)

    @invariant()
    def whatever_was_accepted_is_final_or_waits_with_a_reason(self) -> None:
        """I3: nothing rests in sending past its lease and a minute, once a clock has ticked."""
        dispatching.settle(self.town.bench)
        patience = timedelta(seconds=PACE.lease) + MINUTE
        for delivery in self._in(DeliveryState.SENDING):
            assert delivery.sending_at is not None
            assert delivery.sending_at > self.town.now - patience
        for delivery in self._in(DeliveryState.UNCONFIRMED):
            assert delivery.look_at is not None
        for delivery in self._in(DeliveryState.FAILED):
            assert delivery.reason.get("code")

    @invariant()
    def every_comment_has_one_row_and_somebody(self) -> None:
        """I4 and I5: a row, a deadline, a department or the queue; an answer keeps its words."""
        with self.town.read() as session:
            comments = list(session.scalars(select(Comment)))
            replies = list(session.scalars(select(Reply)))
        seen = Counter(one.platform_id for one in comments)
        assert max(seen.values(), default=0) <= 1
        assert all(one.due_at is not None for one in comments)
        assert {one.post_id for one in replies} >= set(self.answers.values())

    # Looking

    def _out(self) -> dict[str, Counter[str]]:
        return {
            name: Counter(one.text for one in self.town.platform(name).published)
            for name in ("x", "facebook")
        }

    def _judge(self, name: str, words: str) -> None:
        with self.town.read() as session:
            query = select(Variant).where(Variant.account_id == self.town.accounts[name])
            (variant,) = [
                one for one in session.scalars(query) if leaving.leaving_text(one) == words
            ]
            post: Post = variant.revision.post
            (delivery,) = variant.deliveries
            case = judging.case_of(variant.revision, now=self.town.now)
            assert post.state is PostState.APPROVED
            assert variant.revision.number == post.newest
            assert any(one.in_force for one in case.approvals)
            assert delivery.action is DeliveryAction.PUBLISH
            assert delivery.state in SENT
            facts = holding_back.facts_of(delivery)
            assert holding_back.brakes(session, now=self.town.now).holds(facts) is None

    def _of_post(self, post: int) -> list[int]:
        with self.town.read() as session:
            return list(session.scalars(select(Delivery.id).where(Delivery.post_id == post)))

    def _in(self, state: DeliveryState) -> list[Delivery]:
        with self.town.read() as session:
            return list(session.scalars(select(Delivery).where(Delivery.state == state)))

    def _words(self, delivery_id: int) -> str:
        with self.town.read() as session:
            return leaving.leaving_text(session.get_one(Delivery, delivery_id).variant)

    @staticmethod
    def _try(act: Callable[[], object], undo: Callable[[], None] | None = None) -> None:
        """People try what is not allowed, too: the rulebook's word is no failure."""
        try:
            act()
        except (NotAllowed, Invalid):
            if undo is not None:
                undo()


def test_whatever_people_clocks_and_platforms_do_the_promises_hold(
    run: Run,
) -> None:
    """A hundred stories of thirty steps."""
    TheDesk.template = sqlite.template(run, migrate)
    chosen = settings(
        max_examples=100,
        stateful_step_count=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(TheDesk, settings=chosen)
