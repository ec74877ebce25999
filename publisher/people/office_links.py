"""A confirmed head without an account takes up the office with a code to the confirmed mobile."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.auth import offices, one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSpent
from publisher.models.people import Appointment, Link
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import personal_links, responsibility
from publisher.states import AppointmentState


def can_take_up(session: Session, appointment: Appointment, *, now: datetime) -> bool:
    """Return True if a code can activate it: a confirmed head with a mobile but no password."""
    person = appointment.person
    is_waiting = appointment.state is AppointmentState.CONFIRMED and appointment.role is Role.HEAD
    if not is_waiting or person.password_hash is not None:
        return False
    return personal_links.usable_mobile(session, person, now=now) is not None


def head_to_ask(session: Session, department_id: int, *, now: datetime) -> Appointment | None:
    """Return the department's head, or the confirmed one whom a code can activate, or None."""
    head = responsibility.head(session, department_id, now=now)
    if head is not None:
        return head
    confirmed = select(Appointment).where(
        Appointment.department_id == department_id,
        Appointment.role == Role.HEAD,
        Appointment.state == AppointmentState.CONFIRMED,
    )
    heads = session.scalars(confirmed.order_by(Appointment.id)).all()
    return next((row for row in heads if can_take_up(session, row, now=now)), None)


def offer(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Send the head the link, and end an earlier one; do nothing if a code cannot activate it."""
    if not can_take_up(session, appointment, now=now):
        return
    subject, purpose = Appointment.__tablename__, LinkPurpose.TAKE_UP
    one_time_links.end_links(
        session, subject=subject, subject_id=appointment.id, purpose=purpose, now=now
    )
    token = personal_links.make(session, purpose, appointment, appointment.person, now=now)
    compose.queue(
        session,
        kind=NoticeKind.OFFICE_WAITS,
        person=appointment.person,
        values={"role": appointment.role, "department": appointment.department},
        now=now,
        path=links.office(token),
    )


def is_open(session: Session, link: Link, *, now: datetime) -> bool:
    """Return True if a code can still be used for this link."""
    appointment = personal_links.get_appointment(session, link)
    confirmed_at = appointment.confirmed_at
    # A link from before a new confirmation may have gone to an address that was not confirmed.
    is_of_this = confirmed_at is not None and confirmed_at <= link.made_at
    return link.used_at is None and is_of_this and can_take_up(session, appointment, now=now)


def take_up(session: Session, *, link: Link, now: datetime) -> None:
    """Let the head take up the office; the caller has used up the code. Raises `LinkSpent`."""
    if not is_open(session, link, now=now):
        raise LinkSpent
    one_time_links.use(session, link=link, now=now)
    offices.take_up(session, link.person, now=now)
