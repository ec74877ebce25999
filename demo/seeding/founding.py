"""Founding the demo city: the register, the invented cast with passwords, and two accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from demo import cast
from demo.cast import DemoAppointment, DemoPerson
from demo.seeding.advising import set_times
from demo.seeding.readying import prepare_lane
from demo.seeding.texting import keep_texts
from publisher.auth import sign_in
from publisher.auth.passwords import HASHER, Hasher
from publisher.database.session import Database
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account
from publisher.models.people import Appointment, Department, Person
from publisher.people import appointments, permissions
from publisher.people.departments import load_register
from publisher.settings.environment import Settings

OWNER: Final = "information-technology"
REGISTERED: Final = timedelta(days=510)
CONNECTED: Final = timedelta(days=370)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class DemoAccount:
    """An account of the city with its credentials, named as its platform names them."""

    code: str
    platform: str
    handle: str
    name: str
    url: str
    credentials: Mapping[str, str] = field(repr=False)


class OncePerPassword:
    """Hashes each of the demo's printed passwords once: the cast shares them, role by role."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._kept: dict[str, str] = {}

    def hash(self, password: str) -> str:
        """The hash that was made of it first."""
        if password not in self._kept:
            self._kept[password] = self._hasher.hash(password)
        return self._kept[password]

    def verify(self, hash: str, password: str) -> bool:  # noqa: A002  argon2's own name
        """As the real one does."""
        return self._hasher.verify(hash, password)

    def check_needs_rehash(self, hash: str) -> bool:  # noqa: A002  argon2's own name
        """As the real one does."""
        return self._hasher.check_needs_rehash(hash)


def found(
    database: Database, *, settings: Settings, accounts: tuple[DemoAccount, ...], began_at: datetime
) -> None:
    """Lay register, cast and accounts, dated before `began_at`; what stands is left as it is."""
    with database.transaction() as session:
        load_register(session, now=began_at - REGISTERED)
    with database.transaction() as session:
        if session.scalars(select(Person.id).limit(1)).first() is None:
            _appoint_all(session, began_at)
    with database.transaction() as session:
        if session.scalars(select(Account.id).limit(1)).first() is None:
            vault = Vault(settings.secret_key, settings.token_keys)
            for account in accounts:
                _connect(session, account, vault, now=began_at - CONNECTED)
    with database.transaction() as session:
        keep_texts(session, now=began_at - DAY)
        set_times(session, now=began_at - DAY)
        prepare_lane(session, began_at=began_at)


def _appoint_all(session: Session, began_at: datetime) -> None:
    """Everybody in the order of the cast, whose first is the admin, who records all the others."""
    first, *others = cast.load()
    admin = _first_admin(session, first, began_at)
    actor = Actor(
        kind=ActorKind.PERSON,
        person_id=admin.person_id,
        appointment_id=admin.id,
        role=Role.ADMIN,
        department_id=admin.department_id,
        name=first.name_mr,
    )
    for person, held, recorded_at in sorted(_records(others, began_at), key=lambda one: one[2]):
        _record(session, person, held, actor=actor, began_at=began_at, now=recorded_at)
    hasher = OncePerPassword(HASHER)
    for person in cast.load():
        row = session.scalars(select(Person).where(Person.mail == person.mail)).one()
        sign_in.set_password(
            session, person=row, password=person.password, now=began_at - DAY, hasher=hasher
        )


def _first_admin(session: Session, person: DemoPerson, began_at: datetime) -> Appointment:
    held = person.appointments[0]
    appointment = appointments.first_admin(
        session,
        now=began_at + timedelta(days=held.since_days),
        name_mr=person.name_mr,
        name_en=person.name_en,
        designation=person.designation_mr,
        mail=person.mail,
        mobile=person.mobile,
        department_id=_department(session, held.department),
        order_number=held.order or "",
    )
    session.flush()
    return appointment


def _records(
    people: list[DemoPerson], began_at: datetime
) -> Iterator[tuple[DemoPerson, DemoAppointment, datetime]]:
    """Each appointment with the moment it was recorded: never before there was an admin."""
    earliest = cast.load()[0].appointments[0].since_days + 1
    for person in people:
        for held in person.appointments:
            yield person, held, began_at + timedelta(days=max(held.since_days, earliest))


def _record(
    session: Session,
    person: DemoPerson,
    held: DemoAppointment,
    *,
    actor: Actor,
    began_at: datetime,
    now: datetime,
) -> None:
    appointment = appointments.record_person(
        session,
        actor=actor,
        now=now,
        name_mr=person.name_mr,
        name_en=person.name_en,
        designation=person.designation_mr,
        mail=person.mail,
        mobile=person.mobile,
        role=held.role,
        department_id=_department(session, held.department),
        rank=held.place,
        order_number=held.order or "",
        from_at=began_at + timedelta(days=held.since_days),
    )
    session.flush()
    if held.until_days is not None:
        ended_at = began_at + timedelta(days=held.until_days)
        appointments.end_appointment(session, actor=actor, appointment=appointment, now=ended_at)


def _connect(session: Session, account: DemoAccount, vault: Vault, *, now: datetime) -> None:
    manage.connect(
        session,
        actor=permissions.COMMAND,
        now=now,
        code=account.code,
        platform=account.platform,
        handle=account.handle,
        name=account.name,
        url=account.url,
        department_id=_department(session, OWNER),
        sealed=vault.seal(account.credentials),
    )


def _department(session: Session, code: str) -> int:
    return session.scalars(select(Department.id).where(Department.code == code)).one()
