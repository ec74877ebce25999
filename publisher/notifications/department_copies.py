"""Shared addresses of departments, and the copies that go there.

Such an address belongs to no person: no link or code goes there, and a copy has no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.models.departments import DepartmentAddress
from publisher.models.people import Appointment, Department, Person

_SUBJECTS: Final = frozenset({"title", "template", "comment"})


def find_owner(session: Session, mail: str | None) -> Department | None:
    """Return the department whose shared address this is; None if there is none."""
    query = select(Department).join(DepartmentAddress).where(DepartmentAddress.mail == mail)
    return session.scalars(query).one_or_none() if mail else None


def plan_copies(
    session: Session, person: Person, values: Mapping[str, object], *, now: datetime
) -> list[tuple[str, dict[str, object]]]:
    """Return the shared addresses that get a copy of this notice, each with the copy's values.

    Copies are made of notices about a submission, post, template or comment to an officer or head
    without their own mail address. A copy has title, department and deadline, and goes to the
    department of the notice if the person holds an office there, else to every one where they do.
    """
    if _SUBJECTS.isdisjoint(values):
        return []
    if person.mail is not None and find_owner(session, person.mail) is None:
        return []
    addresses = _copy_addresses(session, person, now)
    own = [address for address in addresses if address.department is values.get("department")]
    title = values.get("title") or values.get("template")
    outline = {"person": person, "title": title, "due_at": values.get("due_at")}
    return [(row.mail, {**outline, "department": row.department}) for row in own or addresses]


def _copy_addresses(session: Session, person: Person, now: datetime) -> list[DepartmentAddress]:
    offices = select(Appointment.department_id).where(
        Appointment.person_id == person.id,
        Appointment.role.in_((Role.OFFICER, Role.HEAD)),
        Appointment.informed_at(now),
    )
    query = (
        select(DepartmentAddress)
        .where(
            DepartmentAddress.department_id.in_(offices),
            DepartmentAddress.confirmed_at.is_not(None),
        )
        .options(joinedload(DepartmentAddress.department))
        .order_by(DepartmentAddress.id)
    )
    return list(session.scalars(query))
