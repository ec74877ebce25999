"""One-time links and codes: for one purpose, subject and person; they do not sign anybody in."""

from __future__ import annotations

import hashlib
import secrets
import string
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from publisher.database.session import execute_and_count
from publisher.models.people import ContactField, Link, Person

CODE_DIGITS: Final = 8


class LinkPurpose(StrEnum):
    """The purpose of a link."""

    INVITATION = "invitation"
    PASSWORD = "password"  # noqa: S105  a purpose
    CONTACT = "contact"
    SIGN_IN = "sign_in"
    DOUBT = "doubt"  #: Says that a confirmed appointment is wrong.
    TAKE_UP = "take_up"  #: Takes up a confirmed office.
    CONFIRM = "confirm"  #: Confirms an officer.
    NAME_OFFICERS = "name_officers"  #: Names the officers of a department.
    LINK_CODE = "link_code"  #: Proves the person of another link.
    SECOND_FACTOR = "second_factor"
    LOST_FACTOR = "lost_factor"
    DUTY = "duty"
    APPROVE = "approve"  #: Shows a revision to one of its approvers, who decides about it.
    PASSKEY = "passkey"  #: A challenge that a passkey signs.
    CHOOSE_DEPARTMENT = "choose_department"  #: Says which department a mail is for.


class LinkSpent(NotAllowed):
    """The link was used, ended, or has expired."""

    code = "link_spent"


def hash_token(token: str) -> str:
    """Return the stored digest of a random token; for 256 random bits a plain SHA-256 is safe."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class LinkSubject:
    """The subject of a link or code: a purpose, a row (`subject` is its table), and a person."""

    purpose: LinkPurpose
    subject: str
    subject_id: int
    person: Person

    @classmethod
    def of(cls, person: Person, purpose: LinkPurpose) -> LinkSubject:
        """Return the subject of a link to the person it is made for."""
        return cls(purpose, Person.__tablename__, person.id, person)


def make(
    session: Session, link_subject: LinkSubject, *, to: str, now: datetime, lasts: timedelta
) -> str:
    """Make a link to the subject for its person; return the token, once.

    `to` is where it is sent: it is void once that is no longer the person's. With "" it is not
    sent: it is shown on a page, or also needs a code or a sign-in.
    """
    token = secrets.token_urlsafe(32)
    _add(session, hash_token(token), link_subject, to=to, now=now, lasts=lasts)
    return token


def make_code(
    session: Session,
    link_subject: LinkSubject,
    *,
    to: str,
    now: datetime,
    lasts: timedelta,
    browser: str = "",
) -> str:
    """Make a code of eight digits, to be typed instead of a link; return it, once.

    Its digest includes purpose and person, and the `browser` text if only the browser or page that
    has this text may use the code. Eight digits can be guessed, so the caller has to throttle
    attempts.
    """
    while True:
        code = "".join(secrets.choice(string.digits) for _ in range(CODE_DIGITS))
        digest = _digest_of_code(link_subject.purpose, link_subject.person.id, code, browser)
        if session.scalar(select(Link.id).where(Link.token_digest == digest)) is None:
            _add(session, digest, link_subject, to=to, now=now, lasts=lasts)
            return code


def _add(
    session: Session,
    digest: str,
    link_subject: LinkSubject,
    *,
    to: str,
    now: datetime,
    lasts: timedelta,
) -> None:
    session.add(
        Link(
            token_digest=digest,
            purpose=link_subject.purpose,
            subject=link_subject.subject,
            subject_id=link_subject.subject_id,
            person=link_subject.person,
            sent_to=to,
            made_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()


def _digest_of_code(purpose: LinkPurpose, person_id: int, code: str, browser: str) -> str:
    return hash_token(":".join(filter(None, (purpose, str(person_id), code, browser))))


def extract_digits(code: str) -> str:
    """Return the digits of a typed code, in either script, without anything between them."""
    return "".join(str(unicodedata.digit(character)) for character in code if character.isdecimal())


def find_code(
    session: Session,
    *,
    code: str,
    purpose: LinkPurpose,
    person_id: int,
    now: datetime,
    browser: str = "",
) -> Link | None:
    """Return the link behind a typed code, in either script, if it is valid for this purpose."""
    digest = _digest_of_code(purpose, person_id, extract_digits(code), browser)
    link = session.scalars(select(Link).where(Link.token_digest == digest)).one_or_none()
    return link if link is not None and _is_open(link, now) else None


def find_any(session: Session, *, token: str, purpose: LinkPurpose) -> Link | None:
    """Return the link of this purpose behind a token, even if it is no longer valid."""
    query = select(Link).where(Link.token_digest == hash_token(token), Link.purpose == purpose)
    return session.scalars(query).one_or_none()


def find(session: Session, *, token: str, purpose: LinkPurpose, now: datetime) -> Link | None:
    """Return the link behind a token, if it is valid for this purpose."""
    link = find_any(session, token=token, purpose=purpose)
    return link if link is not None and _is_open(link, now) else None


def _is_open(link: Link, now: datetime) -> bool:
    is_in_time = link.used_at is None and link.ended_at is None and now < link.expires_at
    return is_in_time and (link.purpose == LinkPurpose.CONTACT or _is_own(link))


def is_open_link(now: datetime) -> ColumnElement[bool]:
    """Return the condition of links that were not used and have not ended."""
    return and_(Link.used_at.is_(None), Link.ended_at.is_(None), Link.expires_at > now)


def _is_own(link: Link) -> bool:
    """Return True if the person still has the address the link went to; older links have none."""
    return link.sent_to in {"", link.person.mail, link.person.mobile}


def use(session: Session, *, link: Link, now: datetime) -> None:
    """Mark the link as used, in the transaction of its act, and the address it went to as proven.

    Raises `LinkSpent` if it was used.
    """
    unused = update(Link).where(Link.id == link.id, is_open_link(now)).values(used_at=now)
    if execute_and_count(session, unused) != 1:
        raise LinkSpent
    for field in ContactField:
        if link.sent_to and link.sent_to == getattr(link.person, field):
            setattr(link.person, f"{field}_proven_at", now)


def end_for_password(session: Session, *, person: Person, now: datetime) -> None:
    """End every open link or code that could set the person's password."""
    for purpose in (LinkPurpose.INVITATION, LinkPurpose.PASSWORD):
        end_of_person(session, person=person, purpose=purpose, now=now)


def end_of_person(session: Session, *, person: Person, purpose: LinkPurpose, now: datetime) -> None:
    """End every open link of this purpose about the person."""
    end_links(session, subject=Person.__tablename__, subject_id=person.id, purpose=purpose, now=now)


def end_links(
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
