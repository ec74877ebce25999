"""What the tables show to monitoring: gauges, read by a few statements that use indexes.

Each web returns what it read itself, so the largest value of several webs counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    String,
    bindparam,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from publisher.database.session import AnyRow
from publisher.inbox.unread import unread
from publisher.models.accounts import ChargeDay
from publisher.models.deliveries import Account, Attempt, ClockBeat, Delivery
from publisher.models.history import Event
from publisher.models.monitoring import CreditOutage, WrongTime
from publisher.models.notifications import Channel, Notice
from publisher.operations.backup import record
from publisher.operations.queue_report import LATE_AFTER
from publisher.operations.worker_health import ALIVE_FOR, DEMO_WORKER
from publisher.platforms.base.charges import MICROS
from publisher.states import OPEN_DELIVERY, STUCK, AccountState, DeliveryState, NoticeState
from publisher.tasks.check import last_check

ATTEMPTS_FOR: Final = timedelta(hours=1)
"""The time for which attempts are counted by their outcome."""

STUCK_FOR: Final = timedelta(days=1)
"""The time for which missed and failed deliveries are counted: nothing ever removes them."""

Samples = dict[tuple[str, ...], float]
"""The values of a gauge by those of its labels."""


@dataclass(frozen=True)
class Gauge:
    """A gauge as Prometheus gets it: its name without the prefix, its help and its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    samples: Samples = field(default_factory=dict)


def read_gauges(session: Session, *, now: datetime) -> list[Gauge]:
    """Return every gauge; each reader below executes one statement."""
    return [gauge for read in READERS for gauge in read(session, now)]


def _deliveries(session: Session, now: datetime) -> Iterator[Gauge]:
    rows = {row.state: row for row in session.execute(_deliveries_query(now))}

    def numbers(states: Sequence[DeliveryState]) -> Samples:
        return {(state.value,): rows[state].number if state in rows else 0 for state in states}

    yield Gauge(
        "deliveries",
        "Deliveries that are scheduled, under way, unconfirmed or held, by state.",
        ("state",),
        numbers(OPEN_DELIVERY),
    )
    yield from _schedule_gauges(rows.get(DeliveryState.SCHEDULED), now)
    waiting = [state for state in OPEN_DELIVERY if state is not DeliveryState.SCHEDULED]
    yield Gauge(
        "deliveries_waiting_seconds",
        "Seconds for which a delivery has been in this state, the longest; 0 if none is.",
        ("state",),
        {(state.value,): _age(rows[state].at if state in rows else None, now) for state in waiting},
    )
    yield Gauge(
        "deliveries_stuck",
        "Deliveries that were missed or failed within the last 24 hours and still are, by state.",
        ("state",),
        numbers(STUCK),
    )


def _schedule_gauges(row: AnyRow | None, now: datetime) -> Iterator[Gauge]:
    yield Gauge(
        "deliveries_due",
        "Scheduled deliveries whose time has come.",
        samples={(): row.due if row else 0},
    )
    yield Gauge(
        "deliveries_late",
        "Scheduled deliveries whose time came more than a minute ago.",
        samples={(): row.late if row else 0},
    )
    yield Gauge(
        "deliveries_late_seconds",
        "Seconds since the time of the scheduled delivery that is due the longest; 0 if none is.",
        samples={(): _age(row.due_at if row else None, now)},
    )


def _deliveries_query(now: datetime) -> CompoundSelect[Any]:
    # Two parts, because SQLite would read the whole index for an OR that is grouped.
    columns = (
        Delivery.state,
        func.count().label("number"),
        func.count().filter(Delivery.due_at <= now).label("due"),
        func.count().filter(Delivery.due_at <= now - LATE_AFTER).label("late"),
        func.min(Delivery.due_at).label("due_at"),
        func.min(Delivery.state_at).label("at"),
    )
    stuck = (Delivery.state.in_(STUCK), Delivery.state_at > now - STUCK_FOR)
    return union_all(
        select(*columns).where(Delivery.state.in_(OPEN_DELIVERY)).group_by(Delivery.state),
        select(*columns).where(*stuck).group_by(Delivery.state),
    )


