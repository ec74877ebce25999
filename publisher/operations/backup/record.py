"""The outcome of each backup, in the history: `doctor` and the metrics read it there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.media.store_in_use import ONLY_ROW
from publisher.models.history import Event
from publisher.models.submission_details import StoreInUse

WRITTEN: Final = "write_backup"
FAILED: Final = "fail_backup"


def record_backup(
    session: Session, verb: str, *, actor: Actor, now: datetime, values: Mapping[str, object]
) -> None:
    """Record a backup that was written, or one that failed with the reason in `values`."""
    # It goes into the history of the store's row, because a backup has no row.
    entry = session.get(StoreInUse, ONLY_ROW)
    if entry is not None:
        transitions.record(session, entry, verb, actor=actor, now=now, values=values)


def is_of_backup() -> ColumnElement[bool]:
    """Return the condition of the events of backups; their index finds those of the store."""
    is_of_store = and_(Event.subject == StoreInUse.__tablename__, Event.subject_id == ONLY_ROW)
    return and_(is_of_store, Event.verb.in_((WRITTEN, FAILED)))


def latest_events(session: Session) -> dict[str, Event]:
    """Return the last event of a backup that was written, and of one that failed, by verb."""
    latest = select(func.max(Event.id)).where(is_of_backup()).group_by(Event.verb)
    return {
        event.verb: event for event in session.scalars(select(Event).where(Event.id.in_(latest)))
    }
