"""Transfer the appointments of a department that ends to another one, or end them with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Actor, Role
from publisher import transitions
from publisher.models.people import Appointment, Department
from publisher.people import recorders
from publisher.people.appointments import RANKS, end_now
from publisher.people.permissions import action_to_record, not_ended

ORDINARY: Final = frozenset({Role.OFFICER, Role.HEAD, Role.MEMBER})
"""The roles that end or move with a department; others are moved by hand."""


def list_standing(session: Session, *, department_id: int, now: datetime) -> list[Appointment]:
    """Return the department's appointments that have not ended, including future ones."""
    query = (
        select(Appointment)
        .where(Appointment.department_id == department_id, not_ended(now))
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.rank.nulls_last(), Appointment.id)
    )
    return list(session.scalars(query))


def appointments_without_place(
    leaving: Sequence[Appointment], existing: Sequence[Appointment]
) -> list[Appointment]:
    """Return those without a free rank in the other department: a second head, a third officer."""
    held_roles = {(appointment.person_id, appointment.role) for appointment in existing}
    newcomers = [
        appointment
        for appointment in leaving
        if (appointment.person_id, appointment.role) not in held_roles
    ]
    officers = [appointment for appointment in newcomers if appointment.role is Role.OFFICER]
    heads = [appointment for appointment in newcomers if appointment.role is Role.HEAD]
    free = len(RANKS) - sum(appointment.role is Role.OFFICER for appointment in existing)
    has_head = any(appointment.role is Role.HEAD for appointment in existing)
    return [*officers[max(free, 0) :], *(heads if has_head else heads[1:])]


def end_appointments(
    session: Session, leaving: Iterable[Appointment], *, actor: Actor, now: datetime
) -> None:
    """End the appointments of a department that ends; people without any other are signed out."""
    for appointment in leaving:
        end_now(session, appointment, actor=actor, now=now)


def carry_over(
    session: Session,
    leaving: Sequence[Appointment],
    to: Department,
    *,
    order_number: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Appoint these people to the other department in the same role, and end their appointments.

    The caller has to check with `appointments_without_place` first.
    """
    existing = list_standing(session, department_id=to.id, now=now)
    held_roles = {(appointment.person_id, appointment.role) for appointment in existing}
    ranks = [rank for rank in RANKS if rank not in {appointment.rank for appointment in existing}]
    for appointment in leaving:
        if (appointment.person_id, appointment.role) not in held_roles:
            rank = ranks.pop(0) if appointment.role is Role.OFFICER else None
            _appoint(session, appointment, to, rank, order_number, actor=actor, now=now)
    end_appointments(session, leaving, actor=actor, now=now)


def _appoint(
    session: Session,
    before: Appointment,
    to: Department,
    rank: int | None,
    order_number: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    appointment = Appointment(
        person=before.person,
        role=before.role,
        department=to,
        rank=rank,
        from_at=max(now, before.from_at),
        until_at=before.until_at,
        order_number=order_number,
        # The order moves the department: people confirmed in it need not be confirmed again.
        state=before.state,
        state_at=now,
        recorded_by_id=before.recorded_by_id,
        printed_by_id=before.printed_by_id,
        confirmed_by_id=before.confirmed_by_id,
        confirmed_under_id=before.confirmed_under_id,
        confirmed_at=before.confirmed_at,
        taken_up_at=before.taken_up_at,
        is_unreviewed=before.is_unreviewed,
    )
    session.add(appointment)
    for recorder in before.recorders:
        recorders.add(appointment, recorder.person_id, recorder.wrote, at=recorder.at)
    values = {"role": before.role, "department": to.id, "rank": rank, "before": before.id}
    verb = action_to_record(before.role)
    transitions.record(session, appointment, verb, actor=actor, now=now, values=values)
