"""Notify people of new comments: one message about all of them, not one per task."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from publisher import failpoints
from publisher.database.session import Database, UtcDateTime
from publisher.models.comments import Comment
from publisher.models.people import Appointment, Person
from publisher.models.tasks import Task
from publisher.notifications import compose, links
from publisher.notifications.compose import LinkedLine
from publisher.notifications.kinds import NoticeKind
from publisher.platforms.base.storable_text import shorten
from publisher.tasks.specs import TaskKind

log = logging.getLogger("nagarvani.tasks")

GATHERED_FOR: Final = timedelta(minutes=15)
"""The minimum time between two messages to one person about new comments."""

MOST_LISTED: Final = 10
"""The number of comments that a message lists; it counts the others."""


def queue_messages(database: Database, *, now: datetime) -> int:
    """Queue a message to each person with a new comment; return the number of messages."""
    with database.reading() as session:
        people = session.scalars(_people_to_tell(), {"recently": now - GATHERED_FOR}).all()
    count = 0
    for person_id in people:
        try:
            with database.transaction() as session:
                count += _queue_message(session, person_id, now=now)
        except Exception:
            # A failure of one person's message must not prevent those to others.
            log.exception("person %d was not told what came", person_id)
    return count


@cache
def _people_to_tell() -> Select[int]:
    return (
        select(Appointment.person_id)
        .join(Task, Task.appointment_id == Appointment.id)
        .where(*_IS_UNTOLD, ~_was_told_recently())
        .distinct()
        .order_by(Appointment.person_id)
    )


def _was_told_recently() -> ColumnElement[bool]:
    """The person of `Appointment` had a message since `:recently`."""
    recent, office = aliased(Task), aliased(Appointment)
    return exists().where(
        office.person_id == Appointment.person_id,
        recent.appointment_id == office.id,
        recent.told_at > bindparam("recently", type_=UtcDateTime()),
        recent.kind.in_(_KINDS),
    )


_KINDS: Final = (TaskKind.COMMENT, TaskKind.ANSWER_FAILED)
_IS_UNTOLD: Final = (
    Task.closed_at.is_(None),
    Task.told_at.is_(None),
    Task.appointment_id.is_not(None),
    Task.kind.in_(_KINDS),
)


def _queue_message(session: Session, person_id: int, *, now: datetime) -> int:
    """Notify a person of all comments that came since the last message."""
    tasks = _untold_tasks(session, person_id)
    if not tasks:
        return 0
    for task in tasks:
        task.told_at = now
    person = session.get_one(Person, person_id)
    comments = _comments(session, [task.subject_id for task in tasks])
    if len(comments) == 1:
        queue_comment(session, person, comments[0], now=now)
    else:
        _queue_list(session, person, comments, now=now)
    failpoints.hit("tasks.told_in_commit")
    return 1


def _untold_tasks(session: Session, person_id: int) -> list[Task]:
    """Return the tasks to notify of; those notified before, which only came back, are marked so."""
    # Locked, so that no other clock notifies of them too.
    query = (
        select(Task, earlier_message_time())
        .join(Appointment, Appointment.id == Task.appointment_id)
        .where(*_IS_UNTOLD, Appointment.person_id == person_id)
        .order_by(Task.id)
        .with_for_update(of=Task, skip_locked=True)
    )
    untold = []
    for task, told_at in session.execute(query).all():
        task.told_at = told_at
        if told_at is None:
            untold.append(task)
    return untold


def earlier_message_time() -> ScalarSelect[datetime | None]:
    """Return when an earlier, equal `Task` was notified since it has been somebody's turn."""
    former = aliased(Task)
    earlier = select(func.max(former.told_at)).where(
        former.subject == Task.subject,
        former.subject_id == Task.subject_id,
        former.kind == Task.kind,
        former.appointment_id == Task.appointment_id,
        former.told_at >= Task.since_at,
    )
    return earlier.correlate(Task).scalar_subquery()


def _comments(session: Session, ids: Sequence[int]) -> Sequence[Comment]:
    query = select(Comment).where(Comment.id.in_(ids)).order_by(Comment.due_at, Comment.id)
    related = (joinedload(Comment.account), joinedload(Comment.department))
    return session.scalars(query.options(*related)).all()


def queue_comment(session: Session, person: Person, comment: Comment, *, now: datetime) -> None:
    """Queue the message about one comment; a reply to it is stored as a draft of the answer."""
    values = {
        "comment": comment.text,
        "author": comment.author,
        "department": comment.department,
        "due_at": comment.due_at,
        "platform": comment.account.platform,
    }
    kind, path = NoticeKind.COMMENT_ROUTED, links.comment(comment.id)
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def _line(comment: Comment) -> str:
    return f"“{shorten(comment.text, compose.LONGEST_COMMENT)}” – {comment.author}"


def _queue_list(
    session: Session, person: Person, comments: Sequence[Comment], *, now: datetime
) -> None:
    lines = [
        LinkedLine(_line(comment), links.comment(comment.id)) for comment in comments[:MOST_LISTED]
    ]
    values = {
        "count": len(comments),
        "due_at": comments[0].due_at,
        "comments": lines,
        "more": len(comments) - len(lines) or None,
    }
    kind, path = NoticeKind.COMMENTS_WAIT, links.INBOX
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)
