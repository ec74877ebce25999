"""Who can approve a revision for a department now, and from when its head may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals import approvers
from approvals.approvers import Approvers, HeadGround
from approvals.errors import WrongRole
from approvals.policy import Action, Actor, Role, require
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, Person
from publisher.models.posts import Revision
from publisher.people import absences
from publisher.review.gate_adapter import authors_to_exclude
from publisher.scheduling import slots
from publisher.working_time import (
    add_working_days,
    add_working_hours,
    count_working_hours,
    local_day,
)

HEAD_HOURS: Final = 2.0
"""The minimum of working hours that the officers have before their head may decide."""


class HeadNotYet(WrongRole):
    """An officer can still decide, and the head may from `from_at` on.

    The values have the state `never` if the time was not fixed, as in older revisions.
    """

    code = "head_not_yet"


@dataclass(frozen=True)
class DepartmentOffices:
    """The officers and heads in office of a department, and their absences today, by person."""

    officers: list[Appointment]
    heads: list[Appointment]
    absences: dict[int, list[Absence]]

    @property
    def head(self) -> Appointment | None:
        """The head; if two are in office, the one recorded first."""
        return self.heads[0] if self.heads else None


def load_offices(session: Session, department_id: int, *, now: datetime) -> DepartmentOffices:
    """Return who is in office in the department now; it is the same for all of its revisions."""
    return offices_by_department(session, [department_id], now=now)[department_id]


def offices_by_department(
    session: Session, department_ids: Collection[int], *, now: datetime
) -> dict[int, DepartmentOffices]:
    """Return `load_offices` for each of these departments, by one statement.

    It reads again on whom each appointment rests, and so whom its holder may not approve for.
    """
    offices = {number: DepartmentOffices([], [], {}) for number in department_ids}
    if not offices:
        return offices
    for appointment, absence in session.execute(_offices(department_ids, now=now)).unique():
        own = offices[appointment.department_id]
        appointments = own.heads if appointment.role is Role.HEAD else own.officers
        if appointment not in appointments:
            appointments.append(appointment)
        if absence is not None:
            own.absences.setdefault(absence.person_id, []).append(absence)
    return offices


def _offices(
    department_ids: Collection[int], *, now: datetime
) -> Select[Appointment, Absence | None]:
    is_away = absences.is_absence_day(local_day(now)) & (Absence.person_id == Person.id)
    return (
        select(Appointment, Absence)
        .join(Appointment.person)
        .outerjoin(Absence, is_away)
        .where(
            Appointment.department_id.in_(department_ids),
            Appointment.role.in_((Role.OFFICER, Role.HEAD)),
            Appointment.in_force_at(now),
            Person.disabled_at.is_(None),
        )
        .options(
            contains_eager(Appointment.person).joinedload(Person.contact_changes),
            joinedload(Appointment.department),
            joinedload(Appointment.recorders),
            joinedload(Appointment.confirmed_under).joinedload(Appointment.recorders),
        )
        .order_by(Appointment.rank.nulls_last(), Appointment.id)
        .execution_options(populate_existing=True)
    )


def find_approvers(
    session: Session, revision: Revision, department_id: int, *, now: datetime
) -> Approvers:
    """Return who can approve this revision for that department now."""
    return select_approvers(load_offices(session, department_id, now=now), revision, now=now)


def select_approvers(offices: DepartmentOffices, revision: Revision, *, now: datetime) -> Approvers:
    """Return which of these can approve this revision now."""
    overdue = is_overdue(revision, now=now)
    return select_deciders(offices, authors_to_exclude(revision), is_overdue=overdue)


def select_deciders(
    offices: DepartmentOffices, authors: Collection[int], *, is_overdue: bool = False
) -> Approvers:
    """Return which of these can decide about a text by these authors."""
    return approvers.approvers(
        absences.candidates(offices.officers, offices.absences, authors),
        next(iter(absences.candidates(offices.heads, offices.absences, authors)), None),
        authors,
        is_overdue=is_overdue,
    )


def is_overdue(revision: Revision, *, now: datetime) -> bool:
    """Return True if the officers' time is over: their head may decide if nobody has."""
    return revision.head_decides_at is not None and now >= revision.head_decides_at


def head_turn(sent_at: datetime, wished_at: datetime | None, *, least: float) -> datetime:
    """Return when half the working time from sending to the wished time is over; UTC.

    It is one working day after sending without a wished time, and never earlier than `least`
    working hours after it.
    """
    earliest = add_working_hours(sent_at, least)
    if wished_at is None:
        return max(earliest, add_working_days(sent_at, 1))
    half = count_working_hours(sent_at, wished_at) / 2
    return max(earliest, add_working_hours(sent_at, half))


def set_head_time(revision: Revision, *, least: float, now: datetime) -> None:
    """Set the time from which the head may decide, when the revision is sent for review.

    The wished time of an answer is the deadline of its comment.
    """
    reply = revision.post.reply
    wished_at = slots.earliest_wish(revision.post) if reply is None else reply.comment.due_at
    revision.head_decides_at = head_turn(now, wished_at, least=least)


def check(
    session: Session,
    revision: Revision,
    department_id: int,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Raise `WrongRole` unless the actor may decide now; `HeadNotYet` for the department's head."""
    able = find_approvers(session, revision, department_id, now=now)
    check_right(revision, able, action, actor=actor)
    require(actor, action, department_id, now=now, standing_in=able.standing_in)


def check_right(revision: Revision, able: Approvers, action: Action, *, actor: Actor) -> None:
    """Raise `HeadNotYet` if the actor is the head, who may decide later or only in their place."""
    is_able_head = able.head is not None and able.head.appointment_id == actor.appointment_id
    if is_able_head and not able.standing_in:
        from_at = revision.head_decides_at
        state = None if from_at else "never"
        raise HeadNotYet(role=actor.role, action=action, from_at=from_at, state=state)


def head_ground(
    session: Session, revision: Revision, department_id: int, *, actor: Actor, now: datetime
) -> HeadGround | None:
    """Return the ground on which the actor decides as head; None for anybody else."""
    if actor.role is not Role.HEAD:
        return None
    return find_approvers(session, revision, department_id, now=now).head_ground
