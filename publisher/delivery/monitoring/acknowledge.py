"""Acknowledging a finding, which removes it from the board."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.errors import WrongState
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.database.noted_changes import note_changed
from publisher.models.monitoring import Watch
from publisher.validation import NotFound, clean_reason


def note_seen(session: Session, *, actor: Actor, now: datetime, watch_id: int, note: str) -> Watch:
    """Acknowledge a finding with a note.

    Raises `NotFound`, `WrongRole`, `Invalid`, or `WrongState` if there is no finding any more, or
    it was acknowledged already.
    """
    watch = session.get(Watch, watch_id, with_for_update=True, populate_existing=True)
    if watch is None:
        raise NotFound(watch_id)
    delivery = watch.receipt.delivery
    require(actor, Action.NOTE_FINDING, delivery.post.department_id, now=now)
    if watch.settled_at is not None or not (watch.found_gone_at or watch.differs_at):
        raise WrongState(state=delivery.state, to=delivery.state)
    watch.note = clean_reason(note, field="note")
    watch.settled_at = now
    watch.settled_by_id, watch.settled_under_id = actor.person_id, actor.appointment_id
    values = {"note": watch.note}
    note_changed(session, Watch.__tablename__, watch_id, now=now, is_by_person=True)
    transitions.record(session, delivery, Action.NOTE_FINDING, actor=actor, now=now, values=values)
    return watch
