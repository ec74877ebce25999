"""All people with their appointments, and when each last signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from publisher.models.people import Appointment, Department, Person, SignIn
from publisher.people.permissions import not_ended


@dataclass(frozen=True)
class PersonOverview:
    """A person under an appointment; None for somebody who no longer has one."""

    person: Person
    appointment: Appointment | None
    department: Department | None
    signed_in_at: datetime | None


def all_people(session: Session, *, now: datetime) -> list[PersonOverview]:
    """Return every person, once for each appointment that has not ended, in order of recording."""
    last = (
        select(SignIn.person_id, func.max(SignIn.signed_in_at).label("at"))
        .group_by(SignIn.person_id)
        .subquery()
    )
    query = (
        select(Person, Appointment, Department, last.c.at)
        .outerjoin(Appointment, and_(Appointment.person_id == Person.id, not_ended(now)))
        .outerjoin(Department, Department.id == Appointment.department_id)
        .outerjoin(last, last.c.person_id == Person.id)
        .order_by(Person.id, Appointment.id)
    )
    return [PersonOverview(*row) for row in session.execute(query)]
