"""The departments, people, appointments and accounts of the one city that all tests share.

- `water` has a member, two officers and a head; `road` one officer, `health` a head alone,
  `garden` nobody but a member; the cell belongs to `information-technology`.
- The use cases write the city once a process; every further test gets a copy of these rows.
- No other module of the tests makes departments: one more of them comes from `add_department`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.database.session import Database
from publisher.models.deliveries import Account
from publisher.models.history import Event, Wrote
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.people import recorders
from publisher.people.appointments import disable_person, end_appointment, record_person
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from publisher.tasks import before_commit, messages
from publisher.transitions import Stateful
from tests.support import sqlite
from tests.support.row_copy import RowCopy

NOON = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
"""A Wednesday, 12:00 in the city."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

DEPARTMENTS = {
    "information-technology": ("माहिती व तंत्रज्ञान विभाग", "Information Technology"),
    "water": ("पाणीपुरवठा विभाग", "Water Supply"),
    "road": ("पथ विभाग", "Roads"),
    "health": ("आरोग्य विभाग", "Health"),
    "garden": ("उद्यान विभाग", "Gardens"),
}
CAST: tuple[tuple[str, Role, str, str], ...] = (
    ("admin", Role.ADMIN, "information-technology", "अरुण टेकवडे"),
    ("lead", Role.CELL_LEAD, "information-technology", "प्रसाद केंजळे"),
    ("clerk", Role.CELL, "information-technology", "स्वाती रणपिसे"),
    ("other_clerk", Role.CELL, "information-technology", "इम्रान तांबोळी"),
    ("oversight", Role.OVERSIGHT, "information-technology", "रोहिणी देशमाने"),
    ("auditor", Role.AUDITOR, "information-technology", "अनंत कुलथे"),
    ("member", Role.MEMBER, "water", "किरण वाबळे"),
    ("first", Role.OFFICER, "water", "मेधा सातपुते"),
    ("second", Role.OFFICER, "water", "नितीन घोलप"),
    ("head", Role.HEAD, "water", "उज्ज्वला चव्हाणके"),
    ("road_member", Role.MEMBER, "road", "समीर बोऱ्हाडे"),
    ("road_officer", Role.OFFICER, "road", "शैलजा कुदळे"),
    ("health_member", Role.MEMBER, "health", "दीपक जेधे"),
    ("health_head", Role.HEAD, "health", "विलास थोपटे"),
    ("garden_member", Role.MEMBER, "garden", "सुनील पोटे"),
)
MEMBERS = {
    "water": "member",
    "road": "road_member",
    "health": "health_member",
    "garden": "garden_member",
}
APPROVERS = {"water": "first", "road": "road_officer", "health": "health_head"}
_NUMBERS = count(1)


