"""The appointments in force in departments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.database.session import AnyRow
from publisher.models.people import Appointment, Person


def offices_by_department(
    session: Session, department_ids: Collection[int], roles: Collection[Role], *, now: datetime
) -> Mapping[int, Sequence[AnyRow]]:
    """Return `id`, `role` and `person_id` of those who serve in these roles, by department."""
    by_department: defaultdict[int, list[AnyRow]] = defaultdict(list)
    if not department_ids:
        return by_department
    columns = (Appointment.id, Appointment.role, Appointment.person_id, Appointment.department_id)
    query = (
        select(*columns)
        .join(Person, Person.id == Appointment.person_id)
        .where(
            Appointment.department_id.in_(department_ids),
            Appointment.role.in_(roles),
            Appointment.in_force_at(now),
            Person.disabled_at.is_(None),
        )
        .order_by(Appointment.id)
    )
    for office in session.execute(query):
        by_department[office.department_id].append(office)
    return by_department
