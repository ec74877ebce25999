"""When approvers of a revision are reminded, and with which message.

They are reminded once half of the working time is over, when the head may decide too, and once more
shortly before the deadline. Silence approves nothing: a reminder has no other effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.posts import Post, Revision
from publisher.notifications.kinds import NoticeKind
from publisher.review import notify
from publisher.scheduling import slots
from publisher.working_time import is_working, next_working_moment, subtract_working_hours

REMIND_REVIEW: Final = "remind_review"
"""The verb of the event that the approvers of a revision were reminded."""

LAST_HOURS: Final = 2.0
"""Working hours before the deadline at which they are reminded once more."""

_AFTER_CLOSING: Final = timedelta(hours=1)


class ReminderStep(StrEnum):
    """A step at which approvers are reminded."""

    HALF = "half"  #: Half of the working time is over.
    LAST = "last"  #: The deadline is near.


def step_moments(revision: Revision) -> Mapping[ReminderStep, datetime]:
    """Return when each step of a revision comes, in their order."""
    half_at, deadline = revision.head_decides_at, _decision_deadline(revision)
    if half_at is None:
        return {}
    moments = {ReminderStep.HALF: half_at}
    if deadline is not None:
        last_at = subtract_working_hours(deadline, LAST_HOURS)
        if half_at < last_at:
            moments[ReminderStep.LAST] = last_at
    return moments


def due_step(revision: Revision, *, now: datetime) -> ReminderStep | None:
    """Return the latest step of a revision that has come; None before, and after the deadline."""
    deadline = _decision_deadline(revision)
    if deadline is not None and deadline <= now:
        return None
    steps = [step for step, at in step_moments(revision).items() if at <= now]
    return steps[-1] if steps else None


def next_moment(revision: Revision, *, now: datetime) -> datetime | None:
    """Return when a step comes next, or when the office opens after one that has come."""
    moments = [at for at in step_moments(revision).values() if at > now]
    if due_step(revision, now=now) is not None and not is_time_to_remind(now):
        moments.append(next_working_moment(now))
    return min(moments, default=None)


def is_time_to_remind(now: datetime) -> bool:
    """Return True in office hours and in the hour after them.

    Half of the time may be over just when they end.
    """
    return is_working(now) or is_working(now - _AFTER_CLOSING)


def _decision_deadline(revision: Revision) -> datetime | None:
    """Return until when a decision is useful: the wished time, or the comment's deadline."""
    reply = revision.post.reply
    if reply is not None:
        return reply.comment.due_at
    return slots.earliest_wish(revision.post) or revision.not_after


def remind(
    session: Session,
    revision: Revision,
    person_ids: Iterable[int],
    *,
    now: datetime,
    head_too: bool = False,
) -> None:
    """Queue a reminder with a new link to each of these persons; `head_too`: heads may decide."""
    reply = revision.post.reply
    values = {
        "comment": reply.comment.text if reply is not None else "",
        "due_at": _decision_deadline(revision),
        "head_too": head_too,
    }
    kind = NoticeKind.REVIEW_REMINDER
    for person_id in person_ids:
        person = session.get_one(Person, person_id)
        notify.ask_to_decide(session, kind, person, revision, values, now=now)


def list_reminders(session: Session, revision: Revision, *, now: datetime) -> list[datetime]:
    """Return when the approvers of a waiting revision were reminded, oldest first."""
    if not any(at <= now for at in step_moments(revision).values()):
        return []  # No step has come, so nothing has to be read.
    query = (
        select(Event)
        .where(
            Event.subject == Post.__tablename__,
            Event.subject_id == revision.post_id,
            Event.verb == REMIND_REVIEW,
            Event.at >= revision.post.state_at,
        )
        .order_by(Event.id)
    )
    events = session.scalars(query).all()
    moments = [event.at for event in events if event.details.get("revision") == revision.number]
    return list(dict.fromkeys(moments))
