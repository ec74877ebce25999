"""Invite a person by a one-time link that sets the first password and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK, Actor
from publisher import transitions
from publisher.auth import one_time_links
from publisher.auth.contact_details import BadPerson
from publisher.auth.one_time_links import LinkPurpose, LinkSpent, LinkSubject
from publisher.auth.passwords import NewPassword
from publisher.auth.sign_in import set_password
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Link, Person
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.links import invitation
from publisher.people.permissions import require_whole_person, standing

INVITATION_LASTS: Final = timedelta(days=14)


def invite(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    now: datetime,
    origin: Mapping[str, str] | None = None,
) -> Notice:
    """Send the person a link that sets a password, and end an earlier link.

    It goes by mail, or by SMS to a person without a mail address. The token is only in that
    message, and never visible to the inviting person. `origin` is a command's name and user, for
    the history. Raises `WrongRole`, or `BadPerson` if the person has neither, no appointment or a
    password already, or is disabled.
    """
    require_whole_person(session, actor, person, now=now)
    appointment = _invited_appointment(session, person, now)
    one_time_links.end_of_person(session, person=person, purpose=LinkPurpose.INVITATION, now=now)
    by = {"by": session.get(Person, actor.person_id) if actor.person_id else None}
    notice = _send(session, appointment, person.mail or person.mobile or "", by, now=now)
    if notice is None:
        raise BadPerson("mail", "missing")
    transitions.record(session, person, "invite", actor=actor, now=now, values=origin)
    return notice


def was_invited(session: Session, person: Person) -> bool:
    """Return True if an invitation was ever sent to the person."""
    purpose = LinkPurpose.INVITATION
    query = select(Link.id).where(Link.person_id == person.id, Link.purpose == purpose)
    return session.scalars(query.limit(1)).first() is not None


def invite_by_both(
    session: Session, appointment: Appointment, *, now: datetime, again: bool = False
) -> None:
    """Invite the person to this appointment by mail and by SMS; earlier links end."""
    person = appointment.person
    one_time_links.end_of_person(session, person=person, purpose=LinkPurpose.INVITATION, now=now)
    for to in filter(None, (person.mail, person.mobile)):
        _send(session, appointment, to, {"again": again}, now=now)
    transitions.record(session, person, "invite", actor=CLOCK, now=now)


def _send(
    session: Session,
    appointment: Appointment,
    to: str,
    more_values: Mapping[str, object],
    *,
    now: datetime,
) -> Notice | None:
    person = appointment.person
    link_subject = LinkSubject.of(person, LinkPurpose.INVITATION)
    token = one_time_links.make(session, link_subject, to=to, now=now, lasts=INVITATION_LASTS)
    return compose.queue(
        session,
        kind=NoticeKind.INVITATION,
        person=person,
        values={
            "role": appointment.role,
            "department": appointment.department,
            "expires_at": now + INVITATION_LASTS,
            **more_values,
        },
        now=now,
        path=invitation(token),
        to=to,
    )


def _invited_appointment(session: Session, person: Person, now: datetime) -> Appointment:
    if person.disabled_at is not None:
        raise BadPerson("mail", "disabled")
    if person.password_hash is not None:
        raise BadPerson("mail", "has_password")
    appointments = standing(session, person_id=person.id, now=now)
    if not appointments:
        raise BadPerson("role", "no_appointment")
    return appointments[0]


def find_invited_person(session: Session, *, token: str, now: datetime) -> Person | None:
    """Return the person of a valid invitation, without using it; None if it is not valid."""
    link = one_time_links.find(session, token=token, purpose=LinkPurpose.INVITATION, now=now)
    return link.person if link is not None and _is_welcome(session, link, now) else None


def is_done(session: Session, *, token: str) -> bool:
    """Return True if the token is of an invitation, and its person has set a password since."""
    link = one_time_links.find_any(session, token=token, purpose=LinkPurpose.INVITATION)
    return link is not None and link.person.password_hash is not None


def _is_welcome(session: Session, link: Link, now: datetime) -> bool:
    if link.person.disabled_at is not None or link.person.password_hash is not None:
        return False
    return bool(standing(session, person_id=link.person_id, now=now))


def accept_invitation(
    session: Session, *, token: str, password: NewPassword, now: datetime
) -> Person:
    """Set the password of the invited person and use up the link; nobody is signed in.

    Raises `LinkSpent`, or `BadPassword`, after which the link is still valid.
    """
    link = one_time_links.find(session, token=token, purpose=LinkPurpose.INVITATION, now=now)
    if link is None or not _is_welcome(session, link, now):
        raise LinkSpent
    set_password(session, person=link.person, password=password, now=now)
    one_time_links.use(session, link=link, now=now)
    one_time_links.end_for_password(session, person=link.person, now=now)
    return link.person
