"""Submissions that wait for a particular person rather than for the whole cell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, or_, select, union_all

from approvals.policy import Actor
from approvals.states import PostState
from publisher.models.posts import Post, Revision
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports import sql_conditions
from publisher.reports.sql_conditions import Condition
from publisher.reports.todo_kinds import todo_kinds_for
from publisher.tasks.specs import TaskKind

_PERSONAL_KINDS = frozenset({TaskKind.SUBMISSION_RETURNED, TaskKind.TO_APPROVE, TaskKind.BLOCKED})


def held_by(actor: Actor, *, now: datetime) -> Condition:
    """The submission waits for the actor in person, not for the whole cell."""
    todo_kinds = [
        todo_kind
        for todo_kind in todo_kinds_for(actor, now=now)
        if todo_kind.kind in _PERSONAL_KINDS
    ]
    submission_conditions = [
        todo_kind.condition for todo_kind in todo_kinds if todo_kind.about is Submission
    ]
    posts = [todo_kind.condition for todo_kind in todo_kinds if todo_kind.about is Post]
    return or_(*submission_conditions, _rests_on([_writes(actor), *posts]))


def _writes(actor: Actor) -> Condition:
    """The post is a draft whose newest revision the actor wrote."""
    wrote = select(Revision.id).where(
        sql_conditions.newest(), Revision.author_id == actor.person_id
    )
    return and_(Post.state == PostState.DRAFT, wrote.correlate(Post).exists())


def _rests_on(conditions: Iterable[Condition]) -> Condition:
    """One of the submission's posts meets at least one of the conditions."""
    # Keep the conditions as separate subqueries: each uses its own partial index, an OR would use
    # none.
    posts = union_all(*(select(Post.id).where(condition) for condition in conditions))
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(posts))
    return Submission.id.in_(rests)
