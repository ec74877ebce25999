"""Change a person's mail address or mobile number, verified by a code sent to the new one."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.auth import one_time_links, throttling
from publisher.auth.contact_details import BadPerson, read_mail, read_mobile
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import ContactChange, ContactField, Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.links import CONTACT_CODE
from publisher.people import channels

CODE_LASTS: Final = timedelta(hours=1)


class ContactCodeProblem(StrEnum):
    """The reason why a code was refused."""

    WRONG = "wrong"
    THROTTLED = "throttled"
    NOTHING_ASKED = "nothing_asked"
    TAKEN = "taken"


def ask_change(
    session: Session,
    *,
    actor: Actor,
    person_id: int,
    field: ContactField,
    contact_text: str,
    now: datetime,
) -> ContactChange:
    """Send a code to a new address or number; the old one stays until the code is entered.

    Raises `BadPerson`. If the address belongs to another person, only its owner learns that, when
    the code is entered. The caller verifies the password and checks `next_request_at` first.
    """
    person = session.get_one(Person, person_id)
    value = (read_mail if field is ContactField.MAIL else read_mobile)(contact_text)
    if value is None:
        raise BadPerson(field, "empty")
    if value == getattr(person, field):
        raise BadPerson(field, "same")
    channels.require_own(session, value)
    throttling.store_failure(session, [_key_of_asking(person_id)], now=now)
    for earlier in _open_changes(session, person_id, now):
        _end(session, earlier, now)
    change = ContactChange(
        person=person, field=field, value=value, asked_at=now, expires_at=now + CODE_LASTS
    )
    session.add(change)
    session.flush()
    _send(session, change, now)
    values = {"field": field.value}
    transitions.record(session, person, "ask_contact_change", actor=actor, now=now, values=values)
    return change


def next_request_at(session: Session, *, person_id: int, now: datetime) -> datetime | None:
    """Return when the person may request codes again; None if now.

    The limit exists because a code is sent to any address that is typed.
    """
    return throttling.next_attempt_at(session, [_key_of_asking(person_id)], now=now)


def _key_of_asking(person_id: int) -> str:
    return throttling.key_of_identifier(f"ask contact {person_id}")


def _open_changes(session: Session, person_id: int, now: datetime) -> list[ContactChange]:
    query = select(ContactChange).where(
        ContactChange.person_id == person_id,
        ContactChange.in_force_at.is_(None),
        ContactChange.ended_at.is_(None),
        ContactChange.expires_at > now,
    )
    return list(session.scalars(query.order_by(ContactChange.id)))


def _end(session: Session, change: ContactChange, now: datetime) -> None:
    change.ended_at = now
    table, purpose = ContactChange.__tablename__, LinkPurpose.CONTACT
    one_time_links.end_links(session, subject=table, subject_id=change.id, purpose=purpose, now=now)


def _send(session: Session, change: ContactChange, now: datetime) -> None:
    table = ContactChange.__tablename__
    link_subject = LinkSubject(LinkPurpose.CONTACT, table, change.id, change.person)
    code = one_time_links.make_code(
        session, link_subject, to=change.value, now=now, lasts=CODE_LASTS
    )
    compose.queue(
        session,
        kind=NoticeKind.CONTACT_CODE,
        person=change.person,
        values={"secret": code, "expires_at": change.expires_at},
        now=now,
        path=CONTACT_CODE,
        to=change.value,
    )


def waiting_change(session: Session, *, person_id: int, now: datetime) -> ContactChange | None:
    """Return the change whose code was not entered yet; None if there is none."""
    changes = _open_changes(session, person_id, now)
    return changes[-1] if changes else None


def confirm(
    session: Session, *, actor: Actor, person_id: int, code: str, now: datetime
) -> ContactCodeProblem | None:
    """Accept the new address or number if this is its code; return None, or the refusal.

    A refusal is returned and not raised, as the failed attempt has to be committed.
    """
    change = waiting_change(session, person_id=person_id, now=now)
    if change is None:
        return ContactCodeProblem.NOTHING_ASKED
    tries = throttling.key_of_identifier(f"contact {person_id}")
    if throttling.next_attempt_at(session, [tries], now=now) is not None:
        return ContactCodeProblem.THROTTLED
    link = one_time_links.find_code(
        session, code=code, purpose=LinkPurpose.CONTACT, person_id=person_id, now=now
    )
    if link is None or link.subject_id != change.id:
        throttling.store_failure(session, [tries], now=now)
        return ContactCodeProblem.WRONG
    one_time_links.use(session, link=link, now=now)
    _end(session, change, now)
    contacts = {change.field: change.value}
    try:
        channels.store(session, change.person, contacts, actor=actor, now=now, is_proven=True)
    except BadPerson:
        return ContactCodeProblem.TAKEN
    return None
