"""Where a submission ends without a post: declined by the cell, withdrawn by the department."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from approvals.states import PostState, check_move
from publisher import transitions
from publisher.desk import reviewing, withdrawing
from publisher.desk.checking import Missing, check_in_sight, checked_reason, person_of
from publisher.desk.intake.duplicates import tell_duplicates
from publisher.desk.intake.handing_in import tell
from publisher.desk.intake.pulling_out import pull_out
from publisher.models.content.posts import Post
from publisher.models.content.submissions import Submission
from publisher.models.people import Person
from publisher.notifications.compose import NoticeKind
from publisher.states import SUBMISSION_MOVES, SubmissionState


def locked_submission(
    session: Session, submission_id: int, *, actor: Actor, action: Action, now: datetime
) -> Submission:
    """The submission, locked until the transaction ends, for an actor who may do this to it.

    Raises `Missing` where it is not in the actor's sight, `WrongRole` where it is, but the
    action is another's.
    """
    submission = transitions.lock(session, Submission, submission_id)
    if submission is None:
        raise Missing(submission_id)
    check_in_sight(actor, Action.SEE_SUBMISSION, [submission.department_id])
    require(actor, action, submission.department_id, now=now)
    return submission


def decline(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, reason: str
) -> Submission:
    """Decline a submission with a reason, and tell the department, and those of its duplicates.

    Raises `Missing`, `WrongRole`, `WrongState`, or `Invalid` for the reason.
    """
    action = Action.DECLINE_SUBMISSION
    submission = locked_submission(session, submission_id, actor=actor, action=action, now=now)
    _end(session, submission, SubmissionState.DECLINED, action, actor=actor, now=now, reason=reason)
    by = session.get_one(Person, person_of(actor))
    more: dict[str, object] = {"reason": submission.reason, "by": by}
    tell(session, submission, NoticeKind.SUBMISSION_DECLINED, now=now, more=more)
    tell_duplicates(session, submission, actor=actor, now=now)
    return submission


def withdraw(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, reason: str
) -> Submission:
    """Take a submission back, and with it each post that rests on it alone.

    A joint post goes on without it, and without the department's approval. Raises `WrongRole`
    where a post that rests on it alone stands and the actor may not withdraw it, and `OnItsWay`
    where one has left already; else as `decline`.
    """
    action = Action.WITHDRAW_SUBMISSION
    submission = locked_submission(session, submission_id, actor=actor, action=action, now=now)
    check_move(SUBMISSION_MOVES, submission.state, SubmissionState.WITHDRAWN)
    words = checked_reason(reason)
    for post in submission.posts:
        _let_go(session, post, submission, actor=actor, now=now, reason=words)
    _end(
        session, submission, SubmissionState.WITHDRAWN, action, actor=actor, now=now, reason=reason
    )
    tell_duplicates(session, submission, actor=actor, now=now)
    return submission


def _let_go(
    session: Session,
    post: Post,
    submission: Submission,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    """Withdraw a post that rests on nothing else; a joint one goes on without this submission."""
    post = reviewing.locked_post(session, post.id)
    if post.state is PostState.WITHDRAWN:
        return
    if _rests_on_it_alone(post, submission):
        withdrawing.withdraw_post(session, actor=actor, now=now, post_id=post.id, reason=reason)
    else:
        pull_out(session, post, submission, actor=actor, now=now, reason=reason)


def _rests_on_it_alone(post: Post, submission: Submission) -> bool:
    """Whether no other is left; what another department owns is not this one's to withdraw."""
    others = [one for one in post.submissions if one is not submission]
    left = [one for one in others if one.state is not SubmissionState.WITHDRAWN]
    return not left and (not others or post.department_id == submission.department_id)


def _end(
    session: Session,
    submission: Submission,
    to: SubmissionState,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    check_move(SUBMISSION_MOVES, submission.state, to)
    submission.reason = checked_reason(reason)
    transitions.apply(session, submission, to, actor=actor, now=now, verb=action)
