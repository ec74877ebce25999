"""Clocks, platforms and their faults, the brakes, a backup that comes back, and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import func, or_, select

from approvals.errors import NotAllowed
from publisher.content_checks import outgoing_text
from publisher.delivery import attempt, commit_sending, dispatch, reconcile
from publisher.delivery.accounts import manage
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.claim import claim
from publisher.delivery.controls import stop
from publisher.delivery.controls.freeze import FreezeForm, freeze
from publisher.delivery.emergency import ratification
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.worker_context import WorkerContext
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
from publisher.platforms.memory.platform import Call
from publisher.platforms.memory.store import OURSELVES
from publisher.scheduling import schedule
from publisher.states import AccountState, DeliveryState
from tests.delivery.machine.promises import Once
from tests.delivery.machine.scene import PLATFORMS, SPANS, posts
from tests.delivery.test_manual import link_to
from tests.support.city import PACE
from tests.support.city_people import MINUTE

FAULTS: Mapping[str, Callable[[], tuple[PlatformError, bool]]] = {
    "lost before": lambda: (OutcomeUnknown("reset"), False),
    "lost after": lambda: (OutcomeUnknown("reset"), True),
    "later": lambda: (TryLater(None, "429"), False),
    "refused": lambda: (Refused(RefusalCode.UNKNOWN, "no"), False),
    "expired": lambda: (CredentialsExpired("401"), False),
}
LAGS = st.sampled_from([0, 0, 5, 600, 100_000])
DEATHS = ("claimed", "sending", "sent")
READS: tuple[Call, ...] = ("look_up", "see", "comments")
CALLS: tuple[Call, ...] = ("publish", "publish", "publish", "edit", "delete", "hide", *READS)


class Brakes(Once):
    """Stops, freezes and accounts that pause."""

    @rule(is_stop=st.booleans(), minutes=st.integers(5, 90))
    def brake(self, is_stop: bool, minutes: int) -> None:
        """The lead stops everything, or releases that, or lays a freeze over the department."""
        with self.town.read() as session:
            stop_ids = {open_stop.id for open_stop in stop.open_stops(session)}
        if stop_ids:
            self.use("release", stop.release, stop_ids=stop_ids, reason="पुन्हा सुरू")
        elif is_stop:
            self.use("stop", stop.stop_all, reason="थांबवा")
        else:
            self._freeze(minutes)

    def _freeze(self, minutes: int) -> None:
        form = FreezeForm(
            from_at=self.now,
            until_at=self.now + minutes * MINUTE,
            reason="आचारसंहिता",
            department_id=self.town.departments["water"],
        )
        self.use("freeze", freeze, form=form)

    @rule(on=PLATFORMS)
    def check_again(self, on: str) -> None:
        """The admin finds that an account works."""
        self.check(on)

    def check(self, on: str) -> None:
        """The admin asks the platform."""
        self.use(
            "check_again",
            manage.resume,
            by="admin",
            account_id=self.town.accounts[on],
            health=self.town.platform(on).check(),
        )


class AtTheClock(Brakes):
    """What ticks, what dies, what wakes, and what a person makes of what was held."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep: list[tuple[WorkerContext, DeliveryPayload]] = []

    @rule(after=SPANS)
    def press(self, after: int) -> None:
        """A clock ticks."""
        self.pass_time(timedelta(seconds=after))
        self.send()

    @rule(after=SPANS)
    def all_tick(self, after: int) -> None:
        """Everything that a clock does comes once."""
        self.pass_time(timedelta(seconds=after))
        self.tick()

    def go_on(self, then: int | None) -> None:
        """After that many seconds every clock ticks, if it is a number."""
        if then is not None:
            self.pass_time(timedelta(seconds=then))
            self.tick()

    def tick(self) -> None:
        """All the ticks that matter here, at this moment."""
        self.send()
        self.came["confirm"] += self.town.tick_reconcile()
        if self._is_anything_unread():
            self.came["listen"] += self.town.listen()
        self.came["answer_live"] += self.town.note_answers()
        self.came["seek"] += tick_seeking(self.town.context)
        dispatch.tick_overtaken(self.town.context)
        ratification.tick_ratifications(self.database, now=self.town.clock)

    def _is_anything_unread(self) -> bool:
        """Each reading asks every post: where nobody said anything it would only take time."""
        everybody = [post for platform in self.town.platforms.values() for post in platform.posts]
        with self.town.read() as session:
            read = session.scalar(select(func.count(Comment.id))) or 0
        return sum(post.author != OURSELVES for post in everybody) > read

    def send(self) -> None:
        """The press's tick; what it leaves here although it is due has a reason (I3)."""
        self.came["press"] += self.town.tick_dispatch()
        self.judge_what_was_done()
        with self.town.read() as session:
            is_stopped = bool(stop.open_stops(session))
            paused = select(Account.id).where(
                or_(Account.state != AccountState.CONNECTED, Account.quiet_until > self.now)
            )
            silent = set(session.scalars(paused))
            frozen = set(session.scalars(select(Freeze.id).where(Freeze.until_at > self.now)))
        for delivery in self.deliveries(
            Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at <= self.now
        ):
            is_put_off = delivery.not_before is not None and delivery.not_before > self.now
            assert is_put_off or is_stopped or frozen or delivery.account_id in silent, (
                delivery.reason
            )

    @rule(on=PLATFORMS, what=st.sampled_from(sorted(FAULTS)), call=st.sampled_from(CALLS), lag=LAGS)
    def fault(self, on: str, what: str, call: Call, lag: int) -> None:
        """The next call of that kind goes wrong there; where something is read, it is away."""
        error, is_kept = FAULTS["later" if call in READS else what]()
        self.town.platform(on).fail_next(error, after_keeping=is_kept, on=call)
        self.town.platform(on).lag = timedelta(seconds=lag)

    @rule(post=posts, on=PLATFORMS, is_kept=st.booleans(), lag=LAGS, is_settled=st.booleans())
    def lose(self, post: int, on: str, is_kept: bool, lag: int, is_settled: bool) -> None:
        """Something leaves, and nobody hears what came of it; perhaps the lead settles it soon."""
        self._let_leave(post, on, lag)
        self.town.platform(on).fail_next(OutcomeUnknown("reset"), after_keeping=is_kept)
        self.send()
        if is_settled:
            self.decide_what_is_held()

    @rule(post=posts, on=PLATFORMS, lag=LAGS, is_settled=st.booleans(), how=st.sampled_from(DEATHS))
    def die(self, post: int, on: str, lag: int, is_settled: bool, how: str) -> None:
        """Something is to leave; a clock gets so far with it, and then stands still."""
        self._let_leave(post, on, lag)
        context = self.town.clock_named("dead")
        for payload in claim(context, account_id=self.town.accounts[on], most=1):
            self.came[f"die_{how}"] += 1
            if how == "claimed":
                self.asleep.append((context, payload))
            elif how == "sent":
                attempt.attempt_delivery(PlatformPool(context), payload)
                self.judge_what_was_done()
            else:
                self._begin(payload)
        if is_settled:
            self.decide_what_is_held()

    def _let_leave(self, post: int, on: str, lag: int) -> None:
        variants = self.town.variants(post)
        self.use("publish_now", schedule.publish_now, by="clerk", variant_ids=variants)
        self.town.platform(on).lag = timedelta(seconds=lag)

    def _begin(self, payload: DeliveryPayload) -> None:
        try:
            commit_sending.start(self.town.context, payload)
        except (commit_sending.HeldBack, NotAllowed):
            return

    @precondition(lambda self: self.asleep)
    @rule()
    def wake(self) -> None:
        """One that stood still after its claim goes on, whatever happened meanwhile."""
        context, payload = self.asleep.pop(0)
        attempt.attempt_and_store(context, payload, PlatformPool(context))
        self.came["wake"] += 1

    # What a person makes of what was held

    @rule()
    def settle_what_is_held(self) -> None:
        """The lead settles what nobody knows."""
        self.decide_what_is_held()

    def decide_what_is_held(self) -> None:
        """The looks come to their end; then the lead says truly what is there."""
        under_way = Delivery.state.in_((DeliveryState.SENDING, DeliveryState.UNCONFIRMED))
        for _ in PACE.looks if self.deliveries(under_way) else ():
            self.pass_time(16 * MINUTE)
            dispatch.run_maintenance(self.town.context)
            self.came["confirm"] += self.town.tick_reconcile()
        for delivery in self.deliveries(Delivery.state == DeliveryState.HELD):
            platform, number = self.ledger_of(delivery.account_id), self._link_of(delivery)
            if number:
                link = link_to(number, on=platform.name)
                self.use("it_is_live", reconcile.confirm_live, delivery_id=delivery.id, link=link)
            else:
                self.use("send_again", reconcile.send_again, delivery_id=delivery.id)

    def _link_of(self, delivery: Delivery) -> str:
        """The number of the thing where it was done; empty where it was not."""
        platform = self.ledger_of(delivery.account_id)
        with self.town.read() as session:
            row = session.get_one(Delivery, delivery.id)
            outgoing, target = outgoing_text.outgoing_text(row.variant), row.variant.target
            target = row.order.target if row.order is not None else target
        is_public = platform.stands(target)
        match delivery.action:
            case DeliveryAction.PUBLISH:
                return next((post.platform_id for post in platform.creations(outgoing)), "")
            case DeliveryAction.EDIT:
                return target if is_public is not None and is_public.text == outgoing else ""
            case DeliveryAction.DELETE:
                return target if is_public is None else ""
        is_hidden = delivery.action is DeliveryAction.HIDE
        return target if is_public is not None and is_public.is_hidden is is_hidden else ""
