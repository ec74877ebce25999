"""End a submission without a post: the cell declines it, or the department withdraws it.

A joint post continues without a submission that is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher import transitions
from publisher.intake.submit import notify, notify_duplicates
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.review import decide
from publisher.review.withdraw import lose_approval, withdraw_post
from publisher.states import SUBMISSION_MOVES, UNSENT, SubmissionState
from publisher.validation import check_in_sight, clean_reason, existing, person_of


def detach_submission(
    session: Session,
    post: Post,
    submission: Submission,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    """Continue a joint post, locked by the caller, without the submission that is being withdrawn.

    If the newest revision asks its department, that approval is withdrawn; if it is only named,
    nothing is stopped. Everybody concerned is notified. Raises `OnItsWay` if everything was already
    sent with that approval.
    """
    concerned = [
        *_makers(session, post),
        *_schedulers(session, post),
        *_owners(session, post, submission, now=now),
    ]
    lost = lose_approval(
        session, actor=actor, now=now, post=post, department_id=submission.department_id
    )
    values = {"number": submission.number, "approval": bool(lost), "from": submission.department_id}
    verb = Action.WITHDRAW_SUBMISSION
    transitions.record(session, post, verb, actor=actor, now=now, values=values)
    notice_values: dict[str, object] = {
        "number": submission.number,
        "title": post.title,
        "department": submission.department,
        "reason": reason,
        "approval": bool(lost),
        "by": session.get_one(Person, person_of(actor)),
    }
    people = {person.id: person for person in (*concerned, *(row.person for row in lost))}
    people.pop(person_of(actor), None)
    for person in people.values():
        kind = NoticeKind.SUBMISSION_WITHDRAWN
        path = links.post(post.id)
        compose.queue(session, kind=kind, person=person, values=notice_values, now=now, path=path)


def _makers(session: Session, post: Post) -> Iterator[Person]:
    """Yield the author of the newest revision, or the person who started the draft."""
    if post.revisions:
        yield post.revisions[-1].author
        return
    began = select(Event).where(
        Event.subject == "posts", Event.subject_id == post.id, Event.verb == Action.DRAFT
    )
    event = session.scalars(began.order_by(Event.id).limit(1)).first()
    if event is not None and event.person is not None:
        yield event.person


def _schedulers(session: Session, post: Post) -> list[Person]:
    """Return who scheduled the unsent deliveries."""
    query = (
        select(Person)
        .join(Delivery, Delivery.scheduled_by_id == Person.id)
        .where(Delivery.post_id == post.id, Delivery.state.in_(UNSENT))
    )
    return list(session.scalars(query.order_by(Delivery.id)))


def _owners(
    session: Session, post: Post, submission: Submission, *, now: datetime
) -> Iterator[Person]:
    """Yield the owning department's first responsible person, unless it is the submission's."""
    if post.department_id == submission.department_id:
        return
    for appointment in responsibility.responsible_chain(session, post.department_id, now=now)[:1]:
        yield appointment.person


def lock_submission(
    session: Session, submission_id: int, *, actor: Actor, action: Action, now: datetime
) -> Submission:
    """Return the submission, locked until the transaction ends, if the actor may do `action`.

    Raises `NotFound` if the actor may not see it, `WrongRole` if the actor may only see it.
    """
    submission = existing(transitions.lock(session, Submission, submission_id), submission_id)
    check_in_sight(actor, Action.SEE_SUBMISSION, [submission.department_id])
    require(actor, action, submission.department_id, now=now)
    return submission


def decline(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, reason: str
) -> Submission:
    """Decline a submission with a reason, and notify its department and those of its duplicates.

    Raises `NotFound`, `WrongRole`, `WrongState`, or `Invalid` for the reason.
    """
    action = Action.DECLINE_SUBMISSION
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    to = SubmissionState.DECLINED
    transitions.check_move(SUBMISSION_MOVES, submission.state, to)
    submission.reason = clean_reason(reason)
    transitions.apply(session, submission, to, actor=actor, now=now, verb=action)
    kind = NoticeKind.SUBMISSION_DECLINED
    notify(session, submission, kind, now=now, by=actor, reason=submission.reason)
    notify_duplicates(session, submission, actor=actor, now=now)
    return submission


def withdraw(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, reason: str
) -> Submission:
    """Withdraw a submission, together with each post that rests on it alone.

    A joint post continues, without the department's approval. Raises `WrongRole` if the actor may
    not withdraw such a post, and `OnItsWay` if it was already sent; otherwise as `decline`.
    """
    action = Action.WITHDRAW_SUBMISSION
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    to = SubmissionState.WITHDRAWN
    transitions.check_move(SUBMISSION_MOVES, submission.state, to)
    submission.reason = clean_reason(reason)
    for own_post in submission.posts:
        post, values = decide.lock_post(session, own_post.id), {"reason": submission.reason}
        if post.state is PostState.WITHDRAWN:
            continue
        if _rests_on_it_alone(post, submission):
            withdraw_post(session, actor=actor, now=now, post_id=post.id, **values)
        else:
            detach_submission(session, post, submission, actor=actor, now=now, **values)
    transitions.apply(session, submission, to, actor=actor, now=now, verb=action)
    notify_duplicates(session, submission, actor=actor, now=now)
    return submission


def _rests_on_it_alone(post: Post, submission: Submission) -> bool:
    """Return True if the post is the department's own and has no other submission in force."""
    others = [other for other in post.submissions if other is not submission]
    remaining = [other for other in others if other.state is not SubmissionState.WITHDRAWN]
    return not remaining and (not others or post.department_id == submission.department_id)
