"""Who serves in which department, read for many departments at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals import gate
from approvals.policy import Role
from publisher.models.people import Appointment, Person
from publisher.reports import sql_conditions
from publisher.reports.post_bundles import PostBundle
from publisher.reports.types import Who, who_of

_WITHOUT_RANK = 9


@dataclass
class Staff:
    """The officers of a department in their order, and its head."""

    officers: list[Appointment] = field(default_factory=list)
    head: Appointment | None = None

    def approvers(self, authors: Collection[int]) -> gate.Approvers:
        """Who can approve what these people wrote."""
        head = _candidate(self.head) if self.head else None
        return gate.approvers([_candidate(one) for one in self.officers], head, authors)

    def named(self, candidates: Collection[gate.Candidate]) -> tuple[Who, ...]:
        """The candidates with their names."""
        everybody = [*self.officers, *([self.head] if self.head else [])]
        wanted = {one.appointment_id for one in candidates}
        return tuple(who_of(one) for one in everybody if one.id in wanted)


@dataclass(frozen=True)
class Roster:
    """Who serves where at `now`; a department that is not named has nobody."""

    now: datetime
    staff: Mapping[int, Staff]

    def of(self, department_id: int) -> Staff:
        """The staff of a department."""
        return self.staff.get(department_id, Staff())


def _candidate(appointment: Appointment) -> gate.Candidate:
    return gate.Candidate(appointment.person_id, appointment.id)


def asked_by(strands: Iterable[PostBundle]) -> set[int]:
    """The departments whose officers may have something to do with these posts."""
    asked: set[int] = set()
    for one in strands:
        rows = one.revision.departments if one.revision is not None else ()
        asked |= {one.post.department_id, *(row.department_id for row in rows)}
    return asked


def roster_of(session: Session, departments: Collection[int], *, now: datetime) -> Roster:
    """The officers and heads of these departments in office at `now`, in one query."""
    query = (
        select(Appointment)
        .join(Person, sql_conditions.in_office(Appointment, Person, now=now))
        .where(
            Appointment.department_id.in_(departments),
            Appointment.role.in_((Role.OFFICER, Role.HEAD)),
        )
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
    )
    staff: defaultdict[int, Staff] = defaultdict(Staff)
    for one in sorted(session.scalars(query), key=_place):
        here = staff[one.department_id]
        if one.role is Role.OFFICER:
            here.officers.append(one)
        elif here.head is None:
            here.head = one
    return Roster(now, staff)


def _place(appointment: Appointment) -> tuple[int, int]:
    return appointment.rank or _WITHOUT_RANK, appointment.id
