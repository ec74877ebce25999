"""Officers and heads who are away by dates: who records it, who is told, and what it is not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from approvals.errors import WrongRole
from publisher.database.session import Database
from publisher.models.approvals import Absence
from publisher.models.people import Appointment
from publisher.people import absences
from publisher.validation import Invalid, NotFound
from tests.support.city_people import DAY, CityPeople, city_people

TODAY = date(2026, 11, 25)
DAY_ON = timedelta(days=1)
CELL = ["clerk", "lead", "other_clerk"]


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def record(
    city: CityPeople,
    name: str,
    *,
    by: str,
    begins: date | None = None,
    ends: date | None = TODAY + DAY_ON,
) -> int:
    with city.write() as session:
        absence = absences.record(
            session,
            actor=city.actor(by),
            now=city.now,
            person_id=city.people.get(name, 0),
            from_on=begins,
            until_on=ends,
        )
        session.flush()
        return absence.id


def end(city: CityPeople, absence_id: int, *, by: str) -> None:
    with city.write() as session:
        absences.end(session, actor=city.actor(by), now=city.now, absence_id=absence_id)


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("first", [*CELL[:1], "head", *CELL[1:]]),
        ("head", ["clerk", "first", "lead", "other_clerk"]),
        ("clerk", ["first", "head"]),
        ("lead", ["first", "head"]),
    ],
)
def test_person_head_or_cell_records_it_and_the_others_are_told(
    city: CityPeople, by: str, told: list[str]
) -> None:
    absence_id = record(city, "first", by=by)
    assert city.notified("away") == told
    assert city.verbs("absences", absence_id) == ["record_away"]
    with city.read() as session:
        assert session.get_one(Appointment, city.appointments["first"]).in_force(city.now)
    end(city, absence_id, by=by)
    assert city.notified("away") == sorted(told * 2)
    assert city.verbs("absences", absence_id) == ["record_away", "end_away"]


def test_nobody_else_records_or_ends_it(city: CityPeople) -> None:
    for name in ("admin", "oversight", "auditor", "member"):
        with pytest.raises(WrongRole):
            record(city, "first", by=name)
    for name in ("second", "road_officer", "health_head"):  # another officer, another department
        with pytest.raises(Invalid):
            record(city, "first", by=name)
    absence_id = record(city, "first", by="first")
    for name in ("second", "road_officer", "health_head"):
        with pytest.raises(NotFound):
            end(city, absence_id, by=name)
    for name in ("admin", "member"):
        with pytest.raises(WrongRole):
            end(city, absence_id, by=name)


def test_only_officers_and_heads_are_recorded(city: CityPeople) -> None:
    record(city, "head", by="head")
    for name in ("member", "clerk", "nobody"):
        with pytest.raises(Invalid):
            record(city, name, by="clerk")


@pytest.mark.parametrize(
    ("begins", "ends", "fields"),
    [
        (TODAY - DAY_ON, TODAY, ["from_on"]),
        (None, None, ["until_on"]),
        (TODAY + DAY_ON, TODAY, ["until_on"]),
        (TODAY, TODAY + 367 * DAY_ON, ["person_id", "until_on"]),
        (TODAY + 5 * DAY_ON, TODAY + 6 * DAY_ON, ["person_id"]),  # recorded already
    ],
)
def test_days_that_make_no_sense_are_refused(
    city: CityPeople, begins: date | None, ends: date | None, fields: list[str]
) -> None:
    record(city, "first", by="first", begins=TODAY + 6 * DAY_ON, ends=TODAY + 8 * DAY_ON)
    with pytest.raises(Invalid) as refused:
        record(city, "first", by="head", begins=begins, ends=ends)
    assert [problem.field for problem in refused.value.problems] == fields


@pytest.mark.twin
def test_it_holds_on_its_days_in_the_city_and_ends_early_once(city: CityPeople) -> None:
    absence_id = record(city, "first", by="first", begins=TODAY + DAY_ON)
    person_id = city.people["first"]

    def is_away() -> bool:
        with city.read() as session:
            return person_id in absences.absences_by_person(session, [person_id], now=city.now)

    assert not is_away()
    city.clock.move(timedelta(hours=12))  # midnight in the city
    assert is_away()
    end(city, absence_id, by="head")
    assert not is_away()
    with pytest.raises(NotFound):
        end(city, absence_id, by="first")
    city.clock.move(2 * DAY)
    with city.read() as session:
        assert session.get_one(Absence, absence_id).ended_by_id == city.people["head"]
