"""Transactions that lock posts, people and appointments never wait for each other in a circle."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from approvals.policy import Role
from approvals.states import PostState
from publisher.models.people import Appointment, ContactChange, Department, Person
from publisher.models.posts import Decision, Post, Revision
from publisher.people import contact_corrections, name_changes
from publisher.people.contact_corrections import WAIT, tick_contacts
from publisher.states import AppointmentState
from tests.support.city import City
from tests.support.city_people import appoint
from tests.support.passwords import with_password

NEW = "medha.new@pmc.example"
SHARE = "SELECT 1 FROM {} WHERE id = :id FOR SHARE"


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Return a database whose rows are locked one by one: SQLite has one writer at a time."""
    return postgres_url


def wait_until_blocked(town: City) -> None:
    for _ in range(200):
        with town.database.engine.connect() as connection:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            )
            if connection.exec_driver_sql(query).scalar():
                return
        time.sleep(0.05)
    raise AssertionError("nothing waited for the lock")


def correct(town: City) -> None:
    with town.write() as session:
        contact_corrections.correct(
            session,
            actor=town.actor("lead"),
            person=session.get_one(Person, town.people["first"]),
            mail=NEW,
            mobile=None,
            now=town.now,
        )


def rename(town: City) -> None:
    with town.write() as session:
        name_changes.rename(
            session,
            actor=town.actor("lead"),
            person=session.get_one(Person, town.people["first"]),
            name_mr="मेधा सातपुते-जोशी",
            name_en="",
            designation="",
            now=town.now,
        )


def approved_twice(town: City) -> tuple[int, int, int]:
    """Approve two posts, the earlier one under a second, later appointment; return all ids."""
    earlier, later = town.approved(), town.approved()
    with town.write() as session:
        person = session.get_one(Person, town.people["first"])
        row = appoint(
            session,
            session.get_one(Department, town.departments["garden"]),
            Role.OFFICER,
            name=person.name_mr,
            mail=person.mail,
            now=town.now,
        )
        session.flush()
        revision_id = select(Revision.id).where(Revision.post_id == earlier).scalar_subquery()
        session.execute(
            update(Decision)
            .where(Decision.revision_id == revision_id)
            .values(appointment_id=row.id)
        )
        return earlier, later, row.id


@pytest.mark.usefixtures("changeable_rows")
def test_two_appointments_lock_their_posts_in_the_order_of_ids(town: City) -> None:
    earlier, later, second_id = approved_twice(town)
    with ThreadPoolExecutor(1) as pool:
        with town.database.engine.begin() as other:
            other.execute(text("SELECT 1 FROM posts WHERE id = :id FOR UPDATE"), {"id": earlier})
            changing = pool.submit(correct, town)
            wait_until_blocked(town)
            other.execute(text("SELECT 1 FROM posts WHERE id = :id FOR UPDATE"), {"id": later})
        changing.result(30)
    with town.read() as session:
        posts = [session.get_one(Post, post_id).state for post_id in (earlier, later)]
        assert posts == [PostState.IN_REVIEW] * 2
        for appointment_id in (town.appointments["first"], second_id):
            row = session.get_one(Appointment, appointment_id)
            assert row.state is AppointmentState.RECORDED
            assert row.recorder_ids == {town.people["lead"]}


@pytest.mark.parametrize("change", [correct, rename])
@pytest.mark.parametrize("table", ["appointments", "people"])
def test_a_worker_that_has_the_post_gets_the_approver_too(
    town: City, change: Callable[[City], None], table: str
) -> None:
    post_id = town.approved()
    key = {"appointments": town.appointments["first"], "people": town.people["first"]}[table]
    with ThreadPoolExecutor(1) as pool:
        with town.database.engine.begin() as worker:
            worker.execute(text(SHARE.format("posts")), {"id": post_id})
            changing = pool.submit(change, town)
            wait_until_blocked(town)
            worker.execute(text(SHARE.format(table)), {"id": key})
        changing.result(30)
    with town.read() as session:
        assert session.get_one(Post, post_id).state is PostState.IN_REVIEW


def test_an_address_refused_at_its_second_is_not_put_in_force(town: City) -> None:
    person_id = town.people["first"]
    with town.write() as session:
        with_password(session, session.get_one(Person, person_id))
    correct(town)
    town.clock.move(WAIT + timedelta(seconds=1))
    with ThreadPoolExecutor(1) as pool:
        with town.write() as session:
            # As a refusal begins: with the lock of the person.
            person = session.get_one(Person, person_id, with_for_update={"of": Person})
            change = session.scalars(select(ContactChange)).one()
            ticking = pool.submit(tick_contacts, town.database, now=town.now)
            wait_until_blocked(town)
            contact_corrections.refuse(
                session,
                actor=town.actor("lead"),
                person=person,
                change_id=change.id,
                now=town.now,
            )
        ticking.result(30)
    with town.read() as session:
        assert session.get_one(Person, person_id).mail == "first@pmc.example"
    assert tick_contacts(town.database, now=town.now) == 0
