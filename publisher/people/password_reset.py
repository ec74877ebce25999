"""Who forgot their password sets another, by a link to their mailbox or a code to their mobile.

Asking says the same to everybody and sends something to those alone whom we know. Neither link
nor code signs anybody in.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth import one_time_links, throttling
from publisher.auth.contact_details import read_identifier
from publisher.auth.one_time_links import LinkPurpose, LinkSpent, LinkSubject
from publisher.auth.passwords import HASHER, Hasher
from publisher.auth.sign_in import set_password
from publisher.models.people import Link, Person
from publisher.notifications import compose
from publisher.notifications.compose import NoticeKind
from publisher.notifications.links import forgotten_code, forgotten_link, profile
from publisher.people.permissions import standing

LINK_LASTS: Final = timedelta(hours=1)
CODE_LASTS: Final = timedelta(minutes=15)
NOBODY: Final = Actor(ActorKind.PERSON)
"""Whoever asks, of whom nothing is proved."""


def ask(session: Session, *, identifier: str, address: str, now: datetime) -> datetime | None:
    """Send a link or a code to whoever has this mail address or mobile number.

    Nothing tells whether anybody has. Gives until when this network address has to wait, where
    it has asked too often; one account that is asked for too often gets nothing more meanwhile.
    """
    who = read_identifier(identifier) or identifier.strip().lower()
    here, theirs = throttling.key_of_address(f"forgotten {address}"), _key_of(who)
    if (until := throttling.closed_until(session, [here], now=now)) is not None:
        return until
    is_closed = throttling.closed_until(session, [theirs], now=now) is not None
    throttling.store_failure(session, [here, theirs], now=now)
    person = _person_of(session, who)
    if person is not None and not is_closed and _is_welcome(session, person, now):
        _send(session, person, who, now)
    return None


def _key_of(who: str) -> str:
    return throttling.key_of_identifier(f"forgotten {who}")


def _person_of(session: Session, who: str) -> Person | None:
    column = Person.mail if "@" in who else Person.mobile
    return session.scalars(select(Person).where(column == who)).one_or_none()


def _is_welcome(session: Session, person: Person, now: datetime) -> bool:
    return person.disabled_at is None and bool(standing(session, person_id=person.id, now=now))


def _send(session: Session, person: Person, who: str, now: datetime) -> None:
    one_time_links.end_of_person(session, person=person, purpose=LinkPurpose.PASSWORD, now=now)
    ground = LinkSubject(LinkPurpose.PASSWORD, Person.__tablename__, person.id, person)
    if "@" in who:
        token = one_time_links.make(
            session,
            purpose=ground.purpose,
            subject=ground.subject,
            subject_id=ground.subject_id,
            person=person,
            now=now,
            lasts=LINK_LASTS,
        )
        kind, path = NoticeKind.PASSWORD_LINK, forgotten_link(token)
        values: dict[str, object] = {"expires_at": now + LINK_LASTS}
    else:
        code = one_time_links.make_code(session, ground, now=now, lasts=CODE_LASTS)
        kind, path = NoticeKind.PASSWORD_CODE, forgotten_code()
        values = {"expires_at": now + CODE_LASTS, "secret": code}
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path, to=who)
    transitions.record(session, person, "forget_password", actor=NOBODY, now=now)


def by_link(session: Session, *, token: str, now: datetime) -> Link | None:
    """The open link behind a token; looking at it uses nothing up."""
    link = one_time_links.find(session, token=token, purpose=LinkPurpose.PASSWORD, now=now)
    return link if link is not None and _is_welcome(session, link.person, now) else None


def by_code(session: Session, *, identifier: str, code: str, now: datetime) -> Link | None:
    """The open code that was sent to this mobile number; a wrong one counts as a try.

    None as well where there were too many tries, so it wants a session that commits.
    """
    who = read_identifier(identifier) or identifier.strip().lower()
    tries = throttling.key_of_identifier(f"code {who}")
    if throttling.closed_until(session, [tries], now=now) is not None:
        return None
    link = _code_of(session, who, code, now)
    if link is None:
        throttling.store_failure(session, [tries], now=now)
    return link


def _code_of(session: Session, who: str, code: str, now: datetime) -> Link | None:
    person = _person_of(session, who)
    if person is None or not _is_welcome(session, person, now):
        return None
    return one_time_links.find_code(
        session, code=code, purpose=LinkPurpose.PASSWORD, person_id=person.id, now=now
    )


def reset(
    session: Session,
    *,
    link: Link,
    password: str,
    now: datetime,
    hasher: Hasher = HASHER,
    city_words: Collection[str] = (),
    made: str | None = None,
) -> Person:
    """Set the password, use link or code up, and end every session of the person.

    Raises `BadPassword`, after which it still works, or `LinkSpent` for whoever is second.
    """
    person = link.person
    if not _is_welcome(session, person, now):
        raise LinkSpent
    set_password(
        session,
        person=person,
        password=password,
        now=now,
        hasher=hasher,
        city_words=city_words,
        made=made,
    )
    one_time_links.use(session, link=link, now=now)
    one_time_links.end_for_password(session, person=person, now=now)
    for who in filter(None, (person.mail, person.mobile)):
        throttling.forget(session, throttling.key_of_identifier(who))
    actor = Actor(ActorKind.LINK, person_id=person.id)
    transitions.record(session, person, "reset_password", actor=actor, now=now)
    say_changed(session, person, "password", now=now)
    return person


def say_changed(
    session: Session, person: Person, changed: str, *, now: datetime, to: str = ""
) -> None:
    """Tell a person that their password, mail address or mobile number has changed."""
    compose.queue(
        session,
        kind=NoticeKind.ACCESS_CHANGED,
        person=person,
        values={"changed": changed, "at": now},
        now=now,
        path=profile(),
        to=to,
    )
