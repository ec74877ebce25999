"""Admins and auditors see refused sign-ins, changes of rights and channels, and exports."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from publisher.auth.throttling import MOST_PER_IDENTIFIER
from publisher.database.session import Database
from publisher.models.people import Person
from publisher.operations.access_log import (
    PAGE,
    AccessKind,
    AccessRow,
    access_log,
    count_refused,
)
from publisher.people import access_end, appointments, password_reset
from publisher.people.permissions import COMMAND
from publisher.reports import export
from publisher.reports.submission_filters import SubmissionFilter, SubmissionView
from publisher.working_time import local_day
from tests.support.city import City, statements
from tests.support.passwords import PASSWORD, give_password, signed_in_as

pytestmark = pytest.mark.twin

DAY = timedelta(days=1)
MAIL = "member@pmc.example"


def verbs(town: City, kind: AccessKind | None = None) -> list[str]:
    return [row.event.verb for row in rows(town, kind=kind)]


def rows(
    town: City,
    *,
    kind: AccessKind | None = None,
    person_id: int | None = None,
    day: date | None = None,
) -> list[AccessRow]:
    with town.read() as session:
        return list(access_log(session, kind=kind, person_id=person_id, day=day).rows)


def refuse(town: City, times: int, mail: str = MAIL) -> None:
    with town.write() as session:
        for _ in range(times):
            signed_in_as(session, mail, "not the password", now=town.now)


def test_each_kind_is_listed_with_whom_it_concerns_and_who_did_it(town: City) -> None:
    give_password(town, "member", PASSWORD)
    refuse(town, 1)
    admin = town.actor("admin")
    with town.write() as session:
        person = session.get_one(Person, town.people["member"])
        appointments.disable_person(session, actor=admin, person=person, now=town.now)
        appointments.enable_person(session, actor=admin, person=person, now=town.now)
        access_end.end_all(session, actor=admin, person=person, now=town.now)
        password_reset.ask(session, identifier=MAIL, address="192.0.2.1", now=town.now)
        everything = SubmissionFilter(SubmissionView.ALL)
        actor = town.actor("member")
        export.start(session, actor=actor, now=town.now, filters=everything)
    assert verbs(town, AccessKind.REFUSED) == ["refuse_sign_in"]
    assert verbs(town, kind=AccessKind.CHANNELS) == ["forget_password"]
    assert verbs(town, kind=AccessKind.EXPORTS) == ["export"]
    newest = ["end_access", "enable_person", "disable_person"]
    assert verbs(town, kind=AccessKind.RIGHTS)[:3] == newest
    assert {row.person.id for row in rows(town)[:6] if row.person} == {town.people["member"]}
    disabling = rows(town, kind=AccessKind.RIGHTS)[2].event
    assert disabling.person_id == town.people["admin"]


def test_everyday_work_is_not_listed(town: City) -> None:
    give_password(town, "member", PASSWORD)
    before = verbs(town)
    with town.write() as session:
        signed_in_as(session, MAIL, now=town.now)
    with town.write() as session:
        person = session.get_one(Person, town.people["member"])
        person.password_hash = None
    town.hand_in()
    assert verbs(town) == before


def test_it_is_read_by_person_and_by_day_of_the_city(town: City) -> None:
    for name in ("member", "clerk"):
        give_password(town, name, PASSWORD)
    refuse(town, 2)
    refuse(town, 1, "clerk@pmc.example")
    refuse(town, 1, "nobody@pmc.example")
    first_day = local_day(town.now)
    town.clock.move(DAY)
    refuse(town, 1)
    refused = AccessKind.REFUSED
    member, clerk = town.people["member"], town.people["clerk"]
    assert len(rows(town, kind=refused)) == 5
    assert len(rows(town, kind=refused, person_id=member)) == 3
    assert len(rows(town, kind=refused, person_id=member, day=first_day)) == 2
    assert len(rows(town, kind=refused, day=first_day + DAY)) == 1
    with town.read() as session:
        counts = [
            (count.day, count.person.id if count.person else None, count.number)
            for count in count_refused(session)
        ]
        assert counts[0] == (first_day + DAY, member, 1)
        assert set(counts[1:]) == {
            (first_day, member, 2),
            (first_day, clerk, 1),
            (first_day, None, 1),
        }
        of_clerk = count_refused(session, person_id=clerk, day=first_day)
        assert [count.number for count in of_clerk] == [1]


def test_pages_leave_nothing_out_and_repeat_nothing(town: City) -> None:
    with town.write() as session:
        person = session.get_one(Person, town.people["member"])
        for number in range(PAGE):
            now = town.now + timedelta(seconds=number // 2)
            access_end.end_all(session, actor=COMMAND, person=person, now=now)
    seen, after = [], None
    while True:
        with town.read() as session:
            page = access_log(session, kind=AccessKind.RIGHTS, after=after)
        seen += [row.event.id for row in page.rows]
        after = page.following
        if after is None:
            break
    assert len(seen) == len(set(seen)) > PAGE
    assert seen == sorted(seen, reverse=True)


def test_a_page_of_the_log_is_read_by_its_own_index_in_few_statements(
    town: City, database: Database
) -> None:
    refuse(town, MOST_PER_IDENTIFIER)
    with statements(town.database) as executed, town.read() as session:
        access_log(session)
    assert len(executed) <= 7
    if database.is_sqlite:
        with town.read() as session:
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {executed[0]}", ("a", "b", "c", "d", "e", 51, 0)
            )
            assert "ix_events_access" in str(plan.all())


def test_exports_are_recorded_with_their_size(town: City) -> None:
    with town.write() as session:
        export.record_export(session, actor=town.actor("clerk"), now=town.now, rows=7)
    (row,) = rows(town, kind=AccessKind.EXPORTS)
    assert row.event.details == {"page": "submissions", "rows": 7}
    assert row.person is not None
    with town.read() as session:
        assert session.scalars(select(Person.id).where(Person.id == row.person.id)).one()
