"""The demo's people and accounts, before anything has happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from approvals.policy import Role
from commands.demo.city import accounts_at
from demo import cast, seeding
from publisher.auth.sign_in import SignedIn, sign_in
from publisher.database.session import Database, migrate
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.models.people import Appointment, Department, Person
from publisher.now import now
from publisher.people.departments import NAMED_NOBODY
from tests.demo.conftest import PracticePlatform, Seeded, settings_for

pytestmark = [pytest.mark.xdist_group("seeding"), pytest.mark.timeout(400)]


@pytest.mark.parametrize("key", cast.TO_TRY_FIRST)
@pytest.mark.parametrize("by", ["mail", "mobile"])
def test_whoever_the_table_names_can_sign_in(seeded: Seeded, key: str, by: str) -> None:
    person = cast.by_key()[key]
    with seeded.database.transaction() as session:
        found = sign_in(
            session,
            identifier=getattr(person, by),
            password=person.password,
            address="127.0.0.1",
            device="test",
            now=now(),
        )
        assert isinstance(found, SignedIn)
        assert found.sign_in.person.name_mr == person.name_mr
        session.rollback()


def test_everybody_holds_what_the_cast_says(seeded: Seeded) -> None:
    with seeded.database.reading() as session:
        rows = session.scalars(select(Appointment))
        held = {
            (one.person.mail, one.role, one.department.code, one.rank, one.in_force(now()))
            for one in rows
        }
    assert held == {
        (person.mail, one.role, one.department, one.place, one.in_force)
        for person in cast.load()
        for one in person.appointments
    }


def test_everybody_but_the_admin_was_recorded_by_the_admin(seeded: Seeded) -> None:
    with seeded.database.reading() as session:
        admin = session.scalars(select(Appointment).where(Appointment.role == Role.ADMIN)).one()
        others = select(Appointment.recorded_by_id).where(Appointment.id != admin.id)
        assert admin.recorded_by_id is None
        assert set(session.scalars(others)) == {admin.person_id}


def test_the_register_carries_the_circulars_fact(seeded: Seeded) -> None:
    with seeded.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Department)) == 67
        told = select(func.count()).select_from(Event).where(Event.verb == NAMED_NOBODY)
        assert session.scalar(told) == 61


def test_accounts_belong_to_information_technology_and_are_sealed(seeded: Seeded) -> None:
    vault = Vault(seeded.settings.secret_key, ())
    given = {one.platform: one for one in accounts_at(seeded.practice.url)}
    with seeded.database.reading() as session:
        found = list(session.scalars(select(Account)))
        assert {one.platform for one in found} == {"x", "facebook"}
        for account in found:
            assert account.department.code == "information-technology"
            assert vault.open(account.credentials) == given[account.platform].credentials
            assert given[account.platform].url == account.url


def test_founding_twice_changes_nothing(tmp_path: Path) -> None:
    nowhere = PracticePlatform("http://127.0.0.1:9", 9)
    settings = settings_for(tmp_path, nowhere)
    migrate(settings.database_url)
    database = Database(settings.database_url)
    began_at = now() - timedelta(minutes=5)
    given = accounts_at(nowhere.url)
    counts = []
    for _ in range(2):
        seeding.found(database, settings=settings, accounts=given, began_at=began_at)
        with database.reading() as session:
            kinds = (Event, Person, Account, Department)
            counts.append([session.scalar(select(func.count()).select_from(one)) for one in kinds])
    database.dispose()
    assert counts[0] == counts[1]
    assert counts[0][1:] == [len(cast.load()), 2, 67]
