"""Sessions: the acting person and appointment, and their expiry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Actor, ActorKind, Role
from publisher import transitions
from publisher.auth.one_time_links import hash_token
from publisher.database.session import AnyRow, UtcDateTime
from publisher.models.people import Appointment, Department, Person, SignIn
from publisher.models.second_factors import Passkey, SecondFactor

IDLE_LIMIT: Final = timedelta(hours=8)
IDLE_LIMIT_IF_SHARED: Final = timedelta(minutes=30)
ABSOLUTE_LIMIT: Final = timedelta(days=7)
SEEN_EVERY: Final = timedelta(minutes=1)
NEW_FOR: Final = timedelta(days=7)


class NotYours(NotAllowed):
    """The appointment or session is not the person's own, or is not in force."""

    code = "not_yours"


@dataclass(frozen=True)
class Present:
    """The person present in a session, under an appointment in force.

    `is_stale`: the session's row has to be updated. `is_newcomer`: the person's first session began
    less than seven days ago. `has_factor`: the person has an authenticator app or a passkey.
    """

    actor: Actor
    sign_in: SignIn
    appointment: Appointment
    is_stale: bool
    is_newcomer: bool
    has_factor: bool


def find_session(session: Session, *, token: str, now: datetime) -> Present | None:
    """Return the person present in the session of this token; None if it is not valid.

    Records the time it was seen (at most once a minute), so it needs a session that commits. If its
    appointment has ended, it continues under another one in force.
    """
    present = peek(session, token=token, now=now)
    if present is not None and present.is_stale:
        present.sign_in.seen_at = now
        present.sign_in.appointment = present.appointment
    return present


def peek(session: Session, *, token: str, now: datetime) -> Present | None:
    """Return the same as `find_session` without writing; if it `is_stale`, call `find_session`."""
    values = {"token_digest": hash_token(token), "new_since": now - NEW_FOR}
    row = session.execute(_session_query(), values).unique().one_or_none()
    if row is None or not _is_alive(row[0], row[0].person.disabled_at, now):
        return None
    sign_in, is_new, has_factor = row
    appointment: Appointment | None = sign_in.appointment
    if not sign_in.appointment.in_force(now):
        appointment = choose_appointment(session, sign_in.person, now=now)
    if appointment is None:
        return None
    is_stale = now - sign_in.seen_at >= SEEN_EVERY or appointment.id != sign_in.appointment_id
    actor = replace(_actor(session, sign_in, appointment), has_factor=has_factor)
    return Present(actor, sign_in, appointment, is_stale, is_new, has_factor)


def onlooker(session: Session, *, token: str, now: datetime) -> Actor | None:
    """Return the actor of this token's session, reading little and writing nothing; else None."""
    values = {"token_digest": hash_token(token), "now": now}
    row = session.execute(_sessions_with_appointment(), values).one_or_none()
    if row is None or not _is_alive(row, row.disabled_at, now):
        return None
    if row.is_in_force:
        return appointment_actor(row, reporting_department_ids(session, row))
    present = peek(session, token=token, now=now)
    return None if present is None else present.actor


@cache
def _sessions_with_appointment() -> Select[*tuple[Any, ...]]:
    appointment = (Appointment.id, Appointment.role, Appointment.department_id)
    is_in_force = Appointment.in_force_at(bindparam("now", type_=UtcDateTime()))
    times = (SignIn.ended_at, SignIn.seen_at, SignIn.signed_in_at, SignIn.is_shared)
    return (
        select(
            SignIn.person_id,
            *appointment,
            *times,
            Person.disabled_at,
            is_in_force.label("is_in_force"),
        )
        .join(SignIn.person)
        .join(SignIn.appointment)
        .where(SignIn.token_digest == bindparam("token_digest"))
    )


@cache
def _session_query() -> Select[SignIn, bool, bool]:
    appointments = joinedload(SignIn.person).joinedload(Person.appointments)
    return (
        select(SignIn, is_newcomer(bindparam("new_since")), _has_factor())
        .where(SignIn.token_digest == bindparam("token_digest"))
        .options(appointments.joinedload(Appointment.department))
    )


def _has_factor() -> ColumnElement[bool]:
    has_factor = exists().where(
        SecondFactor.person_id == SignIn.person_id,
        SecondFactor.confirmed_at.is_not(None),
        SecondFactor.ended_at.is_(None),
    )
    has_passkey = exists().where(Passkey.person_id == SignIn.person_id, Passkey.ended_at.is_(None))
    return or_(has_factor, has_passkey)


