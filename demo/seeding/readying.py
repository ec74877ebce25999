"""The demo's emergency lane: templates approved by their departments, and who is on duty."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from demo import cast
from publisher.delivery.emergency import roster, seed_templates, template_approval, templates
from publisher.models.emergency import Duty, EmergencyTemplate
from publisher.models.people import Appointment, Person

DAY: Final = timedelta(days=1)
#: Who is on duty, one after the other, each for so many days; the first begins before the play.
DUTIES: Final = (
    ("vilas-thopate", 7),
    ("swati-ranpise", 30),
    ("medha-satpute", 30),
)
#: Who stands beside them for the time in which somebody looks at the demo.
BESIDE: Final = "kiran-wabale"


def prepare_lane(session: Session, *, began_at: datetime) -> None:
    """Lay the templates, let each department that has somebody approve its own; fill the roster."""
    if seed_templates.lay_templates(session, now=began_at - DAY):
        _approve_all(session, now=began_at - DAY)
    if session.scalars(select(Duty.id).limit(1)).first() is None:
        _fill_roster(session, began_at=began_at)


def _approve_all(session: Session, *, now: datetime) -> None:
    for template in session.scalars(select(EmergencyTemplate).order_by(EmergencyTemplate.id)):
        able = templates.approvers_of(session, templates.newest(template), now=now)
        for one in able.everybody[:1]:
            held = session.get_one(Appointment, one.appointment_id)
            template_approval.approve(
                session,
                actor=_acting(held, now),
                now=now,
                template_id=template.id,
                seen=template.newest,
            )


def _fill_roster(session: Session, *, began_at: datetime) -> None:
    actor = _acting(_lead(session, began_at), began_at)
    begins = began_at - DAY
    for key, days in DUTIES:
        ends = begins + days * DAY
        _put_on(session, actor, key, begins, ends, now=began_at - DAY)
        begins = ends
    _put_on(session, actor, BESIDE, began_at, began_at + 30 * DAY, now=began_at - DAY)


def _put_on(
    session: Session, actor: Actor, key: str, begins: datetime, ends: datetime, *, now: datetime
) -> None:
    mail = cast.by_key()[key].mail
    person = session.scalars(select(Person).where(Person.mail == mail)).one()
    roster.put_on(session, actor=actor, now=now, person_id=person.id, from_at=begins, until_at=ends)


def _lead(session: Session, now: datetime) -> Appointment:
    query = select(Appointment).where(Appointment.role == Role.CELL_LEAD).order_by(Appointment.id)
    return next(one for one in session.scalars(query) if one.in_force(now))


def _acting(held: Appointment, now: datetime) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        person_id=held.person_id,
        appointment_id=held.id,
        role=held.role,
        department_id=held.department_id,
        signed_in_at=now,
        name=held.person.name_mr,
    )
