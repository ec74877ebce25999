"""End a lost second factor: two of the staff do it, or one of them and the person's head."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from approvals.appointments import STAFF
from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role, require
from publisher import transitions
from publisher.auth import one_time_links, second_factors, sessions
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.models.people import Appointment, Link, Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import recorders, responsibility
from publisher.people.permissions import is_command, require_not_own, standing
from publisher.validation import NotFound

REQUEST_LASTS: Final = timedelta(hours=72)


class SecondPersonRequired(NotAllowed):
    """The second one to ask has to be another person who is independent of the first."""

    code = "second_person_required"


def require_part(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """Raise `NotFound` unless the actor is of the staff or the person's head; see `end_factor`."""
    departments = {row.department_id for row in standing(session, person_id=person.id, now=now)}
    if actor.role not in STAFF and actor.department_id not in departments:
        raise NotFound(person.id)


def find_request(session: Session, *, person: Person, now: datetime) -> Link | None:
    """Return the open request to end the person's factor; None if nobody has asked lately."""
    query = _open_requests(now).where(Link.person_id == person.id)
    return session.scalars(query.order_by(Link.id.desc())).first()


def _open_requests(now: datetime) -> Select[Link]:
    is_open = one_time_links.is_open_link(now)
    return select(Link).where(Link.purpose == LinkPurpose.LOST_FACTOR, is_open)


def list_waiting_people(session: Session, *, actor: Actor, now: datetime) -> list[Person]:
    """Return the people whose factor the actor may end, as the second one to ask."""
    query = _open_requests(now).options(joinedload(Link.person)).order_by(Link.id)
    requests = session.scalars(query).all()
    if not requests:
        return []
    own = session.get_one(Appointment, actor.appointment_id)
    return [
        request.person
        for request in requests
        if _are_pair(session, first_requester(session, request), own, request.person, now)
    ]


def first_requester(session: Session, request: Link) -> Appointment:
    """Return the appointment of the one who asked first."""
    return session.get_one(Appointment, request.subject_id)


def end_factor(session: Session, *, actor: Actor, person: Person, now: datetime) -> bool:
    """Ask to end the person's second factor, or end it if another has asked within 72 hours.

    Those who may be the second one are notified of the first. Returns True if it has ended, with
    the person's recovery codes, devices and sessions; the person is notified. A command ends it at
    once. Raises `OwnAppointment`, `NotFound`, `WrongRole`, `FreshSignInRequired`, or
    `SecondPersonRequired`.
    """
    if not is_command(actor):
        require_not_own(actor, person)
        require_part(session, actor=actor, person=person, now=now)
        require(actor, Action.CONFIRM_APPOINTMENT, actor.department_id, now=now)
        session.get_one(Person, person.id, with_for_update={"key_share": True})
        request = find_request(session, person=person, now=now)
        if request is None:
            _ask(session, actor, person, now)
            return False
        own = session.get_one(Appointment, actor.appointment_id)
        if not _are_pair(session, first_requester(session, request), own, person, now):
            raise SecondPersonRequired
        one_time_links.use(session, link=request, now=now)
    second_factors.end(session, actor=actor, person=person, now=now)
    sessions.end_all(session, person_id=person.id, now=now)
    return True


def _ask(session: Session, actor: Actor, person: Person, now: datetime) -> None:
    table, appointment_id = Appointment.__tablename__, actor.appointment_id or 0
    link_subject = LinkSubject(LinkPurpose.LOST_FACTOR, table, appointment_id, person)
    one_time_links.make(session, link_subject, to="", now=now, lasts=REQUEST_LASTS)
    transitions.record(session, person, "ask_factor_end", actor=actor, now=now)
    first = session.get_one(Appointment, appointment_id)
    offices = responsibility.lead_and_admins(session, now=now)
    for appointment in standing(session, person_id=person.id, now=now):
        head = responsibility.head(session, appointment.department_id, now=now)
        offices += [head] if head is not None else []
    seconds = [row for row in offices if _are_pair(session, first, row, person, now)]
    for reader in responsibility.people_of(seconds):
        compose.queue(
            session,
            kind=NoticeKind.FACTOR_END_WAITS,
            person=reader,
            values={"name": person, "by": first.person, "expires_at": now + REQUEST_LASTS},
            now=now,
            path=links.factor_loss(person.id),
        )


def _are_pair(
    session: Session, first: Appointment, second: Appointment, person: Person, now: datetime
) -> bool:
    """Return True if the second one may end the person's factor after the first has asked."""
    roles = {first.role, second.role}
    # Otherwise two mailboxes of one person would be enough.
    is_independent = second.person_id != person.id and recorders.are_independent(
        session, first, second
    )
    offices = standing(session, person_id=person.id, now=now)
    has_part = second.role in STAFF or second.department_id in {
        row.department_id for row in offices
    }
    needed_roles = {Role.ADMIN} if any(row.role in STAFF for row in offices) else STAFF
    is_enough = bool(roles & needed_roles)
    return is_independent and has_part and first.in_force(now) and is_enough
