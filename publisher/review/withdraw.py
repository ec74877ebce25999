"""Withdraw an approval or a whole post, as long as something can still be stopped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals import gate
from approvals.errors import NotApproved, WrongState
from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher import cancellation, transitions
from publisher.models.deliveries import Delivery
from publisher.models.posts import Decision, Post
from publisher.notifications.kinds import NoticeKind
from publisher.review import decide, notify
from publisher.scheduling import schedule
from publisher.states import SENT, DeliveryState
from publisher.validation import clean_reason


def withdraw_approval(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    seen_revision: int,
    reason: str = "",
) -> list[Delivery]:
    """Withdraw the department's approval, cancel unsent deliveries, and return these.

    Raises `OnItsWay` if all of this revision was sent, `WrongState` if it is neither in review nor
    approved, and `NotApproved` if it has no approval of the department.
    """
    post = decide.lock_post(session, post_id)
    revision = schedule.newest_revision(post)
    action = Action.WITHDRAW_APPROVAL
    department_id = decide.deciding_department(session, revision, action, actor=actor, now=now)
    gate.check_seen(seen_revision, post.newest)
    if post.state not in (PostState.IN_REVIEW, PostState.APPROVED):
        raise WrongState(state=post.state, to=PostState.IN_REVIEW)
    approvals = decide.standing_approvals(revision, department_id)
    if not approvals:
        raise NotApproved(reason=gate.Refusal.APPROVAL_MISSING)
    cleaned_reason = clean_reason(reason) if reason.strip() else ""
    _check_something_left_to_stop(session, post)
    stopped = cancellation.cancel_unsent(
        session, actor=actor, now=now, post_id=post.id, why="withdraw_approval"
    )
    values = {"revision": revision.number, "reason": bool(cleaned_reason)}
    cancellation.void_approvals(session, revision, approvals, actor=actor, now=now, values=values)
    kind, author = NoticeKind.APPROVAL_WITHDRAWN, revision.author
    notify.notify_person(session, kind, author, revision, by=actor, now=now, reason=cleaned_reason)
    return stopped


def _check_something_left_to_stop(session: Session, post: Post) -> None:
    """Raise `OnItsWay` if every delivery of the newest revision was sent."""
    states = [
        state
        for revision in post.revisions[-1:]
        for state in cancellation.states_of_texts(session, revision)
    ]
    if states and all(state in SENT for state in states):
        gone = {state for state in states if state is not DeliveryState.PUBLISHED}
        raise schedule.OnItsWay(state=gone.pop() if gone else DeliveryState.PUBLISHED)


def lose_approval(
    session: Session, *, actor: Actor, now: datetime, post: Post, department_id: int
) -> list[Decision]:
    """Withdraw a department's approval of the newest revision because its basis is gone.

    Cancels unsent deliveries and returns the withdrawn approvals. The caller has locked the post,
    has checked the right to the change, and notifies people. Raises `OnItsWay` if all of this
    revision was sent.
    """
    if post.state not in (PostState.IN_REVIEW, PostState.APPROVED):
        return []
    revision = schedule.newest_revision(post)
    lost = decide.standing_approvals(revision, department_id)
    if lost:
        _check_something_left_to_stop(session, post)
        why = Action.WITHDRAW_SUBMISSION
        cancellation.cancel_unsent(session, actor=actor, now=now, post_id=post.id, why=why)
        values = {"revision": revision.number, "why": why}
        cancellation.void_approvals(session, revision, lost, actor=actor, now=now, values=values)
    return lost


def withdraw_post(
    session: Session, *, actor: Actor, now: datetime, post_id: int, reason: str
) -> Post:
    """Withdraw the post and cancel its unsent deliveries."""
    post = decide.lock_post(session, post_id)
    require(actor, Action.WITHDRAW_POST, post.department_id, now=now)
    post.reason = clean_reason(reason)
    _check_something_left_to_stop(session, post)
    cancellation.cancel_unsent(session, actor=actor, now=now, post_id=post.id, why="withdraw_post")
    if post.reply is not None:
        post.reply.withdrawn_at = now
    transitions.apply(
        session, post, PostState.WITHDRAWN, actor=actor, now=now, verb="withdraw_post"
    )
    return post