@dataclass
class Clock:
    """A clock that returns the same moment until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, span: timedelta) -> datetime:
        """Let time pass, and return the new moment."""
        self.at += span
        return self.at


@dataclass
class CityPeople:
    """A database with the city's rows in it, and their ids by name."""

    database: Database
    clock: Clock
    departments: dict[str, int]
    appointments: dict[str, int]
    people: dict[str, int]
    accounts: dict[str, int]
    roles: dict[str, tuple[Role, str]]
    sizes: tuple[int, ...]
    """The sizes of the database's files when the city had been put into it, on SQLite alone."""

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was written since the city was built, and its clock stands (SQLite)."""
        return (
            self.clock.at == NOON
            and self.database.is_sqlite
            and self.sizes == sqlite.file_sizes(self.database)
        )

    def actor(self, name: str, *, fresh: bool = True) -> Actor:
        """Return the actor of that name; without `fresh` the sign-in is an hour old."""
        role, department = self.roles[name]
        oversees = ["water", "road"] if role is Role.OVERSIGHT else []
        return Actor(
            kind=ActorKind.PERSON,
            person_id=self.people[name],
            appointment_id=self.appointments[name],
            role=role,
            department_id=self.departments[department],
            line=frozenset(self.departments[code] for code in oversees),
            signed_in_at=self.clock.at - (MINUTE if fresh else HOUR),
            name=name,
        )

    @property
    def now(self) -> datetime:
        """The moment that the city's clock shows."""
        return self.clock.at

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction."""
        with self.database.transaction() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session to read with; the rows keep their values after it is closed."""
        with self.database.reading() as session:
            yield session
            session.expunge_all()

    def add_department(self, code: str, **columns: object) -> int:
        """Record one more department, and return its id."""
        with self.write() as session:
            self.departments[code] = add_department(session, code, **columns).id
        return self.departments[code]

    def appoint(self, name: str, role: Role, department: str, full_name: str = "") -> Actor:
        """Appoint one more person."""
        with self.write() as session:
            _appoint(session, self, name, role, department, full_name or name)
        return self.actor(name)

    def end(self, name: str) -> None:
        """End this person's appointment now."""
        with self.write() as session:
            appointment = session.get_one(Appointment, self.appointments[name])
            end_appointment(session, actor=COMMAND, appointment=appointment, now=self.now)

    def disable(self, name: str) -> None:
        """Disable this person now."""
        with self.write() as session:
            person = session.get_one(Appointment, self.appointments[name]).person
            disable_person(session, actor=COMMAND, person=person, now=self.now)

    def verbs(self, subject: str, subject_id: int) -> list[str]:
        """Return the verbs of the events of this row, oldest first."""
        with self.read() as session:
            return verbs(session, subject, subject_id)

    def notified(self, kind: str) -> list[str]:
        """Return the names of those who were mailed a notice of this kind, alphabetically."""
        names = {person_id: name for name, person_id in self.people.items()}
        messages.queue_messages(self.database, now=self.now)
        with self.read() as session:
            person_ids = session.scalars(select(Notice.person_id).where(Notice.kind == kind))
            return sorted(names[person_id] for person_id in person_ids if person_id is not None)


_WRITTEN: dict[str, tuple[RowCopy, CityPeople]] = {}  # by dialect


def city_people(database: Database) -> CityPeople:
    """Put the city's rows into an empty database, whose transactions then refresh tasks."""
    before_commit.register(database)
    dialect = database.engine.dialect.name
    if dialect not in _WRITTEN:
        before = RowCopy.read(database)
        city = _write(database)
        _WRITTEN[dialect] = (RowCopy.read(database).without(before), city)
    else:
        _WRITTEN[dialect][0].insert_into(database)
    written = _WRITTEN[dialect][1]
    return CityPeople(
        database=database,
        clock=Clock(),
        departments=dict(written.departments),
        appointments=dict(written.appointments),
        people=dict(written.people),
        accounts=dict(written.accounts),
        roles=dict(written.roles),
        sizes=sqlite.file_sizes(database) if database.is_sqlite else (),
    )


def department(code: str, **columns: object) -> Department:
    """Return a department that is in no session: the city's own of this code, or another."""
    name_mr, name_en = DEPARTMENTS.get(code, (f"{code} विभाग", f"{code.title()} Department"))
    names: dict[str, object] = {"name_mr": name_mr, "name_en": name_en, "kind": "department"}
    return Department(code=code, **{**names, **columns})


def add_department(session: Session, code: str, **columns: object) -> Department:
    """Add a department: the city's own of this code, or another."""
    row = department(code, **columns)
    session.add(row)
    session.flush()
    return row


def add_account(session: Session, department_id: int, platform: str, **columns: object) -> Account:
    """Add an account of this platform: the city's own, or another by its `code`."""
    defaults: dict[str, object] = {
        "code": platform,
        "handle": f"pmc_{platform}",
        "name": "पुणे महानगरपालिका",
        "url": f"https://platform.example/{platform}",
        "state_at": NOON - DAY,
    }
    account = Account(platform=platform, department_id=department_id, **{**defaults, **columns})
    session.add(account)
    session.flush()
    return account


