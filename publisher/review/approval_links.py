"""Personal links by which an approver decides about one revision, after a proof of the person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import Person
from publisher.models.posts import Revision

LINK_LASTS: Final = timedelta(days=30)


def make(session: Session, *, revision: Revision, person: Person, now: datetime) -> str:
    """Make a link for this person to decide about this revision; return its token, once.

    It lasts to the end of the revision's window, and 30 days at most.
    """
    end = now + LINK_LASTS
    if revision.not_after is not None:
        end = min(end, revision.not_after)
    subject = LinkSubject(LinkPurpose.APPROVE, Revision.__tablename__, revision.id, person)
    return one_time_links.make(session, subject, to="", now=now, lasts=end - now)
