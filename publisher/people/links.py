"""One-use links: made for one purpose, subject and person, used up by one act, never a login."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from publisher.models.people import Link, Person


class LinkPurpose(StrEnum):
    """What a link leads to, once."""

    INVITATION = "invitation"


class LinkSpent(NotAllowed):
    """The link was used, ended, or has run out."""

    code = "link_spent"


def digest_of(token: str) -> str:
    """What is stored of a random token: of 256 random bits a plain SHA-256 gives nothing away."""
    return hashlib.sha256(token.encode()).hexdigest()


def make(
    session: Session,
    *,
    purpose: LinkPurpose,
    subject: str,
    subject_id: int,
    person: Person,
    now: datetime,
    lasts: timedelta,
) -> str:
    """Make a link to one row (`subject` is its table) for a person; gives the token, once."""
    token = secrets.token_urlsafe(32)
    session.add(
        Link(
            token_digest=digest_of(token),
            purpose=purpose,
            subject=subject,
            subject_id=subject_id,
            person=person,
            made_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return token


def find(session: Session, *, token: str, purpose: LinkPurpose, now: datetime) -> Link | None:
    """The link behind a token, while it can be used for this purpose."""
    query = select(Link).where(Link.token_digest == digest_of(token), Link.purpose == purpose)
    link = session.scalars(query).one_or_none()
    return link if link is not None and _is_open(link, now) else None


def _is_open(link: Link, now: datetime) -> bool:
    return link.used_at is None and link.ended_at is None and now < link.expires_at


def use(session: Session, *, link: Link, now: datetime) -> None:
    """Use the link up, in the transaction of the act; raises `LinkSpent` for whoever is second."""
    unused = (
        update(Link)
        .where(
            Link.id == link.id,
            Link.used_at.is_(None),
            Link.ended_at.is_(None),
            Link.expires_at > now,
        )
        .values(used_at=now)
    )
    result = session.execute(unused)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise LinkSpent


def end_for(
    session: Session, *, subject: str, subject_id: int, purpose: LinkPurpose, now: datetime
) -> None:
    """End every open link of this purpose to a row that has changed."""
    session.execute(
        update(Link)
        .where(
            Link.subject == subject,
            Link.subject_id == subject_id,
            Link.purpose == purpose,
            Link.used_at.is_(None),
            Link.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
