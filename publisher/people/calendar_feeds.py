"""A person's private calendar link in the database: find the open one, and end it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.models.desk import CalendarFeed


def find_feed(session: Session, *, person_id: int | None) -> CalendarFeed | None:
    """Return the person's open link, or None."""
    query = select(CalendarFeed).where(
        CalendarFeed.person_id == person_id, CalendarFeed.ended_at.is_(None)
    )
    return session.scalars(query.order_by(CalendarFeed.id.desc())).first()


def end_feed(session: Session, *, person_id: int, actor: Actor, now: datetime) -> bool:
    """End the person's link; return False if there is none."""
    feed = find_feed(session, person_id=person_id)
    if feed is None:
        return False
    session.execute(
        update(CalendarFeed)
        .where(CalendarFeed.person_id == person_id, CalendarFeed.ended_at.is_(None))
        .values(ended_at=now)
    )
    transitions.record(session, feed, "end_feed", actor=actor, now=now)
    return True
