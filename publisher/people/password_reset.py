"""Reset a forgotten password, by a link sent by mail or a code sent by SMS.

A request has the same answer for everybody, and sends something only to known people. Neither link
nor code signs anybody in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth import one_time_links, throttling
from publisher.auth.contact_details import BadPerson, normal_identifier
from publisher.auth.one_time_links import LinkPurpose, LinkSpent, LinkSubject
from publisher.auth.passwords import NewPassword
from publisher.auth.refusals import NOBODY
from publisher.auth.sign_in import find_person, set_password
from publisher.models.people import Link, Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.links import FORGOTTEN_CODE, PROFILE, password_reset
from publisher.people import calendar_feeds
from publisher.people.permissions import require_whole_person, standing

LINK_LASTS: Final = timedelta(hours=1)
CODE_LASTS: Final = timedelta(minutes=15)


def ask(session: Session, *, identifier: str, address: str, now: datetime) -> datetime | None:
    """Send a link or a code to the person with this mail address or mobile number.

    The result does not reveal whether there is one. Returns the end of throttling if this network
    address has requested too often; an account with too many requests gets nothing more meanwhile.
    """
    identifier_key = normal_identifier(identifier)
    address_key = throttling.key_of_address(f"forgotten {throttling.address_network(address)}")
    person_key = throttling.key_of_identifier(f"forgotten {identifier_key}")
    if (until := throttling.next_attempt_at(session, [address_key], now=now)) is not None:
        return until
    is_closed = throttling.next_attempt_at(session, [person_key], now=now) is not None
    throttling.store_failure(session, [address_key, person_key], now=now)
    person = find_person(session, identifier_key)
    if person is not None and not is_closed and _is_welcome(session, person, now):
        _send(session, person, identifier_key, now)
        transitions.record(session, person, "forget_password", actor=NOBODY, now=now)
    return None


def send(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    now: datetime,
    has_sms: bool,
    origin: Mapping[str, str] | None = None,
) -> str:
    """Send a link, or a code by SMS, to a channel that the person has proven; return the channel.

    The password stays as it is until the person has used it. `origin` is a command's name and user,
    for the history. Raises `WrongRole`, or `BadPerson` if there is no such channel, no password or
    no appointment, or if the person is disabled.
    """
    require_whole_person(session, actor, person, now=now)
    if person.disabled_at is not None:
        raise BadPerson("mail", "disabled")
    if not standing(session, person_id=person.id, now=now):
        raise BadPerson("role", "no_appointment")
    if person.password_hash is None:
        raise BadPerson("password", "missing")
    channel = _proven_channel(person, has_sms=has_sms)
    _send(session, person, channel, now)
    transitions.record(session, person, "forget_password", actor=actor, now=now, values=origin)
    return channel


def _proven_channel(person: Person, *, has_sms: bool) -> str:
    if person.mail and person.mail_proven_at:
        return person.mail
    if not person.mobile or not person.mobile_proven_at:
        raise BadPerson("mail", "not_proven")
    if not has_sms:
        raise BadPerson("mobile", "no_sms")
    return person.mobile


def _is_welcome(session: Session, person: Person, now: datetime) -> bool:
    return person.disabled_at is None and bool(standing(session, person_id=person.id, now=now))


def _send(session: Session, person: Person, identifier_key: str, now: datetime) -> None:
    one_time_links.end_of_person(session, person=person, purpose=LinkPurpose.PASSWORD, now=now)
    link_subject = LinkSubject.of(person, LinkPurpose.PASSWORD)
    if "@" in identifier_key:
        token = one_time_links.make(
            session, link_subject, to=identifier_key, now=now, lasts=LINK_LASTS
        )
        kind, path = NoticeKind.PASSWORD_LINK, password_reset(token)
        values: dict[str, object] = {"expires_at": now + LINK_LASTS}
    else:
        code = one_time_links.make_code(
            session, link_subject, to=identifier_key, now=now, lasts=CODE_LASTS
        )
        kind, path = NoticeKind.PASSWORD_CODE, FORGOTTEN_CODE
        values = {"expires_at": now + CODE_LASTS, "secret": code}
    compose.queue(
        session, kind=kind, person=person, values=values, now=now, path=path, to=identifier_key
    )


def find_link(session: Session, *, token: str, now: datetime) -> Link | None:
    """Return the valid link of a token, without using it."""
    link = one_time_links.find(session, token=token, purpose=LinkPurpose.PASSWORD, now=now)
    return link if link is not None and _is_welcome(session, link.person, now) else None


def find_code(session: Session, *, identifier: str, code: str, now: datetime) -> Link | None:
    """Return the valid code that was sent to this mobile number; a wrong code counts as an attempt.

    Also returns None while throttled. Attempts are counted, so it needs a session that commits.
    """
    identifier_key = normal_identifier(identifier)
    tries = throttling.key_of_identifier(f"code {identifier_key}")
    if throttling.next_attempt_at(session, [tries], now=now) is not None:
        return None
    link = _matching_code(session, identifier_key, code, now)
    if link is None:
        throttling.store_failure(session, [tries], now=now)
    return link


def _matching_code(session: Session, identifier_key: str, code: str, now: datetime) -> Link | None:
    person = find_person(session, identifier_key)
    if person is None or not _is_welcome(session, person, now):
        return None
    link = one_time_links.find_code(
        session, code=code, purpose=LinkPurpose.PASSWORD, person_id=person.id, now=now
    )
    return link if link is not None and link.sent_to in {"", identifier_key} else None


def reset(session: Session, *, link: Link, password: NewPassword, now: datetime) -> Person:
    """Set the password, use up the link or code, and end the person's sessions and calendar link.

    Raises `BadPassword`, after which it is still valid, or `LinkSpent` if it was used.
    """
    person = link.person
    if not _is_welcome(session, person, now):
        raise LinkSpent
    set_password(session, person=person, password=password, now=now)
    one_time_links.use(session, link=link, now=now)
    one_time_links.end_for_password(session, person=person, now=now)
    for contact in filter(None, (person.mail, person.mobile)):
        throttling.reset(session, throttling.key_of_identifier(contact))
    actor = Actor(ActorKind.LINK, person_id=person.id)
    values = {"by": "mail" if "@" in link.sent_to else "sms"}
    transitions.record(session, person, "reset_password", actor=actor, now=now, values=values)
    announce_new_password(session, person, actor=actor, now=now)
    return person


def announce_new_password(session: Session, person: Person, *, actor: Actor, now: datetime) -> None:
    """End the person's private calendar link, and notify them that their password has changed."""
    # Anybody who knew the old password may have read the link, which needs no password.
    has_ended = calendar_feeds.end_feed(session, person_id=person.id, actor=actor, now=now)
    announce_change(session, person, "password", now=now, calendar=has_ended)


def announce_change(
    session: Session,
    person: Person,
    changed: str,
    *,
    now: datetime,
    to: str = "",
    calendar: bool = False,
) -> None:
    """Notify a person that their password, mail address or mobile number has changed.

    `calendar` is true if their private calendar link has ended with it.
    """
    compose.queue(
        session,
        kind=NoticeKind.ACCESS_CHANGED,
        person=person,
        values={"changed": changed, "at": now} | ({"calendar": True} if calendar else {}),
        now=now,
        path=PROFILE,
        to=to,
    )
