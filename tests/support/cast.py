"""Invented people and departments for the tests of this room and of the notices."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.auth import sign_in
from publisher.models.history import Event
from publisher.models.people import Appointment, Department, Person
from publisher.people import appointments
from publisher.people.permissions import COMMAND

NOW = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
PASSWORD = "nadi-kinari-savli"
_numbers = count(5550001001)


class CheapHasher:
    """Argon2id at its cheapest, which counts what it is asked for."""

    def __init__(self) -> None:
        self.argon2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def hash(self, password: str) -> str:
        return self.argon2.hash(password)

    def verify(self, hash: str, password: str) -> bool:  # noqa: A002  argon2's own name
        self.verified += 1
        return self.argon2.verify(hash, password)

    def check_needs_rehash(self, hash: str) -> bool:  # noqa: A002  argon2's own name
        return self.argon2.check_needs_rehash(hash)


HASHER = CheapHasher()


def add_department(
    session: Session, code: str = "water", *, reports_to: Department | None = None
) -> Department:
    department = Department(
        code=code,
        name_mr=f"{code} विभाग",
        name_en=f"{code.title()} Department",
        name_hi=f"{code} अनुभाग",
        kind="department",
        reports_to=reports_to,
    )
    session.add(department)
    session.flush()
    return department


def appoint(
    session: Session,
    department: Department,
    role: Role = Role.OFFICER,
    *,
    name: str = "आशा कदम",
    mail: str | None = None,
    mobile: str | None = None,
    actor: Actor = COMMAND,
    now: datetime = NOW,
    rank: int | None = None,
    from_at: datetime | None = None,
) -> Appointment:
    number = next(_numbers)
    return appointments.record_person(
        session,
        actor=actor,
        now=now,
        name_mr=name,
        mail=mail or (None if mobile else f"person{number}@pmc.example"),
        mobile=mobile,
        role=role,
        department_id=department.id,
        rank=rank,
        from_at=from_at,
    )


def with_password(session: Session, person: Person, password: str = PASSWORD) -> Person:
    sign_in.set_password(session, person=person, password=password, now=NOW, hasher=HASHER)
    return person


def actor(role: Role, department_id: int = 1, person_id: int | None = None) -> Actor:
    return Actor(ActorKind.PERSON, person_id=person_id, role=role, department_id=department_id)


def acting(appointment: Appointment) -> Actor:
    return Actor(
        ActorKind.PERSON,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        role=appointment.role,
        department_id=appointment.department_id,
    )


def verbs(session: Session, subject: str, subject_id: int) -> list[str]:
    query = select(Event.verb).where(Event.subject == subject, Event.subject_id == subject_id)
    return list(session.scalars(query.order_by(Event.id)))
