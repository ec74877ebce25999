"""What the seeding plays on, who acts in it, and its steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from demo import cast
from demo.notices import Notice
from demo.seeding.practice import Practice
from demo.seeding.travelling import Clock, opener
from publisher.auth import sessions
from publisher.database.session import Database
from publisher.delivery.worker_context import Bench
from publisher.media.store import Store
from publisher.models.deliveries import Account
from publisher.models.people import Department, Person
from publisher.operations.worker_health import PLAYED
from publisher.settings.environment import Settings
from publisher.validation import Missing

OF_A_DEPARTMENT = (Role.OFFICER, Role.HEAD, Role.MEMBER)
AT_THE_CELL = (Role.CELL, Role.CELL_LEAD)


@dataclass(frozen=True)
class Step:
    """Something that happens at a moment; `course` is the number of the course it belongs to."""

    at: datetime
    says: str
    play: Callable[[Stage], object]
    course: int | None = None


@dataclass
class Stage:
    """The house, the practice platforms, and the clock that shows what is being played.

    `accounts` are ids by platform; `handle` is the city's name on X.
    """

    settings: Settings
    database: Database
    store: Store
    clock: Clock
    practice: Practice
    bench: Bench
    notices: Mapping[str, Notice]
    accounts: Mapping[str, int]
    handle: str

    @property
    def now(self) -> datetime:
        """The moment that is being played."""
        return self.clock.at

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction."""
        with self.database.transaction() as session:
            yield session

    def actor(
        self, session: Session, key: str, roles: tuple[Role, ...], department_id: int | None = None
    ) -> Actor:
        """A person of the cast under the appointment that fits; raises `Missing`."""
        mail = cast.by_key()[key].mail
        person = session.scalars(select(Person).where(Person.mail == mail)).one()
        for held in sessions.in_force(session, person, now=self.now):
            if held.role in roles and department_id in (None, held.department_id):
                return Actor(
                    kind=ActorKind.PERSON,
                    person_id=person.id,
                    appointment_id=held.id,
                    role=held.role,
                    department_id=held.department_id,
                    signed_in_at=self.now,
                    name=person.name_mr,
                )
        raise Missing(key)

    def department(self, session: Session, code: str) -> int:
        """The id of a department."""
        return session.scalars(select(Department.id).where(Department.code == code)).one()

    def patient_bench(self, seconds: float) -> Bench:
        """The bench, whose first look for what is unconfirmed waits so long."""
        return replace(self.bench, pace=replace(self.bench.pace, looks=(seconds,)))


@contextmanager
def set_up(
    settings: Settings, *, began_at: datetime, sandbox_url: str, notices: Mapping[str, Notice]
) -> Iterator[Stage]:
    """The stage over this house and that sandbox, for the length of a play."""
    practice = Practice(sandbox_url)
    database, store = Database(settings.database_url), Store(settings.media_dir)
    clock = Clock(began_at)
    bench = Bench(
        database=database,
        store=store,
        open_account=opener(settings, clock, web_url=f"{sandbox_url}/x"),
        pace=settings.press,
        clock_name=PLAYED,
        now=clock,
        monotonic=time.monotonic,
    )
    with database.reading() as session:
        found = list(session.scalars(select(Account)))
        accounts = {one.platform: one.id for one in found}
        handles = {one.platform: one.handle for one in found}
    try:
        yield Stage(
            settings=settings,
            database=database,
            store=store,
            clock=clock,
            practice=practice,
            bench=bench,
            notices=notices,
            accounts=accounts,
            handle=handles["x"],
        )
    finally:
        practice.close()
        database.dispose()
