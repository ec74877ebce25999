"""A head without a password confirms an officer by a personal link and a code."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher.auth import offices, one_time_links
from publisher.models.people import Appointment, Link
from publisher.people import confirmation, office_links
from publisher.people.confirmation import MayNotConfirm
from publisher.people.personal_links import appointment_of
from publisher.states import AppointmentState


def is_open(session: Session, link: Link, *, now: datetime) -> bool:
    """Return True if the officer still waits, and the person of the link is still the head."""
    waits = appointment_of(session, link).state is AppointmentState.RECORDED
    return link.used_at is None and waits and _office(session, link, now) is not None


def _office(session: Session, link: Link, now: datetime) -> Appointment | None:
    department_id = appointment_of(session, link).department_id
    head = office_links.head_to_ask(session, department_id, now=now)
    return head if head is not None and head.person_id == link.person_id else None


def confirm(
    session: Session, *, link: Link, digest: str, now: datetime, by: Actor | None = None
) -> None:
    """Confirm the officer as the page showed, by `digest`; a confirmed head is then in office.

    The caller has proven the person of the link: by a code, or by the session of `by`. Raises as
    `confirmation.confirm` does, and `LinkSpent`.
    """
    officer, office = appointment_of(session, link), _office(session, link, now)
    if office is None:
        raise MayNotConfirm(name=officer.person.name_mr)
    if office.state is AppointmentState.CONFIRMED:
        offices.take_up(session, link.person, now=now)
    actor = Actor(
        ActorKind.PERSON,
        person_id=office.person_id,
        appointment_id=office.id,
        role=office.role,
        department_id=office.department_id,
        # The code proves as much as a fresh sign-in; a session does not.
        signed_in_at=by.signed_in_at if by is not None else now,
        factor_at=by.factor_at if by is not None else None,
        has_factor=by is not None and by.has_factor,
    )
    confirmation.confirm(session, actor=actor, now=now, digests={officer.id: digest})
    one_time_links.use(session, link=link, now=now)
