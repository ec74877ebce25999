"""Workers' heartbeats, and outages: times in which no worker runs.

The web server notices an outage and notifies the admins once; the next worker ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from approvals.policy import CLOCK, Role
from publisher import transitions
from publisher.database.session import Database
from publisher.models.deliveries import ClockBeat, Delivery
from publisher.models.monitoring import Outage
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility
from publisher.states import DeliveryState

ALIVE: Final = timedelta(seconds=30)
"""A worker writes a heartbeat every second; after this silence it counts as dead."""

SILENT: Final = timedelta(minutes=2)
"""After this time without a heartbeat of any worker, an outage begins."""

PLAYED: Final = "demo-seeding"
"""The worker name under which demo data is created; it counts as no worker."""

SHOWN: Final = 50
"""How many workers are listed; each run of `clock --once` leaves a name."""


@dataclass(frozen=True)
class Clock:
    """A run of a worker, as its heartbeats show it."""

    name: str
    started_at: datetime
    beat_at: datetime
    is_alive: bool


def clocks(session: Session, *, now: datetime, most: int = SHOWN) -> list[Clock]:
    """Return the workers with the latest heartbeats, newest first."""
    query = (
        select(ClockBeat)
        .where(ClockBeat.name != PLAYED)
        .order_by(ClockBeat.beat_at.desc(), ClockBeat.name)
        .limit(most)
    )
    return [
        Clock(beat.name, beat.started_at, beat.beat_at, now - beat.beat_at <= ALIVE)
        for beat in session.scalars(query)
    ]


def youngest_beat(session: Session) -> datetime | None:
    """Return the time of the latest heartbeat, or None if there is none."""
    return session.scalar(select(func.max(ClockBeat.beat_at)).where(ClockBeat.name != PLAYED))


def silent_since(session: Session, *, now: datetime) -> datetime | None:
    """Return the last heartbeat if no worker has been alive for two minutes, else None.

    It is None as well if no worker ever ran.
    """
    beat_at = youngest_beat(session)
    return beat_at if beat_at is not None and now - beat_at > SILENT else None


def unbegun_since(session: Session, *, now: datetime) -> datetime | None:
    """Return since when deliveries have waited for a first worker, else None.

    It is None for less than two minutes, if nothing is scheduled, and in a demo.
    """
    scheduled = select(func.min(Delivery.state_at)).where(Delivery.state == DeliveryState.SCHEDULED)
    if session.scalar(select(ClockBeat.name).limit(1)) is not None:
        return None
    since = session.scalar(scheduled)
    return since if since is not None and now - since > SILENT else None


def alarming_since(session: Session, *, now: datetime) -> datetime | None:
    """Return since when nothing is sent for lack of a worker, else None."""
    return silent_since(session, now=now) or unbegun_since(session, now=now)


PAST: Final = 20
"""How many past outages are shown."""


def notice(session: Session, *, now: datetime) -> Outage | None:
    """Record a new outage and notify the admins; returns None if there is none.

    If several processes notice it at once, exactly one gets the row.
    """
    outage = _begun(session, alarming_since(session, now=now), now)
    if outage is not None:
        _tell(session, outage, now)
    return outage


def is_new(session: Session, *, now: datetime) -> bool:
    """An outage has begun that nobody has recorded."""
    # It is read first, without a write transaction that others would wait for.
    outage_ids = select(Outage.id).limit(1)
    began_at = silent_since(session, now=now)
    if began_at is not None:
        return session.scalar(outage_ids.where(Outage.began_at == began_at)) is None
    # Before the first clock there is one outage, whatever was put on the table since.
    began_at = unbegun_since(session, now=now)
    return began_at is not None and session.scalar(outage_ids) is None


def _begun(session: Session, began_at: datetime | None, now: datetime) -> Outage | None:
    """Insert the outage; returns None if it was recorded already (unique `began_at`)."""
    if began_at is None:
        return None
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = make(Outage).values(began_at=began_at, found_at=now).on_conflict_do_nothing()
    outage_id = session.scalar(row.returning(Outage.id))
    return None if outage_id is None else session.get_one(Outage, outage_id)


def _tell(session: Session, outage: Outage, now: datetime) -> None:
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


def look_back(database: Database, *, now: datetime) -> int:
    """Record and end the outage before a worker's first heartbeat; returns how many ended.

    Nobody is notified of an outage that is over.
    """
    with database.transaction() as session:
        _begun(session, silent_since(session, now=now), now)
        return _end(session, now)


def tick_outages(database: Database, *, now: datetime) -> int:
    """End outages if a worker is alive, and return how many ended."""
    open_outage = select(Outage.id).where(Outage.ended_at.is_(None)).limit(1)
    with database.reading() as session:
        if session.scalar(open_outage) is None:
            return 0
    with database.transaction() as session:
        return 0 if silent_since(session, now=now) else _end(session, now)


def _end(session: Session, now: datetime) -> int:
    """End open outages; of several workers, the one with the row lock does."""
    query = select(Outage).where(Outage.ended_at.is_(None)).with_for_update(skip_locked=True)
    over = list(session.scalars(query))
    for outage in over:
        outage.ended_at = now
        values = {"seconds": round((now - outage.began_at).total_seconds())}
        transitions.record(session, outage, "clock_back", actor=CLOCK, now=now, values=values)
    return len(over)


def past(session: Session) -> list[Outage]:
    """Return the latest past outages, newest first."""
    query = select(Outage).where(Outage.ended_at.is_not(None)).order_by(Outage.id.desc())
    return list(session.scalars(query.limit(PAST)))
