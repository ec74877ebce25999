"""Send notices in the clock's tick: claim in one transaction, hand over, record in another.

A notice lost on the way may have arrived. It is sent once more under the same id, since a duplicate
is better than none; lost a second time, it stays unconfirmed for a person. The module also defines
the errors of a handover.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.failpoints import hit
from publisher.models.history import Event
from publisher.models.notifications import Channel, Notice
from publisher.notifications import bundle, links
from publisher.states import NoticeState

LONGEST_REASON = 300


class NotSent(Exception):
    """The notice was not accepted; `reason` is the server's answer, shortened."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:LONGEST_REASON]


class NoticeRefused(NotSent):
    """This notice is refused permanently."""


class NoticeDeferred(NotSent):
    """This notice is not accepted now, but may be later."""


class Unreachable(NoticeDeferred):
    """The server cannot be used now, for this notice or any other."""


class NoticeUncertain(NotSent):
    """The connection was lost while the text was sent, so the notice may have arrived."""


LEASE = timedelta(minutes=5)
#: The time until the next try, by the number of tries so far.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
GIVE_UP_AFTER = timedelta(days=5)


class Carrier(Protocol):
    """A channel that sends notices: mail, or SMS."""

    @property
    def channel(self) -> Channel:
        """The channel of the notices it sends."""

    def hand_over(self, notice: Notice) -> None:
        """Send a notice; return once it is accepted. Raises a `NotSent`."""

    def give_up_on(self, session: Session, notice: Notice, *, now: datetime) -> bool:
        """Requeue a permanently refused notice on another channel; return False without one."""


@dataclass(frozen=True)
class _TickContext:
    """The dependencies of a tick."""

    database: Database
    carrier: Carrier
    now: Callable[[], datetime]
    only: str = ""

    @property
    def channel(self) -> Channel:
        return self.carrier.channel

    def is_own_notice(self) -> ColumnElement[bool]:
        """Return the condition of this tick's notices."""
        is_own_channel = Notice.channel == self.channel
        return and_(is_own_channel, Notice.kind == self.only) if self.only else is_own_channel


