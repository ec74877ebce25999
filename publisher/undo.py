"""Undo what a person has just done: an act takes effect at once, but is reversible for a while.

An act is named by the Event that it wrote. Each reverse move has a verb of its own, and its Event
names the one that it undoes.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Actor
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.notifications.kinds import NoticeKind
from publisher.states import NoticeState
from publisher.transitions import Stateful

UNDOES = "undoes"
"""The key, in the details of an Event, of the id of the Event that it undoes."""


class NothingToUndo(NotAllowed):
    """There is no such act on this row."""

    code = "nothing_to_undo"


class NotOwnAct(NotAllowed):
    """Somebody else did it."""

    code = "not_own_act"


class TooLate(NotAllowed):
    """The time within which the act can be undone is over."""

    code = "undo_too_late"


class DoneFurther(NotAllowed):
    """Somebody has done something else with it since; `done` is the verb, "undone" for an undo."""

    code = "done_further"


def newest_event(session: Session, row: Stateful) -> Event:
    """Return the newest event of the row, which names the act that was just done."""
    query = select(Event).where(Event.subject == row.__tablename__, Event.subject_id == row.id)
    return session.scalars(query.order_by(Event.id.desc()).limit(1)).one()


def find_act(
    session: Session, model: type[Stateful], key: int, event_id: int, *, verbs: Container[str]
) -> Event | None:
    """Return the event of an act on this row; None if it is of another row, or not in `verbs`."""
    event = session.get(Event, event_id)
    if event is None or (event.subject, event.subject_id) != (model.__tablename__, key):
        return None
    return event if event.verb in verbs else None


def check_act(
    session: Session, act: Event | None, *, actor: Actor, now: datetime, within: timedelta
) -> Event:
    """Return the act, which may still be undone; its row is locked by the caller.

    Only the person who did it may undo it. Raises `NothingToUndo`, `NotOwnAct`, `DoneFurther` or
    `TooLate`.
    """
    if act is None:
        raise NothingToUndo
    if act.person_id is None or act.person_id != actor.person_id:
        raise NotOwnAct
    later = session.scalars(
        select(Event)
        .where(
            Event.subject == act.subject,
            Event.subject_id == act.subject_id,
            Event.id > act.id,
            # An Event by a machine that does not move the row does not prevent an undo.
            or_(Event.person_id.is_not(None), Event.state_after.is_not(None)),
        )
        .order_by(Event.id)
        .limit(1)
    ).first()
    if later is not None:
        raise DoneFurther(done="undone" if later.details.get(UNDOES) else later.verb)
    if now - act.at > within:
        raise TooLate
    return act


def withdraw_notices(session: Session, person_id: int, act: Event, kind: NoticeKind) -> bool:
    """Delete the notices of this kind that the act queued to the person and that were not sent.

    Returns False if one was sent, or may have been: the person has to be notified of the undo.
    """
    queued = (
        Notice.person_id == person_id,
        Notice.queued_at == act.at,
        Notice.kind.in_((kind, NoticeKind.DEPARTMENT_COPY)),
    )
    untouched = (Notice.state == NoticeState.QUEUED, Notice.tries == 0)
    session.execute(delete(Notice).where(*queued, *untouched))
    return session.scalars(select(Notice.id).where(*queued).limit(1)).first() is None
