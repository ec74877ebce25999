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

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from approvals.policy import CLOCK, Role
from publisher import transitions
from publisher.database.bulk import insert_for
from publisher.database.session import Database, table_of
from publisher.models.deliveries import ClockBeat, Delivery
from publisher.models.monitoring import Outage
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility
from publisher.states import DeliveryState

ALIVE_FOR: Final = timedelta(seconds=30)
"""A single worker is listed as alive until its own latest heartbeat is older than this."""

OUTAGE_AFTER: Final = timedelta(minutes=2)
"""An outage begins once the latest heartbeat of all workers is older than this."""

DEMO_WORKER: Final = "demo-seeding"
"""The worker name under which demo data is created; it counts as no worker."""

WORKERS_SHOWN: Final = 50
"""How many workers are listed; each run of `clock --once` leaves a name."""


@dataclass(frozen=True)
class Clock:
    """One run of a clock process, and so of its worker, as its heartbeats show it."""

    name: str
    started_at: datetime
    beat_at: datetime
    is_alive: bool


def clocks(session: Session, *, now: datetime, most: int = WORKERS_SHOWN) -> list[Clock]:
    """Return the workers with the latest heartbeats, newest first."""
    query = (
        select(ClockBeat)
        .where(ClockBeat.name != DEMO_WORKER)
        .order_by(ClockBeat.beat_at.desc(), ClockBeat.name)
        .limit(most)
    )
    return [
        Clock(beat.name, beat.started_at, beat.beat_at, now - beat.beat_at <= ALIVE_FOR)
        for beat in session.scalars(query)
    ]


def latest_beat(session: Session) -> datetime | None:
    """Return the time of the latest heartbeat of all workers, or None if there is none."""
    return session.scalar(select(func.max(ClockBeat.beat_at)).where(ClockBeat.name != DEMO_WORKER))


def silent_since(session: Session, *, now: datetime) -> datetime | None:
    """Return the latest heartbeat of all workers if it is older than `OUTAGE_AFTER`, else None.

    It is None as well if no worker ever ran.
    """
    beat_at = latest_beat(session)
    return beat_at if beat_at is not None and now - beat_at > OUTAGE_AFTER else None


def unbegun_since(session: Session, *, now: datetime) -> datetime | None:
    """Return since when deliveries have waited for a first worker, else None.

    It is None if they have waited for less than `OUTAGE_AFTER`, if nothing is scheduled, and in a
    demo.
    """
    scheduled = select(func.min(Delivery.state_at)).where(Delivery.state == DeliveryState.SCHEDULED)
    if session.scalar(select(ClockBeat.name).limit(1)) is not None:
        return None
    since = session.scalar(scheduled)
    return since if since is not None and now - since > OUTAGE_AFTER else None


def alarming_since(session: Session, *, now: datetime) -> datetime | None:
    """Return since when nothing is sent for lack of a worker, else None."""
    return silent_since(session, now=now) or unbegun_since(session, now=now)


PAST_SHOWN: Final = 20
"""How many past outages are shown."""


def record_outage(session: Session, *, now: datetime) -> Outage | None:
    """Record a new outage and notify the admins; returns None if there is none.

    If several processes notice it at once, exactly one gets the row.
    """
    outage = _insert_outage(session, alarming_since(session, now=now), now)
    if outage is not None:
        _notify_admins(session, outage, now)
    return outage


def is_unrecorded(session: Session, *, now: datetime) -> bool:
    """Return True if an outage has begun that nobody has recorded yet."""
    # It is read first, without a write transaction that others would wait for.
    outage_ids = select(Outage.id).limit(1)
    began_at = silent_since(session, now=now)
    if began_at is not None:
        return session.scalar(outage_ids.where(Outage.began_at == began_at)) is None
    # Before the first worker ever runs there is only one outage, even if the oldest scheduled
    # delivery, and so `began_at`, has changed since it was recorded.
    began_at = unbegun_since(session, now=now)
    return began_at is not None and session.scalar(outage_ids) is None


def _insert_outage(session: Session, began_at: datetime | None, now: datetime) -> Outage | None:
    """Insert the outage; returns None if it was recorded already (unique `began_at`)."""
    if began_at is None:
        return None
    session.flush()
    connection = session.connection()
    statement = _outage_insertion(connection.dialect.name)
    outage_id = connection.scalar(statement, {"began_at": began_at, "found_at": now})
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
        .returning(table_of(Outage).c.id)
    )


def _notify_admins(session: Session, outage: Outage, now: datetime) -> None:
    people = {
        appointment.person_id: appointment.person
        for appointment in responsibility.holders(session, Role.ADMIN, now=now)
    }
    for person in people.values():
        compose.queue(
            session,
            kind=NoticeKind.CLOCKS_SILENT,
            person=person,
            values={"since_at": outage.began_at},
            now=now,
            path=links.clocks(),
        )


def close_past_outage(database: Database, *, now: datetime) -> int:
    """Record and end the outage before a worker's first heartbeat; returns how many ended.

    Nobody is notified of an outage that is over.
    """
    with database.transaction() as session:
        _insert_outage(session, silent_since(session, now=now), now)
        return _end_open_outages(session, now)


def tick_outages(database: Database, *, now: datetime) -> int:
    """End outages if a worker is alive, and return how many ended."""
    open_outage = select(Outage.id).where(Outage.ended_at.is_(None)).limit(1)
    with database.reading() as session:
        if session.scalar(open_outage) is None:
            return 0
    with database.transaction() as session:
        return 0 if silent_since(session, now=now) else _end_open_outages(session, now)


def _end_open_outages(session: Session, now: datetime) -> int:
    """End open outages; of several workers, the one with the row lock does."""
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
