"""Remind approvers of a revision that nobody has decided about, while there is time.

They are reminded once half of the working time is over, when the head may decide too, and once more
shortly before the deadline. Nothing is approved by silence: a reminder changes nothing but that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.approvers import Candidate, HeadGround
from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.posts import Post, Revision
from publisher.notifications.kinds import NoticeKind
from publisher.review import notify
from publisher.review.pending_reviews import PendingReview, events_about, pending_reviews
from publisher.scheduling import slots
from publisher.working_time import is_working, subtract_working_hours

REMIND_REVIEW: Final = "remind_review"
"""The verb of the event that the approvers of a revision were reminded."""

LAST_HOURS: Final = 2.0
"""Working hours before the deadline at which they are reminded once more."""

_AFTER_CLOSING: Final = timedelta(hours=1)


class ReminderStep(StrEnum):
    """A step at which approvers are reminded."""

    HALF = "half"  #: Half of the working time is over.
    LAST = "last"  #: The deadline is near.


def tick_review_reminders(database: Database, *, now: datetime) -> int:
    """Remind the approvers of what waits, once at each step; returns the number of reminders.

    Whatever was missed while no clock ran is one reminder. Outside office hours nobody is reminded,
    except in the hour after them: half of the time may be over when they end.
    """
    if not (is_working(now) or is_working(now - _AFTER_CLOSING)):
        return 0
    with database.reading() as session:
        post_ids = {review.revision.post_id for review, _step in _due(session, now=now)}
    return sum(_remind(database, post_id, now=now) for post_id in sorted(post_ids))


def due_step(revision: Revision, *, now: datetime) -> ReminderStep | None:
    """Return the latest step of a revision that has come; None before, and after the deadline."""
    half_at, deadline = revision.head_decides_at, _deadline_of(revision)
    if half_at is None or now < half_at or (deadline is not None and deadline <= now):
        return None
    if deadline is not None:
        last_at = subtract_working_hours(deadline, LAST_HOURS)
        if half_at < last_at <= now:
            return ReminderStep.LAST
    return ReminderStep.HALF


def _deadline_of(revision: Revision) -> datetime | None:
    """Return until when a decision is of use: the wished time, or the comment's deadline."""
    reply = revision.post.reply
    if reply is not None:
        return reply.comment.due_at
    return slots.earliest_wish(revision.post) or revision.not_after


def _due(
    session: Session, *, now: datetime, post_id: int | None = None
) -> list[tuple[PendingReview, ReminderStep]]:
    """Return the reviews with a step that has come and is not recorded."""
    reviews = pending_reviews(session, now=now, post_id=post_id)
    events = events_about(session, REMIND_REVIEW, reviews)
    steps = [(review, due_step(review.revision, now=now)) for review in reviews]
    return [
        (review, step)
        for review, step in steps
        if step is not None
        and _people(review, step)
        and not any(_is_about(event, review, step) for event in events)
    ]


def _is_about(event: Event, review: PendingReview, step: ReminderStep) -> bool:
    """Return True if the event is of this step, since the revision waits."""
    revision, details = review.revision, event.details
    return (
        event.subject_id == revision.post_id
        and event.at >= revision.post.state_at
        and details.get("revision") == revision.number
        and details.get("department") == review.department.id
        and details.get("step") == step
    )


def _people(review: PendingReview, step: ReminderStep) -> Sequence[Candidate]:
    """Return who is reminded: who may decide and is not away.

    A head whose right begins at this very step is told of that instead.
    """
    approvers = review.approvers
    is_told = step is ReminderStep.HALF and approvers.head_ground is HeadGround.UNDECIDED
    candidates = approvers.officers if is_told else approvers.everybody
    return [candidate for candidate in candidates if not candidate.is_away]


def _remind(database: Database, post_id: int, *, now: datetime) -> int:
    with database.transaction() as session:
        # Locked, so that another clock sees what this one has recorded.
        transitions.lock(session, Post, post_id)
        due = _due(session, now=now, post_id=post_id)
        for review, step in due:
            revision = review.revision
            person_ids = [candidate.person_id for candidate in _people(review, step)]
            details = {
                "revision": revision.number,
                "department": review.department.id,
                "step": step,
                "people": person_ids,
            }
            transitions.record(
                session, revision.post, REMIND_REVIEW, actor=CLOCK, now=now, values=details
            )
            is_head_told = review.approvers.head_ground is HeadGround.UNDECIDED
            remind(session, revision, person_ids, now=now, head_too=is_head_told)
        return len(due)


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
        "due_at": _deadline_of(revision),
        "head_too": head_too,
    }
    kind = NoticeKind.REVIEW_REMINDER
    for person_id in person_ids:
        person = session.get_one(Person, person_id)
        notify.ask_to_decide(session, kind, person, revision, values, now=now)


def reminders_of(session: Session, revision: Revision) -> list[datetime]:
    """Return when the approvers of a revision were reminded since it waits, oldest first."""
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
