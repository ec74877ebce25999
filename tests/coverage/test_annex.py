"""The annex: who had named no officer on a day, by the circular and then by the officers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.coverage.annex import BadAnnexDay, annex
from publisher.database.session import Database
from publisher.models.people import Appointment, Person
from publisher.people import department_changes, register_data
from publisher.people.appointments import end_now, record_person
from publisher.people.department_orders import DepartmentNames, DepartmentOrder
from publisher.people.departments import find_departments, load_register
from publisher.people.permissions import COMMAND
from publisher.working_time import local_day
from tests.support.city import City
from tests.support.city_people import DAY, NOON

pytestmark = pytest.mark.twin
ADMIN = Actor(ActorKind.PERSON, role=Role.ADMIN)
CIRCULAR = date(2021, 7, 14)


def names(database: Database, on: date, days: int = 0) -> list[str]:
    with database.reading() as session:
        paper = annex(session, on=on, now=NOON + days * DAY)
        assert [row.number for row in paper.rows] == list(range(1, len(paper.rows) + 1))
        return [row.name_mr for row in paper.rows]


def test_the_annex_of_14_july_2021_is_the_circulars_number_by_number(database: Database) -> None:
    with database.transaction() as session:
        load_register(session, now=NOON)
    listed = [row for row in register_data.load() if row.annex_no is not None]
    assert [row.annex_no for row in listed] == list(range(1, 62))
    assert names(database, CIRCULAR) == [row.name_mr for row in listed]
    assert names(database, local_day(NOON - DAY)) == names(database, CIRCULAR)


def test_from_the_first_day_on_the_officers_of_that_day_count(database: Database) -> None:
    with database.transaction() as session:
        load_register(session, now=NOON)
        fire = find_departments(session, "fire")[0]
        officer = _record(session, fire.id, NOON + 2 * DAY)
        session.flush()
        end_now(session, officer, actor=COMMAND, now=NOON + 5 * DAY)
    today = local_day(NOON)
    assert len(names(database, today, days=9)) == 67
    for later, number in ((1, 67), (2, 66), (4, 66), (5, 67)):
        assert len(names(database, today + timedelta(days=later), days=9)) == number, later
    assert names(database, CIRCULAR, days=9)[0] == "अग्निशमन विभाग"


def _record(session: Session, department_id: int, at: datetime) -> Appointment:
    return record_person(
        session,
        actor=COMMAND,
        now=at,
        name_mr="मेधा सातपुते",
        mail="m@pmc.example",
        role=Role.OFFICER,
        department_id=department_id,
    )


def test_whoever_waits_for_confirmation_or_is_disabled_is_not_counted(town: City) -> None:
    today = local_day(town.now)
    before = names(town.database, today)
    assert "पथ विभाग" not in before
    with town.write() as session:
        appointment = session.get_one(Appointment, town.appointments["road_officer"])
        appointment.confirmed_at = None
        session.get_one(Person, town.people["first"]).disabled_at = town.now
        session.get_one(Person, town.people["second"]).disabled_at = town.now
    assert set(names(town.database, today)) - set(before) == {"पथ विभाग", "पाणीपुरवठा विभाग"}


def test_a_department_has_the_name_of_the_day_within_its_days_alone(
    database: Database,
) -> None:
    with database.transaction() as session:
        load_register(session, now=NOON)
        fire, roads = (find_departments(session, code)[0] for code in ("fire", "road"))
        for name, days in (("अग्निसेवा", 1), ("अग्निसेवा व बचाव", 3)):
            on = local_day(NOON + days * DAY)
            change = department_changes.rename(
                session,
                actor=ADMIN,
                now=NOON + days * DAY,
                department=fire,
                names=DepartmentNames(name, f"Fire {days}"),
                order=DepartmentOrder("४५", on),
            )
            assert change.done_at is not None
        roads.until_on = local_day(NOON)
    today = local_day(NOON)
    for days, name in ((0, "अग्निशमन विभाग"), (2, "अग्निसेवा"), (3, "अग्निसेवा व बचाव")):
        on = today + timedelta(days=days)
        assert names(database, on, days=9)[0] == name
        assert len(names(database, on, days=9)) == (67 if days == 0 else 66)
    assert names(database, CIRCULAR, days=9)[0] == "अग्निशमन विभाग"


@pytest.mark.parametrize(
    ("on", "code"),
    [(date(1990, 1, 1), "before_record"), (local_day(NOON + DAY), "not_yet")],
)
def test_there_is_no_annex_of_1990_or_of_tomorrow(town: City, on: date, code: str) -> None:
    with town.read() as session, pytest.raises(BadAnnexDay) as refused:
        annex(session, on=on, now=town.now)
    assert refused.value.code == code
