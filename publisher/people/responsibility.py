"""The people responsible for a department: its first officer, then the second, then the head."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.database.session import UtcDateTime
from publisher.models.people import Appointment, Person


def holders(
    session: Session, role: Role, *, now: datetime, department_id: int | None = None
) -> list[Appointment]:
    """Return the appointments to this role in force at `now`, of people who are not disabled."""
    query = _holders() if department_id is None else _holders_in_department()
    values = {"roles": [role], "now": now, "department_id": department_id}
    return list(session.scalars(query, values))


@cache
def _holders() -> Select[Appointment]:
    return (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.role.in_(bindparam("roles")),
            Appointment.in_force_at(bindparam("now", type_=UtcDateTime())),
            Person.disabled_at.is_(None),
        )
        .options(
            joinedload(Appointment.person),
            joinedload(Appointment.department),
            joinedload(Appointment.confirmed_under),
        )
        .order_by(Appointment.rank.nulls_last(), Appointment.id)
    )


@cache
def _holders_in_department() -> Select[Appointment]:
    return _holders().where(Appointment.department_id == bindparam("department_id"))


@cache
def _holders_in_departments() -> Select[Appointment]:
    return _holders().where(Appointment.department_id.in_(bindparam("department_ids")))


def people_of(appointments: Iterable[Appointment]) -> list[Person]:
    """Return the people of these appointments in their order, without repetition."""
    return list(dict.fromkeys(appointment.person for appointment in appointments))


def officers(session: Session, department_id: int, *, now: datetime) -> list[Appointment]:
    """Return the department's officers, by rank."""
    return holders(session, Role.OFFICER, now=now, department_id=department_id)


def head(session: Session, department_id: int, *, now: datetime) -> Appointment | None:
    """Return the department's head; None if there is none."""
    heads = holders(session, Role.HEAD, now=now, department_id=department_id)
    return heads[0] if heads else None


def responsible_chain(session: Session, department_id: int, *, now: datetime) -> list[Appointment]:
    """Return the department's responsible people in order: first officer, second officer, head."""
    return responsible_chains(session, [department_id], now=now)[department_id]


def responsible_chains(
    session: Session, department_ids: Collection[int], *, now: datetime
) -> dict[int, list[Appointment]]:
    """Return what `responsible_chain` does for each of these departments, in one statement."""
    roles = [Role.OFFICER, Role.HEAD]
    values = {"roles": roles, "now": now, "department_ids": list(department_ids)}
    chains: dict[int, list[Appointment]] = {number: [] for number in department_ids}
    heads: dict[int, Appointment] = {}
    for appointment in session.scalars(_holders_in_departments(), values):
        if appointment.role is Role.HEAD:
            heads.setdefault(appointment.department_id, appointment)
        else:
            chains[appointment.department_id].append(appointment)
    for department_id, first_head in heads.items():
        chains[department_id].append(first_head)
    return chains


def list_informed(session: Session, department_id: int, *, now: datetime) -> list[Appointment]:
    """Return the officers, by rank, and the head, who are notified of changes to their department.

    People who are confirmed and have not taken up the office yet are notified too. They get no
    work: see `responsible_chain` for that.
    """
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.department_id == department_id,
            Appointment.role.in_((Role.OFFICER, Role.HEAD)),
            Appointment.informed_at(now),
            Person.disabled_at.is_(None),
        )
        .options(joinedload(Appointment.person))
        .order_by(Appointment.rank.nulls_last(), Appointment.id)
    )
    return list(session.scalars(query))


def cell(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the Social Media Cell: its lead, then its staff."""
    return holders(session, Role.CELL_LEAD, now=now) + holders(session, Role.CELL, now=now)


def lead_and_admins(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the appointments of the cell's leads and of the admins, who look after accounts."""
    return holders(session, Role.CELL_LEAD, now=now) + holders(session, Role.ADMIN, now=now)
