"""Rules for clocks, time, faults of platforms, stops and freezes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import func, or_, select

from publisher.content_checks import outgoing_text
from publisher.delivery import attempt, dispatch, reconcile
from publisher.delivery.accounts import manage
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.controls import stop
from publisher.delivery.controls.freeze import FreezeForm, freeze
from publisher.delivery.worker_context import WorkerContext
from publisher.emergency import ratification
from publisher.models.comments import Comment
from publisher.models.controls import Freeze
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.operations.backup.reconcile import tick_seeking
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.scheduling import post_schedule
from publisher.states import AccountState, DeliveryState
from tests.delivery.machine.city_machine import PLATFORMS, SPANS, posts
from tests.delivery.machine.delivery_invariants import DeliveryInvariants
from tests.delivery.test_manual import link_to
from tests.support.city import PACE
from tests.support.city_people import MINUTE
from tests.support.claims import try_start
from tests.support.memory_platform.platform import Call
from tests.support.memory_platform.store import OURSELVES

FAULTS: Mapping[str, Callable[[], tuple[PlatformError, bool]]] = {
    "lost before": lambda: (OutcomeUnknown("reset"), False),
    "lost after": lambda: (OutcomeUnknown("reset"), True),
    "later": lambda: (TryLater(None, "429"), False),
    "refused": lambda: (Refused(RefusalCode.UNKNOWN, "no"), False),
    "expired": lambda: (CredentialsExpired("401"), False),
}
LAGS = st.sampled_from([0, 0, 5, 600, 100_000])
KILL_POINTS = ("claimed", "sending", "sent")
READS: tuple[Call, ...] = ("look_up", "see", "comments")
CALLS: tuple[Call, ...] = ("publish", "publish", "publish", "edit", "delete", "hide", *READS)


class ControlRules(DeliveryInvariants):
    """Rules for stops, freezes and paused accounts."""

    @rule(is_stop=st.booleans(), minutes=st.integers(5, 90))
    def stop_or_freeze(self, is_stop: bool, minutes: int) -> None:
        """The lead stops everything, releases the stop, or freezes the department."""
        with self.town.read() as session:
            stop_ids = {open_stop.id for open_stop in stop.open_stops(session)}
        if stop_ids:
            self.use_case("release", stop.release, stop_ids=stop_ids, reason="पुन्हा सुरू")
        elif is_stop:
            self.use_case("stop", stop.stop_all, reason="थांबवा")
        else:
            self._freeze(minutes)

    def _freeze(self, minutes: int) -> None:
        form = FreezeForm(
            from_at=self.now,
            until_at=self.now + minutes * MINUTE,
            reason="आचारसंहिता",
            department_id=self.town.departments["water"],
        )
        self.use_case("freeze", freeze, form=form)

    @rule(on=PLATFORMS)
    def check_again(self, on: str) -> None:
        """The admin checks an account again."""
        self.check(on)

    def check(self, on: str) -> None:
        """Let the admin check the account at the platform."""
        self.use_case(
            "check_again",
            manage.resume,
            by="admin",
            account_id=self.town.accounts[on],
            health=self.town.platform(on).check(),
        )


class ClockRules(ControlRules):
    """Rules for clocks that tick, die and resume, and for held deliveries."""

    def __init__(self) -> None:
        super().__init__()
        self.suspended: list[tuple[WorkerContext, DeliveryPayload]] = []

    @rule(after=SPANS)
    def tick_deliveries(self, after: int) -> None:
        """A clock dispatches after some time."""
        self.pass_time(timedelta(seconds=after))
        self.dispatch()

    @rule(after=SPANS)
    def tick_everything(self, after: int) -> None:
        """Each task of a clock runs once after some time."""
        self.pass_time(timedelta(seconds=after))
        self.tick()

    def tick_after(self, then: int | None) -> None:
        """Run each task of a clock after this many seconds, unless it is None."""
        if then is not None:
            self.pass_time(timedelta(seconds=then))
            self.tick()

    def tick(self) -> None:
        """Run each task of a clock that matters here."""
        self.dispatch()
        self.counts["confirm"] += self.town.tick_reconcile()
        if self._has_unread_comments():
            self.counts["listen"] += self.town.listen()
        self.counts["answer_live"] += self.town.note_answers()
        self.counts["seek"] += tick_seeking(self.town.context)
        dispatch.tick_overtaken(self.town.context)
        ratification.tick_ratifications(self.database, now=self.town.clock)

    def _has_unread_comments(self) -> bool:
        """Return whether there are unread comments, since reading in vain only takes time."""
        everybody = [post for platform in self.town.platforms.values() for post in platform.posts]
        with self.town.read() as session:
            read = session.scalar(select(func.count(Comment.id))) or 0
        return sum(post.author != OURSELVES for post in everybody) > read

    def dispatch(self) -> None:
        """Dispatch, and check that each due delivery which was left has a reason (I3)."""
        self.counts["dispatch"] += self.town.tick_dispatch()
        self.check_new_entries()
        with self.town.read() as session:
            is_stopped = bool(stop.open_stops(session))
            paused = select(Account.id).where(
                or_(Account.state != AccountState.CONNECTED, Account.quiet_until > self.now)
            )
            paused_ids = set(session.scalars(paused))
            frozen = set(session.scalars(select(Freeze.id).where(Freeze.until_at > self.now)))
        for delivery in self.deliveries(
            Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at <= self.now
        ):
            is_put_off = delivery.not_before is not None and delivery.not_before > self.now
            assert is_put_off or is_stopped or frozen or delivery.account_id in paused_ids, (
                delivery.reason
            )

    @rule(on=PLATFORMS, what=st.sampled_from(sorted(FAULTS)), call=st.sampled_from(CALLS), lag=LAGS)
    def fault(self, on: str, what: str, call: Call, lag: int) -> None:
        """The next call of this kind fails; a call that reads fails with `later`."""
        error, is_kept = FAULTS["later" if call in READS else what]()
        self.town.platform(on).fail_next(error, after_keeping=is_kept, on=call)
        self.town.platform(on).lag = timedelta(seconds=lag)

    @rule(post=posts, on=PLATFORMS, is_kept=st.booleans(), lag=LAGS, is_settled=st.booleans())
    def lose_response(self, post: int, on: str, is_kept: bool, lag: int, is_settled: bool) -> None:
        """A post is published and its response lost; perhaps the lead settles it soon."""
        self._publish_now(post, on, lag)
        self.town.platform(on).fail_next(OutcomeUnknown("reset"), after_keeping=is_kept)
        self.dispatch()
        if is_settled:
            self.decide_held()

    @rule(
        post=posts,
        on=PLATFORMS,
        lag=LAGS,
        is_settled=st.booleans(),
        how=st.sampled_from(KILL_POINTS),
    )
    def kill_clock(self, post: int, on: str, lag: int, is_settled: bool, how: str) -> None:
        """A clock starts to publish a post, and dies or is suspended on the way."""
        self._publish_now(post, on, lag)
        context = self.town.clock_named("dead")
        for payload in claim(context, account_id=self.town.accounts[on], most=1):
            self.counts[f"die_{how}"] += 1
            if how == "claimed":
                self.suspended.append((context, payload))
            elif how == "sent":
                attempt.attempt_delivery(PlatformPool(context), payload)
                self.check_new_entries()
            else:
                try_start(self.town, payload)
        if is_settled:
            self.decide_held()

    def _publish_now(self, post: int, on: str, lag: int) -> None:
        variants = self.town.variants(post)
        self.use_case("publish_now", post_schedule.publish_now, by="clerk", variant_ids=variants)
        self.town.platform(on).lag = timedelta(seconds=lag)

    @precondition(lambda self: self.suspended)
    @rule()
    def resume_clock(self) -> None:
        """A clock that was suspended after its claim goes on."""
        context, payload = self.suspended.pop(0)
        attempt.attempt_and_store(context, payload, PlatformPool(context))
        self.counts["wake"] += 1

    # Held deliveries

    @rule()
    def settle_held(self) -> None:
        """The lead settles deliveries with an unknown outcome."""
        self.decide_held()

    def decide_held(self) -> None:
        """Let all look-ups end, then let the lead settle held deliveries truthfully."""
        unfinished = Delivery.state.in_((DeliveryState.SENDING, DeliveryState.UNCONFIRMED))
        for _ in PACE.looks if self.deliveries(unfinished) else ():
            self.pass_time(16 * MINUTE)
            dispatch.run_maintenance(self.town.context)
            self.counts["confirm"] += self.town.tick_reconcile()
        for delivery in self.deliveries(Delivery.state == DeliveryState.HELD):
            platform, number = self.ledger_of(delivery.account_id), self._link_of(delivery)
            if number:
                link = link_to(number, on=platform.name)
                self.use_case(
                    "it_is_live", reconcile.confirm_live, delivery_id=delivery.id, link=link
                )
            else:
                self.use_case("send_again", reconcile.send_again, delivery_id=delivery.id)

    def _link_of(self, delivery: Delivery) -> str:
        """Return the platform's id if the delivery was carried out, or ""."""
        platform = self.ledger_of(delivery.account_id)
        with self.town.read() as session:
            row = session.get_one(Delivery, delivery.id)
            outgoing, target = outgoing_text.outgoing_text(row.variant), row.variant.target
            target = row.order.target if row.order is not None else target
        is_public = platform.find(target)
        match delivery.action:
            case DeliveryAction.PUBLISH:
                return next((post.platform_id for post in platform.creations(outgoing)), "")
            case DeliveryAction.EDIT:
                return target if is_public is not None and is_public.text == outgoing else ""
            case DeliveryAction.DELETE:
                return target if is_public is None else ""
        is_hidden = delivery.action is DeliveryAction.HIDE
        return target if is_public is not None and is_public.is_hidden is is_hidden else ""
