"""Notify heads that they may decide, and remind approvers of pending decisions.

The rows of their tasks record who was notified or reminded, and when.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from approvals.approvers import Candidate, HeadGround
from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.models.people import Person
from publisher.models.posts import Post
from publisher.models.tasks import Task
from publisher.notifications.kinds import NoticeKind
from publisher.review import notify
from publisher.review.pending_reviews import PendingReview, pending_reviews
from publisher.review.reminders import (
    REMIND_REVIEW,
    ReminderStep,
    due_step,
    is_time_to_remind,
    remind,
    step_moments,
)
from publisher.tasks.messages import earlier_message_time
from publisher.tasks.specs import TaskKind

log = logging.getLogger("nagarvani.tasks")

_KINDS: Final = (TaskKind.TO_APPROVE, TaskKind.ANSWER_TO_APPROVE)


def _people(review: PendingReview, step: ReminderStep) -> Sequence[Candidate]:
    """Return who is reminded: who may decide and is not away.

    A head whose right begins at this very step is notified of that instead.
    """
    approvers = review.approvers
    is_told = step is ReminderStep.HALF and approvers.head_ground is HeadGround.UNDECIDED
    candidates = approvers.officers if is_told else approvers.everybody
    return [candidate for candidate in candidates if not candidate.is_away]


def remind_due(session: Session, post_id: int, *, now: datetime) -> int:
    """Remind the approvers of a post once at each step; return the number of reminders.

    Steps missed while no clock ran become one reminder.
    """
    if not is_time_to_remind(now):
        return 0
    reviews = pending_reviews(session, post_ids=[post_id], now=now)
    return sum(
        _remind_approvers(session, review, step, now=now)
        for review in reviews
        if (step := due_step(review.revision, now=now)) is not None
    )


def _remind_approvers(
    session: Session, review: PendingReview, step: ReminderStep, *, now: datetime
) -> int:
    """Remind those who were not reminded of their task since the step came."""
    revision, department_id = review.revision, review.department.id
    step_at = step_moments(revision)[step]
    appointments = {who.appointment_id: who.person_id for who in _people(review, step)}
    tasks = _approval_tasks(revision.post_id).where(
        Task.department_id == department_id, Task.appointment_id.in_(appointments)
    )
    due_tasks = [
        task
        for task in session.scalars(tasks).all()
        if task.reminded_at is None or task.reminded_at < step_at
    ]
    if not due_tasks:
        return 0
    for task in due_tasks:
        task.reminded_at = now
    person_ids = [appointments[task.appointment_id or 0] for task in due_tasks]
    details = {
        "revision": revision.number,
        "department": department_id,
        "step": step,
        "people": person_ids,
    }
    transitions.record(session, revision.post, REMIND_REVIEW, actor=CLOCK, now=now, values=details)
    is_head_told = review.approvers.head_ground is HeadGround.UNDECIDED
    remind(session, revision, person_ids, now=now, head_too=is_head_told)
    return 1


def _approval_tasks(post_id: int) -> Select[Task]:
    """Select the open tasks to approve a post, locked so that only one clock notifies of them."""
    query = select(Task).where(
        Task.closed_at.is_(None),
        Task.subject == Post.__tablename__,
        Task.subject_id == post_id,
        Task.kind.in_(_KINDS),
    )
    return query.order_by(Task.id).with_for_update(skip_locked=True)


def notify_heads(database: Database, *, now: datetime) -> int:
    """Notify the heads whose right to decide has begun, each once; return their number."""
    untold = (Task.closed_at.is_(None), Task.told_at.is_(None), Task.appointment_id.is_not(None))
    query = select(Task.subject_id).where(*untold, Task.kind.in_(_KINDS)).distinct()
    with database.reading() as session:
        post_ids = session.scalars(query.order_by(Task.subject_id)).all()
    count = 0
    for post_id in post_ids:
        try:
            with database.transaction() as session:
                count += _notify_heads(session, post_id, now=now)
        except Exception:
            # A failure about one post must not prevent the notices to other heads.
            log.exception("the heads of post %d were not told", post_id)
    return count


def _notify_heads(session: Session, post_id: int, *, now: datetime) -> int:
    untold = _approval_tasks(post_id).where(Task.told_at.is_(None))
    tasks = session.execute(untold.add_columns(earlier_message_time())).all()
    reviews = {
        review.department.id: review
        for review in pending_reviews(session, post_ids=[post_id], now=now)
    }
    for task, told_at in tasks:
        task.told_at = told_at or now
        review = reviews.get(task.department_id or 0)
        if told_at is None and review is not None:
            _notify_head(session, review, now=now)
    return len(tasks)


def _notify_head(session: Session, review: PendingReview, *, now: datetime) -> None:
    revision, approvers = review.revision, review.approvers
    if approvers.head is None or approvers.head_ground is None:
        return
    notify.record_head(session, revision, review.department.id, approvers, actor=CLOCK, now=now)
    reply = revision.post.reply
    values = {
        "why": approvers.head_ground.value,
        "comment": reply.comment.text if reply is not None else "",
    }
    person, kind = session.get_one(Person, approvers.head.person_id), NoticeKind.HEAD_MAY_DECIDE
    notify.ask_to_decide(session, kind, person, revision, values, now=now)
