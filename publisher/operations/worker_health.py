"""Which clocks run, and since when none does: told by their beats.

Times without any clock: noticed by whoever serves pages, told once, ended by the next clock.
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
"""A clock beats once a second; one that has been silent so long is taken for dead."""

SILENT: Final = timedelta(minutes=2)
"""Where no clock has beaten for so long, nothing leaves."""

PLAYED: Final = "demo-seeding"
"""The name under which an invented past is played: that is no clock of this house."""

SHOWN: Final = 50
"""The most that are listed: whoever runs `clock --once` by a timer leaves many names."""


@dataclass(frozen=True)
class Clock:
    """One running of a clock, as its beats tell it."""

    name: str
    started_at: datetime
    beat_at: datetime
    is_alive: bool


def clocks(session: Session, *, now: datetime, most: int = SHOWN) -> list[Clock]:
    """The clocks that beat last, the youngest beat first."""
    query = (
        select(ClockBeat)
        .where(ClockBeat.name != PLAYED)
        .order_by(ClockBeat.beat_at.desc(), ClockBeat.name)
        .limit(most)
    )
    return [
        Clock(one.name, one.started_at, one.beat_at, now - one.beat_at <= ALIVE)
        for one in session.scalars(query)
    ]


def youngest_beat(session: Session) -> datetime | None:
    """When any clock beat last; None where none ever did."""
    return session.scalar(select(func.max(ClockBeat.beat_at)).where(ClockBeat.name != PLAYED))


def silent_since(session: Session, *, now: datetime) -> datetime | None:
    """The last beat, where no clock has been alive for two minutes; else None.

    In a house in which none ever ran: None.
    """
    beat_at = youngest_beat(session)
    return beat_at if beat_at is not None and now - beat_at > SILENT else None


def unbegun_since(session: Session, *, now: datetime) -> datetime | None:
    """Since when the table has waited for a first clock, where that is two minutes; else None.

    A house in which nothing is scheduled is still being set up, and one whose past was played
    (the demo) has had its clock: None.
    """
    scheduled = select(func.min(Delivery.state_at)).where(Delivery.state == DeliveryState.SCHEDULED)
    if session.scalar(select(ClockBeat.name).limit(1)) is not None:
        return None
    since = session.scalar(scheduled)
    return since if since is not None and now - since > SILENT else None


def alarming_since(session: Session, *, now: datetime) -> datetime | None:
    """Since when nothing leaves for want of a clock, the last or the first; else None."""
    return silent_since(session, now=now) or unbegun_since(session, now=now)


PAST: Final = 20
"""How many past ones are shown."""


def notice(session: Session, *, now: datetime) -> Outage | None:
    """Where no clock is alive and nobody has noticed yet: write it down and tell the admins.

    Of many who notice it at once exactly one gets the row; the others None.
    """
    outage = _begun(session, alarming_since(session, now=now), now)
    if outage is not None:
        _tell(session, outage, now)
    return outage


def is_new(session: Session, *, now: datetime) -> bool:
    """Whether no clock is alive and nobody has noticed; asked first, to hold up no writer."""
    known = select(Outage.id).limit(1)
    began_at = silent_since(session, now=now)
    if began_at is not None:
        return session.scalar(known.where(Outage.began_at == began_at)) is None
    # Before the first clock there is one outage, whatever was put on the table since.
    began_at = unbegun_since(session, now=now)
    return began_at is not None and session.scalar(known) is None


def _begun(session: Session, began_at: datetime | None, now: datetime) -> Outage | None:
    """The row of an outage that was not known; the unique beginning lets one in."""
    if began_at is None:
        return None
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = make(Outage).values(began_at=began_at, found_at=now).on_conflict_do_nothing()
    outage_id = session.scalar(row.returning(Outage.id))
    return None if outage_id is None else session.get_one(Outage, outage_id)


def _tell(session: Session, outage: Outage, now: datetime) -> None:
    people = {
        one.person_id: one.person for one in responsibility.holders(session, Role.ADMIN, now=now)
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
    """What a clock does before its first beat: keep the time without any that ends with it.

    Nobody is told of what is over. Gives how many ended.
    """
    with database.transaction() as session:
        _begun(session, silent_since(session, now=now), now)
        return _end(session, now)


def tick_outages(database: Database, *, now: datetime) -> int:
    """End what is over, because a clock is alive; gives how many ended."""
    standing = select(Outage.id).where(Outage.ended_at.is_(None)).limit(1)
    with database.reading() as session:
        if session.scalar(standing) is None:
            return 0
    with database.transaction() as session:
        return 0 if silent_since(session, now=now) else _end(session, now)


def _end(session: Session, now: datetime) -> int:
    """Write down how long it was; of many clocks one does."""
    query = select(Outage).where(Outage.ended_at.is_(None)).with_for_update(skip_locked=True)
    over = list(session.scalars(query))
    for outage in over:
        outage.ended_at = now
        values = {"seconds": round((now - outage.began_at).total_seconds())}
        transitions.record(session, outage, "clock_back", actor=CLOCK, now=now, values=values)
    return len(over)


def past(session: Session) -> list[Outage]:
    """The last ones that are over, the newest first."""
    query = select(Outage).where(Outage.ended_at.is_not(None)).order_by(Outage.id.desc())
    return list(session.scalars(query.limit(PAST)))
