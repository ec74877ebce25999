"""Appointments of a department that ends: carried over to another one, or ended with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Actor, Role
from publisher import transitions
from publisher.models.people import Appointment, Department
from publisher.people.appointments import RANKS, close_up
from publisher.people.permissions import action_to_record, not_ended

ORDINARY: Final = frozenset({Role.OFFICER, Role.HEAD, Role.MEMBER})
"""What ends or moves with a department; whoever runs the house is moved by hand."""


def standing_in(session: Session, *, department_id: int, now: datetime) -> list[Appointment]:
    """The department's appointments that have not ended, those yet to begin among them."""
    query = (
        select(Appointment)
        .where(Appointment.department_id == department_id, not_ended(now))
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.rank.nulls_last(), Appointment.id)
    )
    return list(session.scalars(query))


def without_place(
    leaving: Sequence[Appointment], there: Sequence[Appointment]
) -> list[Appointment]:
    """Those for whom the other department has no place: a second head, a third officer."""
    held = {(one.person_id, one.role) for one in there}
    coming = [one for one in leaving if (one.person_id, one.role) not in held]
    officers = [one for one in coming if one.role is Role.OFFICER]
    heads = [one for one in coming if one.role is Role.HEAD]
    free = len(RANKS) - sum(one.role is Role.OFFICER for one in there)
    has_head = any(one.role is Role.HEAD for one in there)
    return [*officers[max(free, 0) :], *(heads if has_head else heads[1:])]


def end_with(
    session: Session, leaving: Iterable[Appointment], *, actor: Actor, now: datetime
) -> None:
    """End these appointments, as their department ends; who holds no other is signed out."""
    for one in leaving:
        one.until_at = max(now, one.from_at)
        values = {"role": one.role, "department": one.department_id}
        transitions.record(session, one, "end_appointment", actor=actor, now=now, values=values)
        close_up(session, one.person, now)


def carry_over(
    session: Session,
    leaving: Sequence[Appointment],
    to: Department,
    *,
    order_number: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Appoint these people to the other department as what they are, and end what they hold.

    Whether there is a place for each is asked before, by `without_place`.
    """
    there = standing_in(session, department_id=to.id, now=now)
    held = {(one.person_id, one.role) for one in there}
    ranks = [one for one in RANKS if one not in {held.rank for held in there}]
    for one in leaving:
        if (one.person_id, one.role) not in held:
            rank = ranks.pop(0) if one.role is Role.OFFICER else None
            _appoint(session, one, to, rank, order_number, actor=actor, now=now)
    end_with(session, leaving, actor=actor, now=now)


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
        recorded_by_id=actor.person_id,
    )
    session.add(appointment)
    values = {"role": before.role, "department": to.id, "rank": rank, "before": before.id}
    verb = action_to_record(before.role)
    transitions.record(session, appointment, verb, actor=actor, now=now, values=values)
