"""Which clocks run, and since when none does: told by their beats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.models.deliveries import ClockBeat, Delivery
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
