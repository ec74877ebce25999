"""End a lost second factor: two of the staff do it, or one of them and the person's head."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.appointments import STAFF
from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role, require
from publisher import transitions
from publisher.auth import one_time_links, second_factors, sessions
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import Appointment, Link, Person
from publisher.people.confirmation import recorders_of
from publisher.people.permissions import is_command, require_not_own, standing
from publisher.validation import NotFound

REQUEST_LASTS: Final = timedelta(hours=72)


class SecondPersonRequired(NotAllowed):
    """The second one to ask has to be another person, and independent of the first."""

    code = "second_person_required"


def require_part(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """Raise `NotFound` unless the actor is of the staff or the person's head; see `end_factor`."""
    departments = {row.department_id for row in standing(session, person_id=person.id, now=now)}
    if actor.role not in STAFF and actor.department_id not in departments:
        raise NotFound(person.id)


def request_of(session: Session, *, person: Person, now: datetime) -> Link | None:
    """Return the open request to end the person's factor; None if nobody has asked lately."""
    query = select(Link).where(
        Link.person_id == person.id,
        Link.purpose == LinkPurpose.LOST_FACTOR,
        Link.used_at.is_(None),
        Link.ended_at.is_(None),
        Link.expires_at > now,
    )
    return session.scalars(query.order_by(Link.id.desc())).first()


def first_of(session: Session, request: Link) -> Appointment:
    """Return the appointment of the one who asked first."""
    return session.get_one(Appointment, request.subject_id)


def end_factor(session: Session, *, actor: Actor, person: Person, now: datetime) -> bool:
    """Ask to end the person's second factor, or end it if another has asked within 72 hours.

    Returns True if it has ended, with the person's recovery codes, devices and sessions; the person
    is told. A command ends it at once. Raises `OwnAppointment`, `NotFound`, `WrongRole`,
    `FreshSignInRequired`, or `SecondPersonRequired`.
    """
    if not is_command(actor):
        require_not_own(actor, person)
        require_part(session, actor=actor, person=person, now=now)
        require(actor, Action.CONFIRM_APPOINTMENT, actor.department_id, now=now)
        session.get_one(Person, person.id, with_for_update=True)
        request = request_of(session, person=person, now=now)
        if request is None:
            _ask(session, actor, person, now)
            return False
        _check_pair(session, first_of(session, request), actor, person, now)
        one_time_links.use(session, link=request, now=now)
    second_factors.end(session, actor=actor, person=person, now=now)
    sessions.end_all(session, person_id=person.id, now=now)
    return True


def _ask(session: Session, actor: Actor, person: Person, now: datetime) -> None:
    table, appointment_id = Appointment.__tablename__, actor.appointment_id or 0
    link_subject = LinkSubject(LinkPurpose.LOST_FACTOR, table, appointment_id, person)
    one_time_links.make(session, link_subject, to="", now=now, lasts=REQUEST_LASTS)
    transitions.record(session, person, "ask_factor_end", actor=actor, now=now)


def _check_pair(
    session: Session, first: Appointment, actor: Actor, person: Person, now: datetime
) -> None:
    second = session.get_one(Appointment, actor.appointment_id)
    roles = {first.role, second.role}
    # Otherwise two mailboxes of one person would be enough.
    is_independent = (
        first.person_id != second.person_id
        and first.person_id not in recorders_of(second)
        and second.person_id not in recorders_of(first)
    )
    is_staff = any(row.role in STAFF for row in standing(session, person_id=person.id, now=now))
    needed_roles = {Role.ADMIN} if is_staff else STAFF
    if not (is_independent and first.in_force(now) and roles & needed_roles):
        raise SecondPersonRequired
