"""What a person has in hand: what they are to complete, are writing, or are asked to approve."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, false, or_, select

from approvals.lifecycle import PostState
from approvals.policy import Actor
from publisher.models.content import Post, PostSubmission, Revision, Submission
from publisher.office.reporting import conditions
from publisher.office.reporting.conditions import Condition
from publisher.office.reporting.waits import WaitingKind, waits_for

_IN_PERSON = frozenset(
    {WaitingKind.SUBMISSION_RETURNED, WaitingKind.TO_APPROVE, WaitingKind.BLOCKED}
)


def held_by(actor: Actor, *, now: datetime) -> Condition:
    """The actor in person has the submission: what waits for the whole cell does not count."""
    waits = [one for one in waits_for(actor, now=now) if one.kind in _IN_PERSON]
    own = [one.condition for one in waits if one.about is Submission]
    posts = [one.condition for one in waits if one.about is Post]
    return or_(false(), *own, _rests_on(or_(_writes(actor), *posts)))


def _writes(actor: Actor) -> Condition:
    """The post is a draft whose newest revision the actor wrote."""
    wrote = select(Revision.id).where(conditions.newest(), Revision.author_id == actor.person_id)
    return and_(Post.state == PostState.DRAFT, wrote.correlate(Post).exists())


def _rests_on(condition: Condition) -> Condition:
    """One of the submission's posts is such."""
    posts = select(PostSubmission.submission_id).join(Post, Post.id == PostSubmission.post_id)
    return Submission.id.in_(posts.where(condition))
