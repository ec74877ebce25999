"""A post on several submissions: another one is taken in by its number, or let go again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher import transitions
from publisher.desk.checking import Invalid, Missing, Problem
from publisher.i18n.languages import latin_digits
from publisher.models.content.posts import Post, PostKind
from publisher.models.content.submissions import Submission
from publisher.states import SubmissionState

OPEN = (SubmissionState.RECEIVED, SubmissionState.DRAFTED)


def join(session: Session, *, actor: Actor, now: datetime, post_id: int, number: str) -> Submission:
    """Let a post rest on one more submission, named by its acknowledgement number.

    The submission counts as drafted from now on, and is locked before the post, as wherever both
    are. Raises `Missing`, `WrongRole`, `WrongState`, or `Invalid` at `number`: not known, no longer
    open, or joined already.
    """
    _check(session.get(Post, post_id), post_id, actor=actor, now=now)
    submission = _found(session, number)
    post = _locked(session, post_id, actor=actor, now=now)
    if submission in post.submissions:
        raise Invalid([Problem("number", "joined_already", {"number": submission.number})])
    if submission.state not in OPEN:
        raise Invalid([Problem("number", "not_open", {"number": submission.number})])
    post.submissions.append(submission)
    verb, values = Action.DRAFT, {"post": post_id}
    if submission.state is SubmissionState.DRAFTED:
        transitions.record(session, submission, verb, actor=actor, now=now, values=values)
    else:
        transitions.apply(
            session,
            submission,
            SubmissionState.DRAFTED,
            actor=actor,
            now=now,
            verb=verb,
            values=values,
        )
    more = {"number": submission.number}
    transitions.record(session, post, "join", actor=actor, now=now, values=more)
    return submission


def part(
    session: Session, *, actor: Actor, now: datetime, post_id: int, submission_id: int
) -> Submission:
    """Let a submission go that was joined by mistake.

    Raises `Invalid` where the post would rest on nothing of its owning department, or the
    submission on no post: what is drafted has to lead somewhere.
    """
    post = _locked(session, post_id, actor=actor, now=now)
    submission = next((one for one in post.submissions if one.id == submission_id), None)
    if submission is None:
        raise Missing(submission_id)
    rest = [one for one in post.submissions if one is not submission]
    if all(one.department_id != post.department_id for one in rest):
        raise Invalid([Problem("number", "last_of_owner", {"number": submission.number})])
    if submission.posts == [post]:
        raise Invalid([Problem("number", "only_here", {"number": submission.number})])
    post.submissions.remove(submission)
    values = {"number": submission.number}
    transitions.record(session, post, "part", actor=actor, now=now, values=values)
    return submission


def _locked(session: Session, post_id: int, *, actor: Actor, now: datetime) -> Post:
    return _check(transitions.lock(session, Post, post_id), post_id, actor=actor, now=now)


def _check(post: Post | None, post_id: int, *, actor: Actor, now: datetime) -> Post:
    """The post, where the actor may write it and it still stands."""
    if post is None or post.kind is not PostKind.POST:
        raise Missing(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    if post.state is PostState.WITHDRAWN:
        raise Invalid([Problem("number", "post_withdrawn")])
    return post


def _found(session: Session, number: str) -> Submission:
    """The submission of this number, in Latin or Devanagari digits, locked."""
    typed = latin_digits("".join(number.split())).upper()
    if not typed:
        raise Invalid([Problem("number", "required")])
    query = select(Submission.id).where(Submission.number == typed)
    key = session.scalars(query).one_or_none()
    submission = transitions.lock(session, Submission, key) if key is not None else None
    if submission is None:
        raise Invalid([Problem("number", "unknown_number", {"number": typed[:40]})])
    return submission
