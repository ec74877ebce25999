"""The tasks of posts in review: to approve, one for each approver, and posts nobody can approve."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.database.noted_changes import NotedChanges
from publisher.models.comments import Comment, Reply
from publisher.models.posts import Post, PostKind, Revision, RevisionDepartment
from publisher.review.department_approvers import HEAD_HOURS, set_head_time
from publisher.review.pending_reviews import PendingReview, pending_reviews
from publisher.review.reminders import next_moment
from publisher.scheduling import slots
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)

Columns = TypeVarTuple("Columns")


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these posts, in at most six statements."""
    reviews = pending_reviews(session, post_ids=ids, now=now)
    specs = [spec for review in reviews for spec in _review_tasks(review, now)]
    revisions = {review.revision.post_id: review.revision for review in reviews}
    untimed = [key for key, revision in revisions.items() if revision.head_decides_at is None]
    moments = {key: next_moment(revision, now=now) for key, revision in revisions.items()}
    looks = {key: moment for key, moment in moments.items() if moment is not None}
    return SpecsOfSubjects(specs, untimed, looks)


def _review_tasks(review: PendingReview, now: datetime) -> Iterator[TaskSpec]:
    """Yield a task for each person who may decide, or one for the leads if nobody can.

    An officer who is away keeps theirs. They were asked when it was sent for review; a head whose
    right begins later is notified then.
    """
    revision, approvers = review.revision, review.approvers
    post = revision.post
    due_at, due_kind = slots.earliest_wish(post), DueKind.WISHED
    if post.reply is not None:
        due_at, due_kind = post.reply.comment.due_at, DueKind.ANSWER_BY
    task = TaskSpec(
        TaskKind.TO_APPROVE if post.kind is PostKind.POST else TaskKind.ANSWER_TO_APPROVE,
        post.id,
        post.state_at,
        department_id=review.department.id,
        post_id=post.id,
        due_at=due_at,
        due_kind=due_kind if due_at is not None else None,
        told_at=post.state_at,
    )
    for officer in approvers.officers:
        yield replace(task, appointment_id=officer.appointment_id)
    if approvers.head is not None and approvers.standing_in:
        told_at = now if revision.sent_for_review_at == now else None
        yield replace(task, appointment_id=approvers.head.appointment_id, told_at=told_at)
    if approvers.blocked is not None:
        yield replace(task, kind=TaskKind.BLOCKED, queue=TaskQueue.LEAD)


def settle(session: Session, post_ids: Collection[int], *, now: datetime) -> None:
    """Set from when the head may decide if that is not set yet, as on sending."""
    query = _query_in_review(select(Revision)).where(
        Post.id.in_(post_ids), Revision.head_decides_at.is_(None)
    )
    for revision in session.scalars(query.with_for_update(of=Revision, skip_locked=True)).all():
        set_head_time(revision, least=HEAD_HOURS, now=min(now, revision.post.state_at))
    session.flush()


def _query_in_review(query: Select[*Columns]) -> Select[*Columns]:
    return query.join(Revision.post).where(
        Post.state == PostState.IN_REVIEW, Revision.number == Post.newest
    )


def _depending(_session: Session, noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield the answers to changed comments, whose deadline may have changed."""
    yield select(Reply.post_id).where(Reply.comment_id.in_(noted.ids[Comment.__tablename__]))


def _open_ids() -> Select[int, int]:
    """Select the posts in review with the departments that their newest revisions ask."""
    # A revision with departments also names the owner: otherwise it cannot be sent for review.
    department_id = func.coalesce(RevisionDepartment.department_id, Post.department_id)
    query = _query_in_review(select(Revision.post_id, department_id))
    return query.outerjoin(RevisionDepartment, RevisionDepartment.revision_id == Revision.id)


REVIEWS = SubjectTasks(
    table=Post.__tablename__,
    kinds=(TaskKind.TO_APPROVE, TaskKind.ANSWER_TO_APPROVE, TaskKind.BLOCKED),
    specs_of=list_specs,
    open_ids=_open_ids(),
    depends_on=(Comment.__tablename__,),
    depending=_depending,
    open_states=(PostState.IN_REVIEW,),
    settle=settle,
)
"""What is asked about posts in review."""
