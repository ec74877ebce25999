"""The states of departments add up, and follow the life of their officers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, ColumnElement, event, insert, literal, select, text, update
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.auth import offices
from publisher.coverage.states import (
    DepartmentCoverage,
    OfficerState,
    count_states,
    count_uncovered,
    coverage,
    group_by_line,
)
from publisher.database.session import UtcDateTime
from publisher.models.history import Event
from publisher.models.people import Appointment, Department, Person, SignIn
from publisher.models.posts import Decision
from publisher.people import confirmation
from publisher.people.appointment_return import put_back
from publisher.people.appointments import (
    disable_person,
    enable_person,
    end_now,
    record_person,
)
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from publisher.working_time import day_bounds
from tests.support.city import City, statements
from tests.support.city_people import DAY, HOUR

pytestmark = pytest.mark.twin
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
    assert sum(count_states([row.state for row in rows]).values()) == len(rows) == 5


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


def move_to(town: City, month: int, day: int) -> None:
    """Move the clock to noon of a day of 2027."""
    town.clock.at = datetime(2027, month, day, 6, 30, tzinfo=UTC)


def record(town: City, session: Session) -> None:
    record_person(
        session,
        actor=COMMAND,
        now=town.now,
        name_mr="नवनाथ खराडे",
        mail="new@pmc.example",
        role=Role.OFFICER,
        department_id=town.departments["road"],
        from_at=town.now - 60 * DAY,  # the order is older than what was recorded
        waits=True,
    )


def newest(session: Session) -> Appointment:
    return session.scalars(select(Appointment).order_by(Appointment.id.desc()).limit(1)).one()


def confirm(town: City, session: Session) -> None:
    digests = {newest(session).id: confirmation.confirmation_digest(newest(session))}
    lead = town.actor("lead")
    confirmation.confirm(session, actor=lead, now=town.now, digests=digests)


def take_up(town: City, session: Session) -> None:
    offices.take_up(session, newest(session).person, now=town.now)


def doubt(town: City, session: Session) -> None:
    lead, rows = town.actor("lead"), [newest(session)]
    put_back(session, rows, approvals=[], actor=lead, now=town.now, verb="doubt")


def disable(town: City, session: Session) -> None:
    disable_person(session, actor=COMMAND, person=newest(session).person, now=town.now)


def enable(town: City, session: Session) -> None:
    enable_person(session, actor=COMMAND, person=newest(session).person, now=town.now)


def end(town: City, session: Session) -> None:
    end_now(session, newest(session), actor=COMMAND, now=town.now)


LIFE = (
    (record, ONE),
    (confirm, TWO),
    (take_up, UNSEEN),
    (doubt, ONE),
    (confirm, UNSEEN),
    (disable, ONE),
    (enable, UNSEEN),
    (end, ONE),
)


def test_every_day_shows_the_state_at_the_end_of_the_month_before(town: City) -> None:
    """Whatever happens to the officer in this month changes nothing in the one before."""
    before = ONE
    for month, (act, state_then) in enumerate(LIFE, start=1):
        for day in range(1, 28, 3):
            move_to(town, month, day)
            if day == 10:
                with town.write() as session:
                    act(town, session)
            road = rows_of(town)["road"]
            assert road.before is before, (month, day)
            assert road.state is (state_then if day >= 10 else before), (month, day)
        before = state_then


def test_seen_is_said_of_its_month_and_a_change_counts_from_its_day(town: City) -> None:
    move_to(town, 1, 20)
    sign_in(town, "first", days_ago=1)
    assert (rows_of(town)["water"].state, rows_of(town)["water"].before) == (ACTIVE, UNSEEN)
    move_to(town, 2, 26)
    sign_in(town, "second", days_ago=0)
    assert (rows_of(town)["water"].state, rows_of(town)["water"].before) == (ACTIVE, ACTIVE)
    town.clock.at = day_bounds(date(2027, 3, 1))[0]
    with town.write() as session:
        end_now(
            session,
            session.get_one(Appointment, town.appointments["first"]),
            actor=COMMAND,
            now=town.now,
        )
    assert (rows_of(town)["water"].state, rows_of(town)["water"].before) == (ONE, ACTIVE)
    move_to(town, 4, 1)
    assert rows_of(town)["water"].before is ONE


def test_a_department_that_began_in_this_month_was_not_in_force_before(town: City) -> None:
    with town.write() as session:
        garden = session.get_one(Department, town.departments["garden"])
        garden.from_on = town.now.date() - timedelta(days=2)
    assert rows_of(town)["garden"].before is None


def test_the_month_before_is_one_statement_by_the_index_of_the_events(town: City) -> None:
    series = select(literal(1).label("number")).cte("series", recursive=True)
    series = series.union_all(select(series.c.number + 1).where(series.c.number < 60_000))
    columns: dict[Any, ColumnElement[Any]] = {
        Event.at: literal(town.now - 50 * DAY, UtcDateTime()),
        Event.subject: literal("appointments"),
        Event.subject_id: 1_000 + series.c.number // 6,
        Event.verb: literal("record_officer"),
        Event.actor_kind: literal("clock"),
        Event.details: literal({}, JSON()),
    }
    with town.write() as session:
        session.execute(insert(Event).from_select(list(columns), select(*columns.values())))
        session.execute(text("ANALYZE"))
    sent: list[tuple[str, dict[str, object]]] = []

    def note(_connection: object, _cursor: object, *call: *tuple[Any, ...]) -> None:
        sent.append((call[0], call[1]))

    with town.read() as session:
        event.listen(session.connection(), "before_cursor_execute", note)
        coverage(session, now=town.now)
    ((statement, values),) = sent
    word = "EXPLAIN QUERY PLAN" if town.database.is_sqlite else "EXPLAIN"
    with town.database.engine.connect() as connection:
        plan = "\n".join(
            str(line) for line in connection.exec_driver_sql(f"{word} {statement}", values)
        )
    assert len(re.findall("ix_events_subject", plan)) >= 4, plan
    assert not re.search(r"SCAN events|Seq Scan on events", plan), plan


def test_departments_stand_by_the_office_above_and_those_with_none_last(town: City) -> None:
    with town.write() as session:
        water = session.get_one(Department, town.departments["water"])
        water.reports_to_id = town.departments["information-technology"]
    with town.read() as session:
        lines = group_by_line(coverage(session, now=town.now))
        names = [(above.code if above else None, len(rows)) for above, rows in lines]
    assert names == [("information-technology", 1), (None, 4)]
