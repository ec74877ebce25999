"""The dependencies of the seeding: the database, the sandbox, and a clock that it sets itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from demo import people
from demo.notices import DemoNotice
from demo.script import Script, Story
from demo.seeding.sandbox_client import SandboxClient
from publisher.auth.sessions import list_appointments
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount, Vault
from publisher.delivery.worker_context import WorkerContext
from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore
from publisher.models.deliveries import Account, Delivery
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Post, Variant
from publisher.models.submissions import Submission
from publisher.operations.worker_health import DEMO_WORKER
from publisher.platforms.account import OpenedAccount
from publisher.platforms.base.protocol import Platform
from publisher.platforms.registry import capabilities, open_platform
from publisher.settings.environment import Settings
from publisher.tasks import before_commit
from publisher.validation import NotFound

OF_A_DEPARTMENT: Final = (Role.OFFICER, Role.HEAD, Role.MEMBER)
DECIDERS: Final = (Role.OFFICER, Role.HEAD)
AT_THE_CELL: Final = (Role.CELL, Role.CELL_LEAD)
#: The header that tells the sandbox when a call happens.
_AT: Final = "X-Sandbox-At"


@dataclass
class SetClock:
    """A clock for `now`: a call returns `at`, which the seeding sets before each step."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Context:
    """The dependencies of the acts of a script.

    The days of `notices` are filled in. `accounts` are ids by platform, `handle` is the city's on
    X. Times in the script are relative to `base`.
    """

    script: Script
    base: datetime
    notices: Mapping[str, DemoNotice]
    settings: Settings
    database: Database
    store: MediaStore
    clock: SetClock
    sandbox: SandboxClient
    worker_context: WorkerContext
    accounts: Mapping[str, int]
    handle: str

    @property
    def now(self) -> datetime:
        """The time of the step that is being played."""
        return self.clock.at

    def actor(
        self, session: Session, key: str, roles: tuple[Role, ...], department_id: int | None = None
    ) -> Actor:
        """Return the person as an actor, by their first appointment in one of these roles.

        Raises `NotFound` if they have none (in that department, if given).
        """
        mail = people.people_by_key()[key].mail
        person = session.scalars(select(Person).where(Person.mail == mail)).one()
        for appointment in list_appointments(session, person, now=self.now):
            if appointment.role in roles and department_id in (None, appointment.department_id):
                return fresh_actor(appointment, now=self.now)
        raise NotFound(key)


def fresh_actor(appointment: Appointment, *, now: datetime) -> Actor:
    """Return the actor of a person who has just signed in under this appointment."""
    return Actor(
        kind=ActorKind.PERSON,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        role=appointment.role,
        department_id=appointment.department_id,
        signed_in_at=now,
        name=appointment.person.name_mr,
    )


def department_id(session: Session, code: str) -> int:
    """Return the id of the department with this code."""
    return session.scalars(select(Department.id).where(Department.code == code)).one()


def get_submission(session: Session, story: Story) -> Submission:
    """Return the submission of a story; raises `NotFound` before it was handed in."""
    query = select(Submission).where(Submission.form_token == story.form_token)
    submission = session.scalars(query).one_or_none()
    if submission is None:
        raise NotFound(story.notice)
    return submission


def get_post(session: Session, story: Story) -> Post:
    """Return the post of a story; raises `NotFound` before it was drafted."""
    posts = get_submission(session, story).posts
    if not posts:
        raise NotFound(story.notice)
    return posts[0]


def variant_name(variant: Variant) -> str:
    """Return the name under which scripts know a variant, such as `x-mr`."""
    return f"{variant.account.platform}-{variant.language.value}"


def get_delivery(session: Session, story: Story, variant: str) -> Delivery:
    """Return the delivery of a variant; raises `NotFound` if there is none."""
    for delivery in get_post(session, story).deliveries:
        if variant_name(delivery.variant) == variant:
            return delivery
    raise NotFound(f"{story.notice}-{variant}")


@contextmanager
def open_context(
    script: Script,
    settings: Settings,
    *,
    base: datetime,
    sandbox_url: str,
    notices: Mapping[str, DemoNotice],
) -> Iterator[Context]:
    """Open the database and the sandbox, and close them after the block."""
    sandbox = SandboxClient(sandbox_url)
    database = before_commit.register(Database(settings.database_url))
    store = open_store(settings)
    clock = SetClock(base)
    context = WorkerContext(
        database=database,
        store=store,
        open_account=_account_opener(settings, clock, web_url=f"{sandbox_url}/x"),
        delivery_settings=settings.delivery,
        clock_name=DEMO_WORKER,
        now=clock,
        monotonic=time.monotonic,
    )
    with database.reading() as session:
        accounts = {account.platform: account for account in session.scalars(select(Account))}
    try:
        yield Context(
            script=script,
            base=base,
            notices=notices,
            settings=settings,
            database=database,
            store=store,
            clock=clock,
            sandbox=sandbox,
            worker_context=context,
            accounts={platform: account.id for platform, account in accounts.items()},
            handle=next(
                account.handle
                for account in accounts.values()
                if capabilities(account.platform).has_handles
            ),
        )
    finally:
        sandbox.close()
        database.dispose()


def _account_opener(settings: Settings, clock: SetClock, *, web_url: str) -> OpenAccount:
    """Return a function that opens an account whose calls the sandbox dates by `clock`."""
    vault = Vault(settings.secret_key, settings.token_keys)
    addresses = {**settings.platforms, "x_web_url": web_url}

    def open_account(account: Account) -> Platform:
        credentials = vault.open(account.credentials)
        platform = open_platform(account.platform, credentials, addresses, now=clock)
        if isinstance(platform, OpenedAccount):
            session = platform._channel  # noqa: SLF001  only a demo travels in time
            session.headers[_AT] = clock().isoformat()
        return platform

    return open_account
