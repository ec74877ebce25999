"""The duty roster: who is on duty at which times, and who may change it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest

from approvals.errors import WrongRole
from publisher.models.emergency import Duty
from publisher.people import roster
from publisher.people.roster import OwnDuty
from publisher.validation import Invalid, NotFound
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import DAY, HOUR


def add_duty(
    town: City,
    name: str,
    *,
    begins: datetime | None = None,
    ends: datetime | None = None,
    by: str = "lead",
) -> int:
    if name in town.people:
        emergency_steps.signed_in(town, name)
    with town.write() as session:
        return roster.put_on(
            session,
            actor=town.actor(by),
            now=town.now,
            person_id=town.people.get(name, 0),
            from_at=begins,
            until_at=ends,
        ).id


def names(town: City, duties: Iterable[Duty]) -> list[str]:
    names_by_id = {person_id: name for name, person_id in town.people.items()}
    return [names_by_id[duty.person_id] for duty in duties]


def test_who_is_on_duty_now_who_next_and_who_was(town: City) -> None:
    add_duty(town, "first", ends=town.now + HOUR)
    add_duty(town, "member", begins=town.now + HOUR, ends=town.now + 2 * HOUR)
    town.clock.move(HOUR)
    with town.read() as session:
        assert names(town, roster.current_duties(session, now=town.now)) == ["member"]
        assert names(town, session.scalars(roster.past(now=town.now))) == ["first"]
        assert session.scalars(roster.coming(now=town.now)).all() == []
        earlier = town.now - HOUR
        assert names(town, session.scalars(roster.coming(now=earlier))) == ["member"]
    assert town.notified("duty_recorded") == ["first", "member"]


def test_admin_and_lead_keep_it_and_nobody_else(town: City) -> None:
    add_duty(town, "first", ends=town.now + HOUR, by="admin")
    for name in ("clerk", "head", "oversight", "auditor", "member"):
        with pytest.raises(WrongRole):
            add_duty(town, "second", ends=town.now + HOUR, by=name)


def test_nobody_puts_themselves_on_or_off(town: City) -> None:
    with pytest.raises(OwnDuty):
        add_duty(town, "lead", ends=town.now + HOUR)
    duty_id = add_duty(town, "lead", ends=town.now + HOUR, by="admin")
    with town.write() as session, pytest.raises(OwnDuty):
        roster.take_off(session, actor=town.actor("lead"), now=town.now, duty_id=duty_id)


def test_a_duty_that_was_taken_back_stays_in_the_history(town: City) -> None:
    duty_id = emergency_steps.add_duty(town)
    with town.write() as session:
        roster.take_off(session, actor=town.actor("lead"), now=town.now, duty_id=duty_id)
    with town.read() as session:
        (over,) = session.scalars(roster.past(now=town.now))
        assert (over.ended_at, over.ended_by_id) == (town.now, town.people["lead"])
        assert roster.current_duties(session, now=town.now) == []
    with town.write() as session, pytest.raises(NotFound):
        roster.take_off(session, actor=town.actor("lead"), now=town.now, duty_id=duty_id)
    assert town.verbs("duties", duty_id) == ["put_on_duty", "take_off_duty"]


def test_what_is_wrong_is_told_at_its_field(town: City) -> None:
    add_duty(town, "first", ends=town.now + HOUR)
    cases = [
        ("nobody", town.now + HOUR, [("person_id", "unknown_person")]),
        ("second", None, [("until_day", "required")]),
        ("second", town.now, [("until_day", "before_begin")]),
        ("second", town.now + 32 * DAY, [("until_day", "too_long_duty")]),
        ("first", town.now + 2 * HOUR, [("person_id", "on_duty_already")]),
    ]
    for name, ends, codes in cases:
        with pytest.raises(Invalid) as refused:
            add_duty(town, name, ends=ends)
        assert refused.value.codes == codes, name


def test_whoever_has_left_or_is_shut_out_is_not_put_on(town: City) -> None:
    town.end("second")
    town.disable("member")
    for name in ("second", "member"):
        with pytest.raises(Invalid):
            add_duty(town, name, begins=town.now + HOUR, ends=town.now + 2 * HOUR)


def test_whoever_is_shut_out_while_on_duty_is_called_no_more(town: City) -> None:
    emergency_steps.add_duty(town, "member")
    town.disable("member")
    with town.read() as session:
        assert roster.current_duties(session, now=town.now) == []
