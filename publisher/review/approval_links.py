"""Personal links by which an approver decides about one revision, after verifying the person.

A link opens no session, and opening it does not use it up; the decision does, in its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, scope_of
from approvals.states import PostState
from publisher.auth import one_time_links, sessions
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import Appointment, Link, Person
from publisher.models.posts import Decision, Revision
from publisher.review import department_reviews
from publisher.working_time import add_open_days

LINK_LASTS: Final = timedelta(hours=72)
"""How long a link lasts, not counting the days on which offices are closed."""


class ApprovalLinkState(StrEnum):
    """What can be done with a link now; its page has a sentence for each."""

    OPEN = "open"
    USED = "used"  #: Its person has decided with it.
    DECIDED = "decided"  #: Somebody else has decided, or the person in another way.
    RETURNED = "returned"  #: It is with the Cell again: there is nothing to decide.
    NEWER_REVISION = "newer_revision"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ACCESS_ENDED = "access_ended"  #: The person is disabled.


def make(session: Session, *, revision: Revision, person: Person, now: datetime) -> str:
    """Make a link for this person to decide about this revision; return its token, once.

    It lasts to the end of the revision's window, and 72 hours of open days at most.
    """
    end = add_open_days(now, LINK_LASTS)
    if revision.not_after is not None:
        end = min(end, revision.not_after)
    subject = LinkSubject(LinkPurpose.APPROVE, Revision.__tablename__, revision.id, person)
    return one_time_links.make(session, subject, to="", now=now, lasts=end - now)


def find(session: Session, *, token: str) -> Link | None:
    """Return the link, even if it is over: its page says why."""
    return one_time_links.find_any(session, token=token, purpose=LinkPurpose.APPROVE)


def get_revision(session: Session, link: Link) -> Revision:
    """Return the revision that the link is about."""
    return session.get_one(Revision, link.subject_id)


def link_state(session: Session, link: Link, *, now: datetime) -> ApprovalLinkState:
    """Return what can be done with the link now."""
    revision = get_revision(session, link)
    if link.person.disabled_at is not None:
        return ApprovalLinkState.ACCESS_ENDED
    if link.used_at is not None:
        return ApprovalLinkState.USED
    if revision.post.state is PostState.WITHDRAWN:
        return ApprovalLinkState.WITHDRAWN
    if revision.number != revision.post.newest:
        return ApprovalLinkState.NEWER_REVISION
    if revision.post.state is PostState.DRAFT:
        return ApprovalLinkState.RETURNED
    if revision.post.state is not PostState.IN_REVIEW or _has_decided(session, link, now=now):
        return ApprovalLinkState.DECIDED
    is_over = link.ended_at is not None or now >= link.expires_at
    return ApprovalLinkState.EXPIRED if is_over else ApprovalLinkState.OPEN


def _has_decided(session: Session, link: Link, *, now: datetime) -> bool:
    """Return True if the department for which the person would decide has decided."""
    revision = get_revision(session, link)
    office = find_office(session, link, now=now)
    decided_ids = {
        review.department.id
        for review in department_reviews.department_reviews(revision, now=now)
        if review.is_asked and not review.is_pending
    }
    return office is not None and office.department_id in decided_ids


def find_office(session: Session, link: Link, *, now: datetime) -> Appointment | None:
    """Return the appointment in force under which the person of the link would decide.

    It is one in an asked department, preferably one that has yet to decide. A person without one
    acts under another, and is refused as on the revision's page. None: nothing is in force.
    """
    reviews = department_reviews.department_reviews(get_revision(session, link), now=now)
    asked_ids = {review.department.id for review in reviews if review.is_asked}
    pending_ids = department_reviews.pending_ids(reviews)

    def distance(office: Appointment) -> tuple[bool, bool, bool]:
        decides = scope_of(sessions.appointment_actor(office, ()), Action.APPROVE) is not None
        return (
            not (decides and office.department_id in asked_ids),
            office.department_id not in pending_ids,
            office.role is not Role.OFFICER,
        )

    return min(
        sessions.list_appointments(session, link.person, now=now), key=distance, default=None
    )


def find_actor(session: Session, link: Link, *, now: datetime) -> Actor | None:
    """Return the person of the link as an actor, or None if no appointment is in force."""
    office = find_office(session, link, now=now)
    return None if office is None else sessions.appointment_actor(office, ())


def code_details(session: Session, link: Link) -> Mapping[str, object]:
    """Return what the message with the code says that it approves."""
    post = get_revision(session, link).post
    return {
        "title": post.title,
        "revision": get_revision(session, link).number,
        "department": post.department,
    }


def last_shown(session: Session, link: Link) -> Revision | None:
    """Return the newest earlier revision that the person has decided on or was sent a link to."""
    revision = get_revision(session, link)
    earlier = select(Revision.id).where(
        Revision.post_id == revision.post_id, Revision.number < revision.number
    )
    sent = select(func.max(Link.subject_id)).where(
        Link.purpose == LinkPurpose.APPROVE,
        Link.person_id == link.person_id,
        Link.subject_id.in_(earlier),
    )
    decided = select(func.max(Decision.revision_id)).where(
        Decision.person_id == link.person_id, Decision.revision_id.in_(earlier)
    )
    newest_id = max(session.scalar(query) or 0 for query in (sent, decided))
    return session.get(Revision, newest_id) if newest_id else None


def find_decision(session: Session, link: Link) -> Decision | None:
    """Return the decision by this link, or the newest one about its revision."""
    about = select(Decision).where(Decision.revision_id == link.subject_id)
    own = about.where(Decision.person_id == link.person_id, Decision.at == link.used_at)
    newest = about.where(Decision.withdrawn_at.is_(None)).order_by(Decision.id.desc()).limit(1)
    return session.scalars(own if link.used_at is not None else newest).first()
