"""What becomes of a joint post when one department takes its submission out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor
from publisher import transitions
from publisher.desk import withdrawing
from publisher.desk.checking import person_of
from publisher.desk.timing import UNSENT
from publisher.models.content.posts import Post
from publisher.models.content.submissions import Submission
from publisher.models.deliveries import Delivery
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility


def pull_out(
    session: Session,
    post: Post,
    submission: Submission,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    """Let a post, locked by the caller, go on without the submission that is withdrawn now.

    If its department is asked by the newest revision, its approval counts no longer; if it is only
    named, nothing is stopped. Whoever has to do with the post is told either way. Raises
    `OnItsWay` where everything has left already on that approval.
    """
    concerned = [
        *_makers(session, post),
        *_schedulers(session, post),
        *_owners(session, post, submission, now=now),
    ]
    lost = withdrawing.lose_approval(
        session, actor=actor, now=now, post=post, department_id=submission.department_id
    )
    values = {"number": submission.number, "approval": bool(lost), "from": submission.department_id}
    verb = Action.WITHDRAW_SUBMISSION
    transitions.record(session, post, verb, actor=actor, now=now, values=values)
    told: dict[str, object] = {
        "number": submission.number,
        "title": post.title,
        "department": submission.department,
        "reason": reason,
        "approval": bool(lost),
        "by": session.get_one(Person, person_of(actor)),
    }
    for person in _others([*concerned, *(one.person for one in lost)], actor):
        kind = NoticeKind.SUBMISSION_WITHDRAWN
        path = links.post(post.id)
        compose.queue(session, kind=kind, person=person, values=told, now=now, path=path)


def _makers(session: Session, post: Post) -> Iterator[Person]:
    """Who wrote the newest revision; before there is one, who began the draft."""
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
    """Who gave a time to what has not left."""
    query = (
        select(Person)
        .join(Delivery, Delivery.scheduled_by_id == Person.id)
        .where(Delivery.post_id == post.id, Delivery.state.in_(UNSENT))
    )
    return list(session.scalars(query.order_by(Delivery.id)))


def _owners(
    session: Session, post: Post, submission: Submission, *, now: datetime
) -> Iterator[Person]:
    """The first who answers for the owning department, where that is another one."""
    if post.department_id == submission.department_id:
        return
    for one in responsibility.rungs(session, post.department_id, now=now)[:1]:
        yield one.person


def _others(people: Iterable[Person], actor: Actor) -> list[Person]:
    """Each once, and nobody is told of what they did themselves."""
    found = {one.id: one for one in people if one.id != actor.person_id}
    return list(found.values())
