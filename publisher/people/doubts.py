"""Report an appointment as wrong, with the link in the notice of its confirmation."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Actor, Role
from publisher import transitions
from publisher.auth import one_time_links
from publisher.models.emergency import Duty
from publisher.models.history import Wrote
from publisher.models.people import Appointment, Link, Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import recorders, responsibility
from publisher.people.appointment_notices import people_to_notify
from publisher.people.appointment_return import lock_approvals, put_back
from publisher.people.permissions import require_another_admin
from publisher.people.personal_links import get_appointment
from publisher.people.stops import DOUBTED
from publisher.states import AppointmentState

PUTS_BACK_WITHIN: Final = timedelta(hours=72)


class DoubtOutlook(StrEnum):
    """What the link does now."""

    PUTS_BACK = "puts_back"
    ASKS = "asks"  #: The admins are asked to look.
    DONE = "done"  #: It has been put back, ended or confirmed again.
    SAID = "said"  #: This link has been used.


class NotToldAnyMore(NotAllowed):
    """The person of the link is no longer one of those notified of such a confirmation."""

    code = "not_told_any_more"


def outlook(session: Session, *, link: Link, now: datetime) -> DoubtOutlook:
    """Return what the link does now. Raises `NotToldAnyMore`."""
    appointment = get_appointment(session, link)
    if link.person not in people_to_notify(session, appointment, now):
        raise NotToldAnyMore
    if link.used_at is not None:
        return DoubtOutlook.SAID
    confirmed_at = appointment.confirmed_at
    is_over = appointment.state not in (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)
    if confirmed_at is None or is_over or confirmed_at > link.made_at:
        return DoubtOutlook.DONE
    is_in_time = now < confirmed_at + PUTS_BACK_WITHIN
    return DoubtOutlook.PUTS_BACK if is_in_time else DoubtOutlook.ASKS


def doubt(session: Session, *, link: Link, actor: Actor, now: datetime) -> DoubtOutlook:
    """Put the appointment back to *recorded*, or ask the admins to look; return what was done.

    Its confirmer counts as a recorder from then on, and the duties of its person end.
    The caller has checked that the person of the link acts. Returns `DONE` or `SAID` if there is
    nothing left to do. Raises `NotToldAnyMore`, `LastAdmin`, or `Overtaken` if somebody else did it
    at this moment.
    """
    what = outlook(session, link=link, now=now)
    appointment = get_appointment(session, link)
    if what is DoubtOutlook.PUTS_BACK:
        confirmer = appointment.confirmed_by
        if appointment.role is Role.ADMIN:
            require_another_admin(session, person_id=appointment.person_id, now=now)
        approvals = lock_approvals(session, [appointment])
        put_back(session, [appointment], approvals=approvals, actor=actor, now=now, verb=DOUBTED)
        if confirmer is not None:
            recorders.add(appointment, confirmer.id, Wrote.CONFIRMED, at=now)
        _end_duties(session, appointment, actor=actor, now=now)
        readers = people_to_notify(session, appointment, now)
        readers += responsibility.people_of(responsibility.lead_and_admins(session, now=now))
        _notify(session, link, appointment, [*readers, *filter(None, [confirmer])], what, now)
    elif what is DoubtOutlook.ASKS:
        transitions.record(session, appointment, DOUBTED, actor=actor, now=now)
        admins = responsibility.holders(session, Role.ADMIN, now=now)
        _notify(session, link, appointment, responsibility.people_of(admins), what, now)
    else:
        return what
    one_time_links.use(session, link=link, now=now)
    return what


def _end_duties(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """End the person's duties: after a new confirmation they have to be put on duty again."""
    query = select(Duty).where(
        Duty.person_id == appointment.person_id, Duty.ended_at.is_(None), Duty.until_at > now
    )
    for duty in session.scalars(query.order_by(Duty.id).with_for_update()):
        duty.ended_at, duty.ended_by_id = now, actor.person_id
        transitions.record(session, duty, "take_off_duty", actor=actor, now=now)


def _notify(
    session: Session,
    link: Link,
    appointment: Appointment,
    readers: list[Person],
    what: DoubtOutlook,
    now: datetime,
) -> None:
    values = {
        "doubter": link.person,
        "person": appointment.person,
        "role": appointment.role,
        "department": appointment.department,
        "put_back": what is DoubtOutlook.PUTS_BACK,
    }
    kind, apart_from = NoticeKind.APPOINTMENT_DOUBTED, {link.person, appointment.person}
    people = [person for person in dict.fromkeys(readers) if person not in apart_from]
    compose.queue_for_each(session, people, kind=kind, values=values, now=now, path=links.TODAY)