def is_newcomer(new_since: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that the `SignIn`'s person began no session at or before this time."""
    earlier = aliased(SignIn)
    return ~exists().where(earlier.person_id == SignIn.person_id, earlier.signed_in_at <= new_since)


def _is_alive(sign_in: SignIn | AnyRow, disabled_at: datetime | None, now: datetime) -> bool:
    idle_limit = IDLE_LIMIT_IF_SHARED if sign_in.is_shared else IDLE_LIMIT
    return (
        sign_in.ended_at is None
        and disabled_at is None
        and now - sign_in.seen_at < idle_limit
        and now - sign_in.signed_in_at < ABSOLUTE_LIMIT
    )


def list_appointments(session: Session, person: Person, *, now: datetime) -> list[Appointment]:
    """Return the person's appointments in force, the oldest first."""
    query = select(Appointment).where(
        Appointment.person_id == person.id, Appointment.in_force_at(now)
    )
    return list(session.scalars(query.order_by(Appointment.id)))


def choose_appointment(session: Session, person: Person, *, now: datetime) -> Appointment | None:
    """Return the appointment last used, or the first in force; None if there is none."""
    appointments = {
        appointment.id: appointment for appointment in list_appointments(session, person, now=now)
    }
    last = (
        select(SignIn.appointment_id)
        .where(SignIn.person_id == person.id, SignIn.appointment_id.in_(appointments))
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
        .limit(1)
    )
    last_id = session.scalar(last) if appointments else None
    return appointments[last_id] if last_id is not None else next(iter(appointments.values()), None)


def session_actor(session: Session, sign_in: SignIn, *, now: datetime) -> Actor:
    """Return the actor of a session. Raises `NotYours` if its appointment has ended."""
    if not sign_in.appointment.in_force(now):
        raise NotYours(appointment=sign_in.appointment_id)
    return _actor(session, sign_in, sign_in.appointment)


def _actor(session: Session, sign_in: SignIn, appointment: Appointment) -> Actor:
    actor = appointment_actor(appointment, reporting_department_ids(session, appointment))
    return replace(
        actor,
        signed_in_at=sign_in.proved_at,
        factor_at=sign_in.factor_at,
        vouched_by_id=sign_in.vouched_by_id,
        name=sign_in.person.name_mr,
    )


def appointment_actor(appointment: Appointment | AnyRow, line: Iterable[int]) -> Actor:
    """Return the actor of an appointment that sees the departments of this line."""
    return Actor(
        kind=ActorKind.PERSON,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        role=appointment.role,
        department_id=appointment.department_id,
        line=frozenset(line),
    )


def reporting_department_ids(session: Session, appointment: Appointment | AnyRow) -> frozenset[int]:
    """Return the departments that report to an oversight office, directly or indirectly."""
    if appointment.role is not Role.OVERSIGHT:
        return frozenset()
    under: defaultdict[int | None, set[int]] = defaultdict(set)
    for department_id, above in session.execute(select(Department.id, Department.reports_to_id)):
        under[above].add(department_id)
    department_ids: set[int] = set()
    new_ids = {appointment.department_id}
    while new_ids:
        new_ids = set().union(*(under[department_id] for department_id in new_ids)) - department_ids
        department_ids |= new_ids
    return frozenset(department_ids)


def switch(session: Session, *, sign_in_id: int, appointment_id: int, now: datetime) -> Actor:
    """Switch to another of the person's own appointments in force. Raises `NotYours`."""
    sign_in = session.get_one(SignIn, sign_in_id)
    for appointment in list_appointments(session, sign_in.person, now=now):
        if appointment.id == appointment_id:
            sign_in.appointment = appointment
            actor = session_actor(session, sign_in, now=now)
            transitions.record(session, sign_in, "switch", actor=actor, now=now)
            return actor
    raise NotYours(appointment=appointment_id)


def end(session: Session, *, sign_in_id: int, now: datetime) -> None:
    """Sign out."""
    sign_in = session.get_one(SignIn, sign_in_id)
    if sign_in.ended_at is None:
        sign_in.ended_at = now
        actor = Actor(ActorKind.PERSON, sign_in.person_id, sign_in.appointment_id)
        transitions.record(session, sign_in, "sign_out", actor=actor, now=now)


def list_sessions(session: Session, *, person_id: int, now: datetime) -> list[SignIn]:
    """Return the person's sessions that are valid, the last seen first."""
    query = select(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    sign_ins = session.scalars(query.order_by(SignIn.seen_at.desc(), SignIn.id.desc()))
    return [sign_in for sign_in in sign_ins if _is_alive(sign_in, sign_in.person.disabled_at, now)]


def end_other(session: Session, *, person_id: int, sign_in_id: int, now: datetime) -> None:
    """End one of the person's own sessions. Raises `NotYours` for any other."""
    other = session.get(SignIn, sign_in_id)
    if other is None or other.person_id != person_id:
        raise NotYours(sign_in=sign_in_id)
    end(session, sign_in_id=sign_in_id, now=now)


def end_others(session: Session, *, sign_in_id: int, now: datetime) -> int:
    """End the person's other sessions; return the number of valid ones."""
    own = session.get_one(SignIn, sign_in_id)
    sign_ins = list_sessions(session, person_id=own.person_id, now=now)
    others = [other_sign_in for other_sign_in in sign_ins if other_sign_in.id != sign_in_id]
    for other_sign_in in others:
        other_sign_in.ended_at = now
    if others:
        actor = Actor(ActorKind.PERSON, own.person_id, own.appointment_id)
        values = {"ended": len(others)}
        transitions.record(session, own, "end_others", actor=actor, now=now, values=values)
    return len(others)


def end_all(session: Session, *, person_id: int, now: datetime) -> None:
    """End every session of a person, at once."""
    session.flush()
    session.execute(
        update(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )
