"""Submissions that wait for a particular person rather than for the whole cell."""

from __future__ import annotations

from sqlalchemy import and_, or_, select, union_all

from approvals.policy import Actor
from approvals.states import PostState
from publisher.models.posts import Post, Revision
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports import sql_conditions
from publisher.reports.sql_conditions import Condition
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind


def held_by(actor: Actor) -> Condition:
    """The submission waits for the actor in person, not for the whole cell."""
    returned = open_tasks.subjects(actor, TaskKind.SUBMISSION_RETURNED)
    to_decide = open_tasks.subjects(actor, TaskKind.TO_APPROVE, TaskKind.BLOCKED)
    posts = union_all(select(Post.id).where(_writes(actor)), to_decide)
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(posts))
    return or_(Submission.id.in_(returned), Submission.id.in_(rests))


def _writes(actor: Actor) -> Condition:
    """The post is a draft whose newest revision the actor wrote."""
    wrote = select(Revision.id).where(
        sql_conditions.newest(), Revision.author_id == actor.person_id
    )
    return and_(Post.state == PostState.DRAFT, wrote.correlate(Post).exists())
