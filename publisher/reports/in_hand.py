"""What a person has in hand: what they are to complete, are writing, or are asked to approve."""

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
from publisher.reports.todo_kinds import WaitingKind, todo_kinds_for

_IN_PERSON = frozenset(
    {WaitingKind.SUBMISSION_RETURNED, WaitingKind.TO_APPROVE, WaitingKind.BLOCKED}
)


def held_by(actor: Actor, *, now: datetime) -> Condition:
    """The actor in person has the submission: what waits for the whole cell does not count."""
    todo_kinds = [one for one in todo_kinds_for(actor, now=now) if one.kind in _IN_PERSON]
    own = [one.condition for one in todo_kinds if one.about is Submission]
    posts = [one.condition for one in todo_kinds if one.about is Post]
    return or_(*own, _rests_on([_writes(actor), *posts]))


def _writes(actor: Actor) -> Condition:
    """The post is a draft whose newest revision the actor wrote."""
    wrote = select(Revision.id).where(
        sql_conditions.newest(), Revision.author_id == actor.person_id
    )
    return and_(Post.state == PostState.DRAFT, wrote.correlate(Post).exists())


def _rests_on(conditions_on_it: Iterable[Condition]) -> Condition:
    """One of the submission's posts meets one of these, each of which is asked by itself.

    Each speaks of one state, and of all posts few are in it; asked at once they lead to no index.
    """
    posts = union_all(*(select(Post.id).where(one) for one in conditions_on_it))
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(posts))
    return Submission.id.in_(rests)
