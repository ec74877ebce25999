"""The states of departments add up, and follow the life of their officers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from publisher.coverage.states import (
    DepartmentCoverage,
    OfficerState,
    by_line,
    count_uncovered,
    counts_of,
    coverage,
)
from publisher.models.people import Appointment, Department, Person, SignIn
from publisher.models.posts import Decision
from publisher.states import AppointmentState
from tests.support.city import City, statements
from tests.support.city_people import DAY, HOUR

pytestmark = pytest.mark.both
NONE, ONE, TWO = OfficerState.NONE, OfficerState.ONE, OfficerState.TWO
ACTIVE, UNSEEN = OfficerState.ACTIVE, OfficerState.UNSEEN


def rows_of(town: City) -> dict[str, DepartmentCoverage]:
    with town.read() as session:
        return {row.department.code: row for row in coverage(session, now=town.now)}


def state(town: City, code: str = "water") -> OfficerState:
    return rows_of(town)[code].state


def sign_in(town: City, name: str, *, days_ago: int) -> None:
    at = town.now - days_ago * DAY
    with town.write() as session:
        session.add(
            SignIn(
                token_digest=f"{name} {days_ago}",
                person_id=town.people[name],
                appointment_id=town.appointments[name],
                signed_in_at=at - HOUR,
                proved_at=at - HOUR,
                seen_at=at,
            )
        )


def change(town: City, name: str, **columns: object) -> None:
    with town.write() as session:
        session.execute(
            update(Appointment).where(Appointment.id == town.appointments[name]).values(**columns)
        )


def test_every_department_is_in_one_state_and_the_states_add_up(town: City) -> None:
    with town.read() as session, statements(town.database) as executed:
        rows = coverage(session, now=town.now)
        assert len(executed) == 1
        assert count_uncovered(session, now=town.now) == (4, 5)
    assert {row.department.code: row.state for row in rows} == {
        "information-technology": NONE,
        "water": UNSEEN,
        "road": ONE,
        "health": NONE,
        "garden": NONE,
    }
    assert sum(counts_of([row.state for row in rows]).values()) == len(rows) == 5


def test_two_officers_are_seen_if_one_has_signed_in_or_decided(town: City) -> None:
    assert state(town) is UNSEEN
    sign_in(town, "second", days_ago=31)
    assert state(town) is UNSEEN
    sign_in(town, "second", days_ago=29)
    assert state(town) is ACTIVE


def test_a_decision_counts_as_seen_without_any_session(town: City) -> None:
    town.approved(on=["x"])
    with town.write() as session:
        session.execute(update(SignIn).values(seen_at=town.now - 90 * DAY))
        assert session.query(Decision).count() == 1
    assert state(town) is ACTIVE
    town.clock.move(31 * DAY)
    assert state(town) is UNSEEN


def test_officers_who_are_confirmed_count_and_those_who_wait_do_not(town: City) -> None:
    change(town, "first", state=AppointmentState.CONFIRMED, taken_up_at=None)
    assert state(town) is TWO
    change(town, "first", state=AppointmentState.RECORDED, confirmed_at=None)
    assert state(town) is ONE
    with town.write() as session:
        session.get_one(Person, town.people["second"]).disabled_at = town.now
    assert state(town) is NONE


def test_the_end_of_the_month_before_is_compared(town: City) -> None:
    month_ago = town.now - 40 * DAY
    for name in ("first", "second"):
        change(town, name, from_at=month_ago, confirmed_at=month_ago, taken_up_at=month_ago)
    change(town, "second", taken_up_at=town.now)
    assert rows_of(town)["water"].before is TWO
    assert rows_of(town)["road"].before is NONE, "its officer came in this month"
    with town.write() as session:
        garden = session.get_one(Department, town.departments["garden"])
        garden.from_on = town.now.date() - timedelta(days=2)
    assert rows_of(town)["garden"].before is None
    town.end("first")
    assert state(town) is ONE
    assert rows_of(town)["water"].before is TWO, "whoever has left since counted then"


def test_departments_stand_by_the_office_above_and_those_with_none_last(town: City) -> None:
    with town.write() as session:
        water = session.get_one(Department, town.departments["water"])
        water.reports_to_id = town.departments["information-technology"]
    with town.read() as session:
        lines = by_line(coverage(session, now=town.now))
        names = [(above.code if above else None, len(rows)) for above, rows in lines]
    assert names == [("information-technology", 1), (None, 4)]