def tick(
    database: Database,
    carrier: Carrier,
    *,
    now: Callable[[], datetime],
    limit: int = 50,
    only: str = "",
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send up to `limit` due notices; return the number accepted.

    The tick ends early, and leaves the rest untouched, if the server is unreachable or once
    `is_stopping`. With `only`, just the notices of this kind are sent.
    """
    context = _TickContext(database, carrier, now, only)
    if not _is_anything_due(context):
        return 0
    with database.transaction() as session:
        _settle_ended_leases(session, context.channel, now=now())
    sent = 0
    for _ in range(limit):
        notice = None if is_stopping() else _claim(context)
        if notice is None:
            break
        hit(f"{context.channel}.claimed")
        problem = _send(context, notice)
        with database.transaction() as session:
            _record(session, context.carrier, notice, problem, now=now())
        if isinstance(problem, Unreachable):
            break
        sent += problem is None
    return sent


def _is_anything_due(context: _TickContext) -> bool:
    # Read only, so that a tick without due notices blocks no writer.
    now = context.now()
    due = or_(
        (Notice.state == NoticeState.QUEUED) & (Notice.send_at <= now),
        (Notice.state == NoticeState.SENDING) & (Notice.leased_until <= now),
    )
    with context.database.reading() as session:
        return bool(session.scalar(select(exists().where(due, context.is_own_notice()))))


def _settle_ended_leases(session: Session, channel: Channel, *, now: datetime) -> None:
    # The process that claimed these is gone, or slower than any server: the outcome is unknown.
    lost = (
        select(Notice)
        .where(
            Notice.state == NoticeState.SENDING,
            Notice.leased_until <= now,
            Notice.channel == channel,
        )
        .with_for_update(skip_locked=True)
    )
    for notice in session.scalars(lost):
        _record_lost(session, notice, "the sender stopped on the way", now=now)


def _claim(context: _TickContext) -> Notice | None:
    """Claim the notice that has waited longest, until its lease ends."""
    now = context.now()
    longest = (
        select(Notice)
        .where(
            Notice.state == NoticeState.QUEUED,
            Notice.send_at <= now,
            context.is_own_notice(),
        )
        .order_by(Notice.send_at, Notice.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with context.database.transaction() as session:
        notice = session.scalars(longest).first()
        if notice is None:
            return None
        bundle.gather(session, notice, now=now)
        _move(session, notice, NoticeState.SENDING, f"send_{notice.channel}", now)
        notice.tries += 1
        notice.leased_until = now + LEASE
        return notice


def _send(context: _TickContext, notice: Notice) -> NotSent | None:
    """Send the notice outside any transaction; return the error, or None."""
    try:
        context.carrier.hand_over(notice)
    except NotSent as problem:
        return problem
    hit(f"{context.channel}.accepted_unstored")
    return None


def _record(
    session: Session,
    carrier: Carrier,
    claimed: Notice,
    problem: NotSent | None,
    *,
    now: datetime,
) -> None:
    notice = transitions.lock(session, Notice, claimed.id)
    if notice is None or notice.tries != claimed.tries or notice.channel is not claimed.channel:
        return  # the lease ended meanwhile, and another try took over
    if problem is None:
        if notice.state is NoticeState.QUEUED:  # queued again after its lease: not needed any more
            _move(session, notice, NoticeState.SENDING, f"send_{notice.channel}", now)
        notice.sent_at = now
        _finish(session, notice, NoticeState.SENT, f"{notice.channel}_sent", "", now=now)
    elif notice.state is not NoticeState.SENDING:
        return  # it was settled as lost meanwhile
    elif isinstance(problem, NoticeUncertain):
        _record_lost(session, notice, problem.reason, now=now)
    elif isinstance(problem, NoticeRefused) or now - notice.queued_at >= GIVE_UP_AFTER:
        fail(session, carrier, notice, problem.reason, now=now)
    else:
        _requeue(session, notice, problem.reason, f"{notice.channel}_later", now=now)


def fail(session: Session, carrier: Carrier, notice: Notice, reason: str, *, now: datetime) -> None:
    """End a notice that was refused permanently, unless another channel takes it."""
    if not carrier.give_up_on(session, notice, now=now):
        _finish(session, notice, NoticeState.FAILED, f"{notice.channel}_failed", reason, now=now)


def _record_lost(session: Session, notice: Notice, reason: str, *, now: datetime) -> None:
    # An unclear outcome is retried once: its event in the history shows which try is the second.
    lost = f"{notice.channel}_unconfirmed"
    before = select(func.count()).where(
        Event.subject == Notice.__tablename__, Event.subject_id == notice.id, Event.verb == lost
    )
    is_first_time = not session.scalar(before)
    _finish(
        session, notice, NoticeState.UNCONFIRMED, lost, reason, now=now, keep_secrets=is_first_time
    )
    if is_first_time:
        _requeue(session, notice, reason, f"{notice.channel}_again", now=now)


def _requeue(session: Session, notice: Notice, reason: str, verb: str, *, now: datetime) -> None:
    _move(session, notice, NoticeState.QUEUED, verb, now)
    notice.send_at = now + WAITS[min(notice.tries, len(WAITS)) - 1]
    notice.reason = reason
    notice.leased_until = None


def _finish(
    session: Session,
    notice: Notice,
    state: NoticeState,
    verb: str,
    reason: str,
    *,
    now: datetime,
    keep_secrets: bool = False,
) -> None:
    # A notice in a final state holds no one-time link or code.
    _move(session, notice, state, verb, now)
    notice.reason = reason
    notice.leased_until = None
    if not keep_secrets:
        notice.body = links.remove_secrets(notice.body)
        notice.variables = {
            name: links.remove_secrets(value) for name, value in notice.variables.items()
        }


def _move(session: Session, notice: Notice, to: NoticeState, verb: str, now: datetime) -> None:
    transitions.apply(session, notice, to, actor=CLOCK, now=now, verb=verb)
