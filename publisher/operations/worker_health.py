"""Workers' heartbeats, and outages: times in which no worker runs.

A worker writes a heartbeat about every second (see `Worker.run_for`), and none while the database
does not respond. The web server notices an outage and notifies the admins once; the next worker
ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from approvals.policy import CLOCK, Role
from publisher import transitions
from publisher.database.bulk import insert_for
from publisher.database.session import Database, core_table
from publisher.models.controls import Stop
from publisher.models.deliveries import ClockBeat, Delivery
from publisher.models.monitoring import Outage, WrongTime
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.states import DeliveryState

ALIVE_FOR: Final = timedelta(seconds=30)
"""A single worker is listed as alive until its own latest heartbeat is older than this."""

OUTAGE_AFTER: Final = timedelta(minutes=2)
"""An outage begins once the latest heartbeat of all workers is older than this."""

LOST_FOR: Final = timedelta(days=1)
"""A worker that stopped without a clean end is reported for this long."""

DEMO_WORKER: Final = "demo-seeding"
"""The worker name under which demo data is created; it does not count as a worker."""

WORKERS_SHOWN: Final = 50
"""How many workers are listed; each run of `clock --once` leaves a name."""


def is_alive(beat: ClockBeat, *, now: datetime) -> bool:
    """Return True if this run of a clock, and so its worker, is still going."""
    return beat.ended_at is None and now - beat.beat_at <= ALIVE_FOR


def clocks(session: Session) -> list[ClockBeat]:
    """Return the workers with the latest heartbeats, newest first."""
    query = (
        select(ClockBeat)
        .where(ClockBeat.name != DEMO_WORKER)
        .order_by(ClockBeat.beat_at.desc(), ClockBeat.name)
        .limit(WORKERS_SHOWN)
    )
    return list(session.scalars(query))


def clocks_without_end(session: Session, *, now: datetime) -> list[ClockBeat]:
    """Return the runs still going, or stopped within a day without a clean end or a successor.

    A successor has the same name before the slash, and began after the last heartbeat.
    """
    is_recent = (ClockBeat.name != DEMO_WORKER) & (ClockBeat.beat_at >= now - LOST_FOR)
    query = select(ClockBeat).where(is_recent).order_by(ClockBeat.started_at)
    beats = {beat: beat.name.partition("/")[0] for beat in session.scalars(query)}
    last_starts = {slot: beat.started_at for beat, slot in beats.items()}
    without_successor = [beat for beat, slot in beats.items() if last_starts[slot] <= beat.beat_at]
    return [beat for beat in without_successor if beat.ended_at is None]


def latest_beat(session: Session) -> datetime | None:
    """Return the time of the latest heartbeat of all workers, or None if there is none."""
    return session.scalar(select(func.max(ClockBeat.beat_at)).where(ClockBeat.name != DEMO_WORKER))


@dataclass(frozen=True)
class Silence:
    """Since when nothing is sent because no worker runs; `has_begun` is true if one ever ran."""

    since: datetime
    has_begun: bool


def silence(session: Session, *, now: datetime) -> Silence | None:
    """Return since when no worker runs, if that is longer than `OUTAGE_AFTER`, else None.

    If none ever ran, it is the time since which deliveries have waited for the first one. It is
    None if nothing is scheduled, and in a demo.
    """
    return hindrances(session, now=now).silence


@dataclass(frozen=True)
class Hindrances:
    """What keeps posts from being sent: the silence, and the number of wrong times and of stops."""

    silence: Silence | None
    wrong_times: int
    stops: int


def hindrances(session: Session, *, now: datetime) -> Hindrances:
    """Return what keeps posts from being sent, with one statement for a page."""
    beat_at, workers, *counts = session.execute(_beats_and_counts()).one()
    has_begun = beat_at is not None
    if not workers:
        scheduled = Delivery.state == DeliveryState.SCHEDULED
        beat_at = session.scalar(select(func.min(Delivery.state_at)).where(scheduled))
    if beat_at is None or now - beat_at <= OUTAGE_AFTER:
        return Hindrances(None, *counts)
    return Hindrances(Silence(beat_at, has_begun), *counts)


@cache
def _beats_and_counts() -> Select[datetime | None, int, int, int]:
    latest = func.max(ClockBeat.beat_at).filter(ClockBeat.name != DEMO_WORKER)
    wrong_times = select(func.count()).where(WrongTime.ended_at.is_(None)).scalar_subquery()
    stops = select(func.count()).where(Stop.released_at.is_(None)).scalar_subquery()
    return select(latest, func.count(ClockBeat.name), wrong_times, stops)


PAST_SHOWN: Final = 20
"""How many past outages are shown."""


def record_outage(session: Session, *, now: datetime) -> Outage | None:
    """Record a new outage and notify the admins; returns None if there is none.

    If several processes notice it at once, exactly one gets the row.
    """
    outage = _insert_outage(session, silence(session, now=now), now)
    if outage is not None:
        compose.queue_for_each(
            session,
            responsibility.people_of(responsibility.holders(session, Role.ADMIN, now=now)),
            kind=NoticeKind.CLOCKS_SILENT,
            values={"since_at": outage.began_at},
            now=now,
            path=links.CLOCKS,
        )
    return outage


def is_unrecorded(session: Session, *, now: datetime) -> bool:
    """Return True if an outage has begun that nobody has recorded yet."""
    # It is read first, without a write transaction that others would wait for.
    silent = silence(session, now=now)
    if silent is None:
        return False
    # Before the first worker ever runs there is only one outage, even if the oldest scheduled
    # delivery, and so its beginning, has changed since it was recorded.
    same = [Outage.began_at == silent.since] if silent.has_begun else []
    return session.scalar(select(Outage.id).where(*same).limit(1)) is None


def _insert_outage(session: Session, silent: Silence | None, now: datetime) -> Outage | None:
    """Insert the outage; returns None if it was recorded already (unique `began_at`)."""
    if silent is None:
        return None
    session.flush()
    connection = session.connection()
    statement = _outage_insertion(connection.dialect.name)
    outage_id = connection.scalar(statement, {"began_at": silent.since, "found_at": now})
    return None if outage_id is None else session.get_one(Outage, outage_id)


#: PostgreSQL:
#:   INSERT INTO outages (began_at, found_at)
#:   VALUES (:began_at, :found_at)
#:   ON CONFLICT DO NOTHING
#:   RETURNING outages.id
@cache
def _outage_insertion(dialect: str) -> ReturningInsert[int]:
    return (
        insert_for(dialect, Outage)
        .values(began_at=bindparam("began_at"), found_at=bindparam("found_at"))
        .on_conflict_do_nothing()
        .returning(core_table(Outage).c.id)
    )


def close_past_outage(database: Database, *, now: datetime) -> int:
    """Record and end the outage before a worker's first heartbeat; returns how many ended.

    Nobody is notified of an outage that is over.
    """
    with database.transaction() as session:
        silent = silence(session, now=now)
        _insert_outage(session, silent if silent and silent.has_begun else None, now)
        return _end_open_outages(session, now)


def tick_outages(database: Database, *, now: datetime) -> int:
    """End outages if a worker is alive, and return how many ended."""
    open_outage = select(Outage.id).where(Outage.ended_at.is_(None)).limit(1)
    with database.reading() as session:
        if session.scalar(open_outage) is None:
            return 0
    with database.transaction() as session:
        silent = silence(session, now=now)
        return 0 if silent and silent.has_begun else _end_open_outages(session, now)


def _end_open_outages(session: Session, now: datetime) -> int:
    """End open outages; if several workers try, the one with the row lock does it."""
    query = select(Outage).where(Outage.ended_at.is_(None)).with_for_update(skip_locked=True)
    outages = list(session.scalars(query))
    for outage in outages:
        outage.ended_at = now
        values = {"seconds": round((now - outage.began_at).total_seconds())}
        transitions.record(session, outage, "clock_back", actor=CLOCK, now=now, values=values)
    return len(outages)


def past_outages(session: Session) -> list[Outage]:
    """Return the latest past outages, newest first."""
    query = select(Outage).where(Outage.ended_at.is_not(None)).order_by(Outage.id.desc())
    return list(session.scalars(query.limit(PAST_SHOWN)))
