"""Officers who are named and have not come are invited again after three and seven days."""

from __future__ import annotations

from sqlalchemy import select

from publisher.models.people import Person
from publisher.people.appointment_notices import tick_appointments
from tests.nominations.steps import Calls
from tests.support.passwords import set_password


def tick(calls: Calls) -> int:
    """Run the tick, and return how many officers it invited."""
    before = len(calls.notices("invitation"))
    tick_appointments(calls.city.database, now=calls.city.now)
    return len({notice.person_id for notice in calls.notices("invitation")[before:]})


def test_they_are_reminded_twice_by_mail_and_sms_until_they_come(calls: Calls) -> None:
    calls.head()
    calls.open()
    calls.name()
    before = len(calls.notices("invitation"))
    calls.wait(2)
    assert tick(calls) == 0
    calls.wait(3)  # a Monday: the third day was a Saturday
    assert tick(calls) == 2
    again = calls.notices("invitation")[before:]
    assert sorted(notice.channel for notice in again) == ["mail", "sms", "sms"]
    assert all(notice.subject.startswith("आठवण") for notice in again)
    assert tick(calls) == 0
    calls.wait(2)
    with calls.city.write() as session:
        person = session.scalars(select(Person).where(Person.name_mr == "रमेश मोरे")).one()
        set_password(session, person, "दोन डोंगर निळी होडी", now=calls.city.now)
    assert tick(calls) == 1
    calls.wait(7)
    assert tick(calls) == 0


def test_nobody_is_reminded_at_night_or_before_the_confirmation(calls: Calls) -> None:
    calls.head(mobile=None)
    calls.open()
    calls.name(is_proven=False)
    calls.wait(5)
    assert tick(calls) == 0
    calls.confirm(*(row.id for row in calls.officers()))
    calls.wait(4.5)
    assert tick(calls) == 0  # midnight
