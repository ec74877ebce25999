"""A new link to a revision in place of an expired one, sent to the same person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from publisher import transitions
from publisher.auth.one_time_links import LinkPurpose
from publisher.models.people import Link
from publisher.models.posts import Post
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.preferences import choose_routes
from publisher.review import approval_links, reminders
from publisher.review.approval_links import ApprovalLinkState

PAUSE: Final = timedelta(minutes=15)
MOST_IN_A_DAY: Final = 5
"""The number of links to one revision that a person gets in 24 hours, including reminders."""


class LinkSentLately(NotAllowed):
    """A link to this revision was recently sent to the person; it is in their mail or SMS."""

    code = "link_sent_lately"


def address(session: Session, link: Link, *, now: datetime) -> str:
    """Return where a new link would go: the person's own address; "" if none can be sent."""
    revision = approval_links.get_revision(session, link)
    is_over = revision.not_after is not None and revision.not_after <= now
    state = approval_links.link_state(session, link, now=now)
    if is_over or state is not ApprovalLinkState.EXPIRED:
        return ""
    if approval_links.find_office(session, link, now=now) is None:
        return ""
    routes = choose_routes(session, link.person, NoticeKind.REVIEW_REMINDER)
    return routes[0].address if routes else ""


def send(session: Session, *, link: Link, now: datetime) -> str:
    """Send the person a new link, whoever asks; return the address, or "" if none can be sent.

    Raises `LinkSentLately`, so that the holder of an old link cannot send mails without limit.
    """
    revision = approval_links.get_revision(session, link)
    transitions.lock(session, Post, revision.post_id)
    to = address(session, link, now=now)
    if to:
        query = select(Link.made_at).where(
            Link.purpose == LinkPurpose.APPROVE,
            Link.person_id == link.person_id,
            Link.subject_id == revision.id,
            Link.made_at > now - timedelta(days=1),
        )
        moments = session.scalars(query).all()
        if len(moments) >= MOST_IN_A_DAY or any(at > now - PAUSE for at in moments):
            raise LinkSentLately
        reminders.remind(session, revision, [link.person_id], now=now)
    return to
