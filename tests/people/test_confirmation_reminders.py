"""A head who was asked to confirm an officer is reminded every working day, for three of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.people import confirmation
from publisher.people.appointment_notices import tick_appointments
from publisher.states import AppointmentState
from tests.support.city_people import DAY, HOUR, NOON, CityPeople, appoint, city_people, note_writer


@pytest.fixture
def city(database: Database) -> CityPeople:
    rows = city_people(database)
    rows.end("second")
    with rows.write() as session:
        session.execute(update(Appointment).values(told_at=NOON))
    return rows


def record(city: CityPeople, after: timedelta = timedelta(0)) -> int:
    """Record an officer of the water supply that long after noon; return the appointment's id."""
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        row = appoint(session, water, name="चारुता", actor=city.actor("lead"), now=NOON + after)
        session.flush()
        return row.id


def reminders(city: CityPeople, days: float = 9, step: timedelta = HOUR) -> list[timedelta]:
    """Run the ticks from noon on, and return how long after it the head was reminded."""
    at = NOON
    while at <= NOON + days * DAY:
        tick_appointments(city.database, now=at)
        at += step
    with city.read() as session:
        query = select(Notice).where(
            Notice.kind == "appointments_wait",
            Notice.person_id == city.people["head"],
            Notice.subject.startswith("आठवण"),
        )
        return [row.queued_at - NOON for row in session.scalars(query.order_by(Notice.id))]


def test_every_working_day_until_the_three_are_over(city: CityPeople) -> None:
    record(city)  # on a Wednesday
    assert [span // DAY for span in reminders(city)] == [1, 2]  # Thursday and Friday


def test_no_reminder_on_a_day_on_which_the_offices_are_closed(city: CityPeople) -> None:
    record(city, after=2 * DAY)
    spans = reminders(city)
    days = [(NOON + span).weekday() for span in spans]
    assert days == [0, 1]  # Monday and Tuesday
    assert all(10 <= (NOON + span + timedelta(hours=5.5)).hour < 18 for span in spans)


def test_one_message_a_day_has_all_who_wait(city: CityPeople) -> None:
    city.end("first")
    record(city)
    record(city, after=3 * HOUR)
    assert len(reminders(city, days=1.9)) == 1
    with city.read() as session:
        query = select(Notice.body).where(Notice.subject.startswith("आठवण"))
        assert all(body.count("चारुता") == 2 for body in session.scalars(query))


def test_none_once_the_head_has_acted(city: CityPeople) -> None:
    appointment_id = record(city)
    with city.write() as session:
        row = session.get_one(Appointment, appointment_id)
        digests = {row.id: confirmation.confirmation_digest(row)}
        confirmation.confirm(session, actor=city.actor("head"), now=NOON, digests=digests)
        assert row.state is AppointmentState.CONFIRMED
    assert reminders(city) == []


def test_no_head_is_reminded_of_what_they_may_not_confirm(city: CityPeople) -> None:
    appointment_id = record(city)
    with city.write() as session:
        note_writer(session, appointment_id, city.people["head"])
    assert reminders(city) == []
