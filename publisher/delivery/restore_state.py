"""After a restore, scheduled deliveries may be live already, and are reconciled before release.

A restore starts under a stop, and the stop's Event records when the backup was made. While that
stop is in force, every scheduled delivery without a later `seek` Event still has to be reconciled.
The state is in the rows, so an interrupted restore can be continued.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.models.controls import Stop
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.scheduling.holds import TAKES_BACK
from publisher.states import DeliveryState

RESTORE, SEEK = "restore", "seek"


@dataclass(frozen=True)
class Restores:
    """The restores whose stops are in force: the oldest backup's time, and the newest Event."""

    since: datetime
    event_id: int
    stop_ids: frozenset[int]


@dataclass(frozen=True)
class InDoubt:
    """The number of deliveries that may be live: not found yet, and not looked for yet."""

    unconfirmed: int = 0
    unsought: int = 0

    @property
    def total(self) -> int:
        """The sum of both."""
        return self.unconfirmed + self.unsought


def record(session: Session, stop: Stop, *, backup_at: datetime, now: datetime) -> None:
    """Record that this stop belongs to the restore of a backup made at `backup_at`."""
    values = {"backup_at": backup_at.isoformat()}
    transitions.record(session, stop, RESTORE, actor=CLOCK, now=now, values=values)


def open_restores(session: Session) -> Restores | None:
    """Return the restores whose stops are in force; None if there are none."""
    query = (
        select(Event.id, Event.subject_id, Event.details)
        .join(Stop, Stop.id == Event.subject_id)
        .where(
            Event.subject == Stop.__tablename__,
            Event.verb == RESTORE,
            Stop.released_at.is_(None),
        )
        .order_by(Event.id)
    )
    events = session.execute(query).all()
    if not events:
        return None
    since = min(datetime.fromisoformat(details["backup_at"]) for _, _, details in events)
    return Restores(since, events[-1].id, frozenset(event.subject_id for event in events))


def not_reconciled(restores: Restores) -> ColumnElement[bool]:
    """Return a condition: scheduled, and not reconciled with the platform since the restore."""
    is_reconciled = exists().where(
        Event.subject == Delivery.__tablename__,
        Event.subject_id == Delivery.id,
        Event.verb == SEEK,
        Event.id > restores.event_id,
    )
    return (
        (Delivery.state == DeliveryState.SCHEDULED)
        & Delivery.action.not_in(TAKES_BACK)
        & ~is_reconciled
    )


def note_reconciled(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Record that the platform was asked for this delivery, and does not show it."""
    transitions.record(session, delivery, SEEK, actor=CLOCK, now=now)


def count_in_doubt(session: Session, stops: Collection[Stop]) -> InDoubt:
    """Count the deliveries that would be in doubt if these stops were released.

    Returns zeros if none of the stops belongs to a restore.
    """
    if all(stop.person_id is not None for stop in stops):
        return InDoubt()
    restores = open_restores(session)
    if restores is None or restores.stop_ids.isdisjoint(stop.id for stop in stops):
        return InDoubt()
    is_unconfirmed = Delivery.state == DeliveryState.UNCONFIRMED
    counts = [
        session.execute(select(func.count(Delivery.id)).where(condition)).scalar_one()
        for condition in (is_unconfirmed, not_reconciled(restores))
    ]
    return InDoubt(*counts)
