"""Sessions: who acts in one, under which appointment, until when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Actor, ActorKind, Role
from publisher import transitions
from publisher.auth.one_time_links import digest_of
from publisher.models.people import Appointment, Department, Person, SignIn

IDLE_LIMIT: Final = timedelta(hours=8)
ABSOLUTE_LIMIT: Final = timedelta(days=7)
SEEN_EVERY: Final = timedelta(minutes=1)
NEW_FOR: Final = timedelta(days=7)


class NotYours(NotAllowed):
    """The appointment, or the session, is not one of the person's own that are in force."""

    code = "not_yours"


@dataclass(frozen=True)
class Present:
    """Who is here, in which session, under which of the person's appointments in force.

    `is_stale`: the session's row does not say so yet.
    """

    actor: Actor
    sign_in: SignIn
    appointment: Appointment
    is_stale: bool


def session_of(session: Session, *, token: str, now: datetime) -> Present | None:
    """Who acts in the session of this token; None where it has ended or never was.

    Writes down that it was seen (at most once a minute), so it wants a session that commits.
    Where its appointment has ended, it goes on under another one that is in force.
    """
    present = peek(session, token=token, now=now)
    if present is not None and present.is_stale:
        present.sign_in.seen_at = now
        present.sign_in.appointment = present.appointment
    return present


def peek(session: Session, *, token: str, now: datetime) -> Present | None:
    """The same answer without writing; where it `is_stale`, `session_of` is due."""
    query = select(SignIn).where(SignIn.token_digest == digest_of(token))
    found = session.scalars(query).one_or_none()
    if found is None or not _is_alive(found, now):
        return None
    held: Appointment | None = found.appointment
    if not found.appointment.in_force(now):
        held = chosen_appointment(session, found.person, now=now)
    if held is None:
        return None
    is_stale = now - found.seen_at >= SEEN_EVERY or held.id != found.appointment_id
    return Present(_actor(session, found, held), found, held, is_stale)


def _is_alive(found: SignIn, now: datetime) -> bool:
    return (
        found.ended_at is None
        and found.person.disabled_at is None
        and now - found.seen_at < IDLE_LIMIT
        and now - found.signed_in_at < ABSOLUTE_LIMIT
    )


def in_force(session: Session, person: Person, *, now: datetime) -> list[Appointment]:
    """The person's appointments in force, the oldest first: those to choose from."""
    query = select(Appointment).where(
        Appointment.person_id == person.id,
        Appointment.from_at <= now,
        or_(Appointment.until_at.is_(None), Appointment.until_at > now),
    )
    return list(session.scalars(query.order_by(Appointment.id)))


def chosen_appointment(session: Session, person: Person, *, now: datetime) -> Appointment | None:
    """The appointment to begin under: the one last acted under, else the first, else None."""
    open_to = {one.id: one for one in in_force(session, person, now=now)}
    last = (
        select(SignIn.appointment_id)
        .where(SignIn.person_id == person.id, SignIn.appointment_id.in_(open_to))
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
        .limit(1)
    )
    found = session.scalar(last) if open_to else None
    return open_to[found] if found is not None else next(iter(open_to.values()), None)


def actor_of(session: Session, sign_in: SignIn, *, now: datetime) -> Actor:
    """The actor of a session, under its appointment. Raises `NotYours` where that has ended."""
    if not sign_in.appointment.in_force(now):
        raise NotYours(appointment=sign_in.appointment_id)
    return _actor(session, sign_in, sign_in.appointment)


def _actor(session: Session, sign_in: SignIn, appointment: Appointment) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        person_id=sign_in.person_id,
        appointment_id=appointment.id,
        role=appointment.role,
        department_id=appointment.department_id,
        line=line_of(session, appointment),
        signed_in_at=sign_in.proved_at,
        name=sign_in.person.name_mr,
    )


def line_of(session: Session, appointment: Appointment) -> frozenset[int]:
    """The departments that report to an oversight office, directly or through others."""
    if appointment.role is not Role.OVERSIGHT:
        return frozenset()
    under: defaultdict[int | None, set[int]] = defaultdict(set)
    for department_id, above in session.execute(select(Department.id, Department.reports_to_id)):
        under[above].add(department_id)
    found: set[int] = set()
    fresh = {appointment.department_id}
    while fresh:
        fresh = set().union(*(under[one] for one in fresh)) - found
        found |= fresh
    return frozenset(found)


def switch(session: Session, *, sign_in_id: int, appointment_id: int, now: datetime) -> Actor:
    """Act under another of one's own appointments in force; raises `NotYours`."""
    sign_in = session.get_one(SignIn, sign_in_id)
    for held in in_force(session, sign_in.person, now=now):
        if held.id == appointment_id:
            sign_in.appointment = held
            actor = actor_of(session, sign_in, now=now)
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


def sessions_of(session: Session, *, person_id: int, now: datetime) -> list[SignIn]:
    """The person's sessions that can still be used, the one last seen first."""
    query = select(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    found = session.scalars(query.order_by(SignIn.seen_at.desc(), SignIn.id.desc()))
    return [one for one in found if _is_alive(one, now)]


def is_newcomer(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Whether the actor's first session began less than seven days ago."""
    query = select(SignIn.id).where(
        SignIn.person_id == actor.person_id, SignIn.signed_in_at <= now - NEW_FOR
    )
    return session.scalar(query.limit(1)) is None


def end_other(session: Session, *, person_id: int, sign_in_id: int, now: datetime) -> None:
    """End one of the person's own sessions; raises `NotYours` for anybody else's."""
    other = session.get(SignIn, sign_in_id)
    if other is None or other.person_id != person_id:
        raise NotYours(sign_in=sign_in_id)
    end(session, sign_in_id=sign_in_id, now=now)


def end_others(session: Session, *, sign_in_id: int, now: datetime) -> int:
    """End every session of the person but this one; gives how many could still be used."""
    own = session.get_one(SignIn, sign_in_id)
    found = sessions_of(session, person_id=own.person_id, now=now)
    others = [one for one in found if one.id != sign_in_id]
    for one in others:
        one.ended_at = now
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