def _attempts(session: Session, now: datetime) -> Iterator[Gauge]:
    query = (
        select(Account.platform, Attempt.outcome, func.count())
        .select_from(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .join(Account, Account.id == Delivery.account_id)
        .where(Attempt.sending_at > now - ATTEMPTS_FOR, Attempt.outcome != "")
        .group_by(Account.platform, Attempt.outcome)
    )
    yield Gauge(
        "attempts",
        "Calls that were to change something on a platform within the last hour, by outcome.",
        ("platform", "outcome"),
        {(platform, outcome): number for platform, outcome, number in session.execute(query)},
    )


def _sources(session: Session, now: datetime) -> Iterator[Gauge]:
    accounts = unread(session, now=now).values()
    yield Gauge(
        "sources_unread",
        "Sources of comments (posts, mentions) that were not read for thrice their interval.",
        samples={(): sum(account.posts + account.mentions for account in accounts)},
    )
    yield Gauge(
        "sources_unread_seconds",
        "Seconds since the unread source that waits the longest was read; 0 if none is unread.",
        samples={(): max((_age(account.since, now) for account in accounts), default=0)},
    )


def _spending(session: Session, now: datetime) -> Iterator[Gauge]:
    first_day = now.astimezone(UTC).date().replace(day=1)
    query = (
        select(Account.platform, ChargeDay.cause, func.sum(ChargeDay.number * ChargeDay.price))
        .join(Account, Account.id == ChargeDay.account_id)
        .where(ChargeDay.utc_day >= first_day)
        .group_by(Account.platform, ChargeDay.cause)
    )
    yield Gauge(
        "spent_dollars",
        "Dollars that platforms have charged since the first of the UTC month, by cause.",
        ("platform", "cause"),
        {
            (platform, cause): int(amount) / MICROS
            for platform, cause, amount in session.execute(query)
        },
    )


class _Waiting(NamedTuple):
    """A row of the values: accounts, credits, messages, backups by labels; clocks and times."""

    subject: str
    first: str
    second: str
    number: int
    at: datetime | None


def _waiting(session: Session, now: datetime) -> Iterator[Gauge]:
    rows = [_Waiting(*row) for row in session.execute(_waiting_query(now))]
    accounts = [row for row in rows if row.subject == "account"]
    yield _accounts(accounts)
    yield from _backups({row.first: row.at for row in rows if row.subject == "backup"}, now)
    began_at = {outage.first: outage.at for outage in rows if outage.subject == "credits"}
    yield Gauge(
        "credits_used_up_seconds",
        "Seconds since the app's credits on this platform were used up; 0 if there are some.",
        ("platform",),
        {(group.first,): _age(began_at.get(group.first), now) for group in accounts},
    )
    yield from _messages({row.first: row for row in rows if row.subject == "message"}, now)
    yield from _clocks({row.subject: row for row in rows}, now)


def _clocks(rows: Mapping[str, _Waiting], now: datetime) -> Iterator[Gauge]:
    clocks, wrong_time = rows["clock"], rows["time"]
    yield Gauge(
        "tasks_wrong",
        "Tasks that did not say whose turn it was when the clock last compared them, at night.",
        samples={(): rows["tasks"].number if "tasks" in rows else 0},
    )
    yield Gauge(
        "clock_beat_seconds",
        "Seconds since the latest heartbeat of all clocks; +Inf if none ever ran.",
        samples={(): math.inf if clocks.at is None else _age(clocks.at, now)},
    )
    yield Gauge(
        "clocks_alive",
        "Clocks whose latest heartbeat is at most 30 seconds old.",
        samples={(): clocks.number},
    )
    yield Gauge(
        "time_wrong_seconds",
        "Seconds by which the time of a clock's machine is wrong, the most; 0 up to 30.",
        samples={(): wrong_time.number},
    )


def _accounts(rows: list[_Waiting]) -> Gauge:
    numbers = {(row.first, row.second): row.number for row in rows}
    platforms = sorted({row.first for row in rows})
    pairs = [(platform, state.value) for platform in platforms for state in AccountState]
    return Gauge(
        "accounts",
        "Accounts by platform and state.",
        ("platform", "state"),
        {pair: numbers.get(pair, 0) for pair in pairs},
    )


def _backups(last_at: Mapping[str, datetime | None], now: datetime) -> Iterator[Gauge]:
    written_at, failed_at = last_at.get(record.WRITTEN), last_at.get(record.FAILED)
    yield Gauge(
        "backup_age_seconds",
        "Seconds since the newest backup was written; +Inf if none ever was.",
        samples={(): _age(written_at, now) if written_at else math.inf},
    )
    has_failed = failed_at is not None and (written_at is None or failed_at > written_at)
    yield Gauge("backup_failed", "1 if the last backup failed, else 0.", samples={(): has_failed})


def _messages(rows: Mapping[str, _Waiting], now: datetime) -> Iterator[Gauge]:
    none = _Waiting("message", "", "", 0, None)
    by_channel = {(channel.value,): rows.get(channel.value, none) for channel in Channel}
    yield Gauge(
        "messages_queued",
        "Mails and SMS that are queued or being sent, by channel.",
        ("channel",),
        {labels: row.number for labels, row in by_channel.items()},
    )
    yield Gauge(
        "messages_queued_seconds",
        "Seconds since the time at which the oldest queued message was to be sent; 0 if none was.",
        ("channel",),
        {labels: _age(row.at, now) for labels, row in by_channel.items()},
    )


def _waiting_query(now: datetime) -> CompoundSelect[Any]:
    # The states are literals in the statement, so the partial index of queued rows can be used.
    states: BindParameter[Sequence[NoticeState]] = bindparam(
        "states", (NoticeState.QUEUED, NoticeState.SENDING), expanding=True, literal_execute=True
    )
    accounts = select(
        literal("account").label("subject"),
        Account.platform.label("first"),
        type_coerce(Account.state, String).label("second"),
        func.count().label("number"),
        func.min(Account.state_at).label("at"),
    ).group_by(Account.platform, Account.state)
    outages = (
        select(
            literal("credits"),
            CreditOutage.platform,
            literal(""),
            func.count(),
            func.min(CreditOutage.began_at),
        )
        .where(CreditOutage.ended_at.is_(None))
        .group_by(CreditOutage.platform)
    )
    messages = (
        select(
            literal("message"),
            type_coerce(Notice.channel, String),
            literal(""),
            func.count(),
            func.min(Notice.send_at),
        )
        .where(Notice.state.in_(states))
        .group_by(Notice.channel)
    )
    latest = (literal("backup"), Event.verb, literal(""), func.count(), func.max(Event.at))
    backups = select(*latest).where(record.is_of_backup()).group_by(Event.verb)
    return union_all(accounts, outages, messages, backups, *_clock_queries(now))


def _clock_queries(now: datetime) -> Iterator[Select[*tuple[Any, ...]]]:
    is_alive = ClockBeat.ended_at.is_(None) & (ClockBeat.beat_at >= now - ALIVE_FOR)
    alive, latest = func.count().filter(is_alive), func.max(ClockBeat.beat_at)
    beats = select(literal("clock"), literal(""), literal(""), alive, latest)
    most = func.coalesce(func.max(func.abs(WrongTime.ahead)), 0)
    times = select(literal("time"), literal(""), literal(""), most, func.max(WrongTime.asked_at))
    wrong = Event.details["wrong"].as_integer()
    checked = (literal("tasks"), literal(""), literal(""), wrong, Event.at)
    yield last_check().with_only_columns(*checked).subquery().select()
    yield beats.where(ClockBeat.name != DEMO_WORKER)
    yield times.where(WrongTime.ended_at.is_(None))


def _age(at: datetime | None, now: datetime) -> float:
    """Return the seconds since then; 0 without a moment, or if it lies ahead."""
    # The clock of the machine that wrote it may be a little ahead of this one's.
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


READERS: Final[tuple[Callable[[Session, datetime], Iterator[Gauge]], ...]] = (
    *(_deliveries, _attempts),
    *(_sources, _waiting, _spending),
)
"""The readers of the tables: at most five, of one statement each."""