def appoint(
    session: Session,
    department: Department,
    role: Role = Role.OFFICER,
    *,
    name: str = "मेधा सातपुते",
    mail: str | None = None,
    mobile: str | None = None,
    actor: Actor = COMMAND,
    now: datetime = NOON,
    rank: int | None = None,
    from_at: datetime | None = None,
) -> Appointment:
    """Appoint a person in a database without the city; two calls without `mail` are two people."""
    return record_person(
        session,
        actor=actor,
        now=now,
        name_mr=name,
        mail=mail or (None if mobile else f"person{next(_NUMBERS)}@pmc.example"),
        mobile=mobile,
        role=role,
        department_id=department.id,
        rank=rank,
        from_at=from_at,
    )


def add_appointment(
    session: Session,
    role: Role,
    department_id: int,
    *,
    rank: int | None = None,
    person_id: int | None = None,
) -> Actor:
    """Appoint a new person, or the one of this id, past the rules; return the actor."""
    if person_id is None:
        person = Person(name_mr=role, name_en=role, created_at=NOON - DAY)
        session.add(person)
        session.flush()
        person.mail = f"person{person.id}@pmc.example"
        person_id = person.id
    row = Appointment(
        person_id=person_id,
        role=role,
        department_id=department_id,
        rank=rank,
        from_at=NOON - DAY,
        state=AppointmentState.ACTIVE,
        state_at=NOON - DAY,
    )
    session.add(row)
    session.flush()
    return replace(acting(row), signed_in_at=NOON, name=role)


def note_writer(
    session: Session, appointment_id: int, person_id: int, wrote: Wrote = Wrote.MAIL
) -> None:
    """Let this person have written in the appointment."""
    recorders.add(session.get_one(Appointment, appointment_id), person_id, wrote, at=NOON)


def record_by(session: Session, appointment_id: int, person_id: int) -> None:
    """Let this person have recorded the appointment, which no command has confirmed then."""
    row = session.get_one(Appointment, appointment_id)
    row.recorded_by_id, row.confirmed_at = person_id, None
    note_writer(session, appointment_id, person_id, Wrote.RECORDED)


def actor(role: Role, department_id: int = 1, person_id: int | None = None) -> Actor:
    """Return an actor of this role, without an appointment."""
    return Actor(ActorKind.PERSON, person_id=person_id, role=role, department_id=department_id)


def acting(appointment: Appointment) -> Actor:
    """Return the actor of this appointment."""
    return Actor(
        ActorKind.PERSON,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        role=appointment.role,
        department_id=appointment.department_id,
    )


def verbs(session: Session, subject: str, subject_id: int) -> list[str]:
    """Return the verbs of the events of this row, oldest first."""
    query = select(Event.verb).where(Event.subject == subject, Event.subject_id == subject_id)
    return list(session.scalars(query.order_by(Event.id)))


def verbs_of(session: Session, row: Stateful) -> list[str]:
    """Return the verbs of the events of this row, oldest first."""
    return verbs(session, row.__tablename__, row.id)


def as_of(actor: Actor, at: datetime) -> Actor:
    """Return the same actor, signed in at that moment."""
    return replace(actor, signed_in_at=at)


def _write(database: Database) -> CityPeople:
    city = CityPeople(database, Clock(), {}, {}, {}, {}, {}, ())
    with database.transaction() as session:
        for code in DEPARTMENTS:
            city.departments[code] = add_department(session, code).id
        for name, role, code, full_name in CAST:
            _appoint(session, city, name, role, code, full_name)
        for platform in ("x", "facebook"):
            city.accounts[platform] = add_account(
                session, city.departments["information-technology"], platform
            ).id
    return city


def _appoint(
    session: Session, city: CityPeople, name: str, role: Role, department: str, full_name: str
) -> None:
    appointment = record_person(
        session,
        actor=COMMAND,
        now=city.now - DAY,
        name_mr=full_name,
        role=role,
        department_id=city.departments[department],
        mail=f"{name.replace('_', '-')}@pmc.example",
    )
    session.flush()
    city.appointments[name] = appointment.id
    city.people[name] = appointment.person_id
    city.roles[name] = (role, department)
