"""A head without a password confirms the waiting officers with one personal link and a code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.auth import offices, one_time_links
from publisher.models.people import Appointment, Link, Person
from publisher.people import confirmation, office_links
from publisher.people.confirmation import MayNotConfirm
from publisher.people.personal_links import get_appointment
from publisher.states import AppointmentState


def waiting(session: Session, link: Link) -> list[Appointment]:
    """Return the officers of the link's department who wait for confirmation, by rank."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.department_id == get_appointment(session, link).department_id,
            Appointment.role == Role.OFFICER,
            Appointment.state == AppointmentState.RECORDED,
            Person.disabled_at.is_(None),
        )
        .order_by(Appointment.rank, Appointment.id)
    )
    return [row for row in session.scalars(query) if link.person_id not in row.recorder_ids]


def is_open(session: Session, link: Link, *, now: datetime) -> bool:
    """Return True if an officer still waits and the person of the link is still the head."""
    is_left = link.used_at is None and bool(waiting(session, link))
    return is_left and _office(session, link, now) is not None


def _office(session: Session, link: Link, now: datetime) -> Appointment | None:
    department_id = get_appointment(session, link).department_id
    head = office_links.head_to_ask(session, department_id, now=now)
    return head if head is not None and head.person_id == link.person_id else None


def confirm(
    session: Session,
    *,
    link: Link,
    digests: Mapping[int, str],
    now: datetime,
    by: Actor | None = None,
) -> None:
    """Confirm officers as the page showed them, by `digests`; a confirmed head is then in office.

    The link is used up once nobody waits any more. The caller has verified the person of the link:
    by a code, or by the session of `by`. Raises as `confirmation.confirm` does, and `LinkSpent`.
    """
    officer, office = get_appointment(session, link), _office(session, link, now)
    # The link is only for what waits in its department, not for anything else that the head may do.
    is_theirs = digests.keys() <= {row.id for row in waiting(session, link)}
    if office is None or not is_theirs:
        raise MayNotConfirm(name=officer.person.name_mr)
    if office.state is AppointmentState.CONFIRMED:
        offices.take_up(session, link.person, now=now)
    actor = Actor(
        ActorKind.PERSON,
        person_id=office.person_id,
        appointment_id=office.id,
        role=office.role,
        department_id=office.department_id,
        # The code counts as a fresh sign-in; a session does not.
        signed_in_at=by.signed_in_at if by is not None else now,
        factor_at=by.factor_at if by is not None else None,
        has_factor=by is not None and by.has_factor,
    )
    confirmation.confirm(session, actor=actor, now=now, digests=digests)
    if not waiting(session, link):
        one_time_links.use(session, link=link, now=now)
