"""Two people change rows at the same moment, each in a transaction of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from approvals.errors import NotAllowed
from approvals.policy import Role
from publisher.auth import one_time_links
from publisher.auth.contact_details import BadPerson
from publisher.auth.one_time_links import LinkSpent
from publisher.database.session import Database
from publisher.models.people import Appointment, Department, Person
from publisher.people import responsibility
from publisher.people.appointments import disable_person, end_appointment
from publisher.people.permissions import LastAdmin
from tests.support.city_people import NOON, acting, add_department, appoint

pytestmark = pytest.mark.both


def run_at_once(*acts: Callable[[], None]) -> list[NotAllowed]:
    """Run these acts at the same moment, and return the errors."""
    barrier, refused = threading.Barrier(len(acts)), list[NotAllowed]()

    def run(act: Callable[[], None]) -> None:
        barrier.wait(timeout=10)
        try:
            act()
        except NotAllowed as problem:
            refused.append(problem)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return refused


def two_admins(database: Database) -> tuple[Appointment, Appointment]:
    with database.transaction() as session:
        water = add_department(session, "water")
        return appoint(session, water, Role.ADMIN), appoint(session, water, Role.ADMIN)


def admins_left(database: Database) -> int:
    with database.reading() as session:
        return len(responsibility.holders(session, Role.ADMIN, now=NOON))


def test_two_admins_who_disable_each_other_leave_one(database: Database) -> None:
    first, other = two_admins(database)

    def disable(actor: Appointment, target: Appointment) -> None:
        with database.transaction() as session:
            person = session.get_one(Person, target.person_id)
            disable_person(session, actor=acting(actor), person=person, now=NOON)

    refused = run_at_once(lambda: disable(first, other), lambda: disable(other, first))
    assert [type(problem) for problem in refused] == [LastAdmin]
    assert admins_left(database) == 1


def test_two_admins_who_end_and_disable_each_other_leave_one(database: Database) -> None:
    first, other = two_admins(database)

    def end() -> None:
        with database.transaction() as session:
            appointment = session.get_one(Appointment, other.id)
            end_appointment(session, actor=acting(first), appointment=appointment, now=NOON)

    def disable() -> None:
        with database.transaction() as session:
            person = session.get_one(Person, first.person_id)
            disable_person(session, actor=acting(other), person=person, now=NOON)

    refused = run_at_once(end, disable)
    assert [type(problem) for problem in refused] == [LastAdmin]
    assert admins_left(database) == 1


def _record(database: Database, department: Department, mail: str, role: Role) -> None:
    with database.transaction() as session:
        appoint(session, department, role, mail=mail)


def test_two_officers_recorded_at_once_get_both_places_and_a_third_none(
    database: Database,
) -> None:
    with database.transaction() as session:
        water = add_department(session, "water")
    refused = run_at_once(
        *(
            lambda mail=mail: _record(database, water, mail, Role.OFFICER)
            for mail in ("a@pmc.example", "b@pmc.example", "c@pmc.example")
        )
    )
    assert [problem.code for problem in refused] == ["two_officers"]
    with database.reading() as session:
        assert [
            officer.rank for officer in responsibility.officers(session, water.id, now=NOON)
        ] == [1, 2]


def test_two_departments_recording_a_person_at_once_make_one_person(
    database: Database,
) -> None:
    with database.transaction() as session:
        departments = [add_department(session, code) for code in ("water", "road")]
    refused = run_at_once(
        *(
            lambda own_department=department: _record(
                database, own_department, "first@pmc.example", Role.MEMBER
            )
            for department in departments
        )
    )
    assert all(isinstance(problem, BadPerson) for problem in refused)
    with database.reading() as session:
        holders = responsibility.holders(session, Role.MEMBER, now=NOON)
        assert len({holder.person_id for holder in holders}) == 1
        assert len(holders) + len(refused) == 2


def test_a_link_posted_twice_at_once_is_used_once(database: Database) -> None:
    with database.transaction() as session:
        person = appoint(session, add_department(session, "water")).person
        link_subject = one_time_links.LinkSubject.of(person, one_time_links.LinkPurpose.INVITATION)
        lasts = NOON - NOON.replace(year=2025)
        token = one_time_links.make(session, link_subject, to="", now=NOON, lasts=lasts)
    barrier = threading.Barrier(2)

    def use() -> None:
        with database.transaction() as session:
            link = one_time_links.find(
                session, token=token, purpose=one_time_links.LinkPurpose.INVITATION, now=NOON
            )
        assert link is not None
        barrier.wait(timeout=10)
        with database.transaction() as session:
            one_time_links.use(session, link=link, now=NOON)

    refused = run_at_once(use, use)
    assert [type(problem) for problem in refused] == [LinkSpent]
