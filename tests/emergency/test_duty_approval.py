"""Who is on duty at once, and who only once a second admin or lead has approved it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.emergency import NotOnDuty
from approvals.errors import Overtaken, WrongRole
from approvals.policy import Role
from publisher.delivery.controls import stop
from publisher.models.emergency import Duty
from publisher.models.history import Wrote
from publisher.models.people import Appointment
from publisher.people import roster
from publisher.people.appointments import record_person
from publisher.people.roster import NeedsAnother, OwnDuty
from publisher.states import AppointmentState
from publisher.validation import Invalid, NotFound
from tests.support import emergency_steps
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, note_writer, record_by
from tests.support.emergency_steps import signed_in


def put_on(town: City, name: str, *, by: str = "lead", begins: timedelta = timedelta(0)) -> int:
    with town.write() as session:
        duty = roster.put_on(
            session,
            actor=town.actor(by),
            now=town.now,
            person_id=town.people[name],
            from_at=town.now + begins,
            until_at=town.now + begins + 12 * HOUR,
        )
        session.flush()
        return duty.id


def approve(town: City, duty_id: int, *, by: str = "admin") -> None:
    with town.write() as session:
        roster.approve(session, actor=town.actor(by), now=town.now, duty_id=duty_id)


def is_on_duty(town: City, name: str) -> bool:
    with town.read() as session:
        return roster.is_on_duty(session, town.actor(name), now=town.now)


def recorded(town: City, name: str, *, by: str, role: Role = Role.MEMBER) -> None:
    """Let somebody record a new person, who sets a password and signs in at once."""
    with town.write() as session:
        appointment = record_person(
            session,
            actor=town.actor(by),
            now=town.now,
            name_mr=name,
            mail=f"{name}@pmc.example",
            role=role,
            department_id=town.departments["road"],
            from_at=town.now - 30 * DAY,  # dated back: that makes it no older
        )
        appointment.state, appointment.taken_up_at = AppointmentState.ACTIVE, town.now
        session.flush()
        town.appointments[name], town.people[name] = appointment.id, appointment.person_id
        town.roles[name] = (role, "road")
    signed_in(town, name)


def test_a_confirmed_person_who_has_signed_in_is_on_duty_at_once(town: City) -> None:
    signed_in(town, "first")
    put_on(town, "first")
    assert is_on_duty(town, "first")


def test_who_has_never_signed_in_waits_and_has_no_right(town: City) -> None:
    template_id = emergency_steps.prepare_template(town)
    duty_id = put_on(town, "member")
    assert not is_on_duty(town, "member")
    with town.write() as session:
        assert [duty.id for duty in session.scalars(roster.waiting(now=town.now))] == [duty_id]
        assert duty_id not in [duty.id for duty in roster.current_duties(session, now=town.now)]
    with pytest.raises(NotOnDuty):
        emergency_steps.publish(town, template_id, by="member")
    with pytest.raises(WrongRole), town.write() as session:
        stop.stop_all(session, actor=town.actor("member"), now=town.now, reason="चुकीची पोस्ट")
    with town.read() as session:
        coming = session.scalars(roster.coming(now=town.now - HOUR))
        assert duty_id not in [duty.id for duty in coming]
    approve(town, duty_id)
    assert is_on_duty(town, "member")


def test_a_person_signed_in_under_another_appointment_waits(town: City) -> None:
    signed_in(town, "first")
    with town.write() as session:
        row = session.get_one(Appointment, town.appointments["first"])
        row.state = AppointmentState.RECORDED
    recorded(town, "first2", by="admin")
    with town.write() as session:  # the same person, in office under what was recorded just now
        row = session.get_one(Appointment, town.appointments["first2"])
        row.person_id = town.people["first"]
    put_on(town, "first")
    assert not is_on_duty(town, "first")


def test_an_unconfirmed_member_is_on_duty_at_once_only_after_72_hours(town: City) -> None:
    recorded(town, "new", by="admin")
    duty_id = put_on(town, "new")
    assert not is_on_duty(town, "new")
    with town.write() as session:
        roster.take_off(session, actor=town.actor("lead"), now=town.now, duty_id=duty_id)
    town.clock.move(roster.SETTLED - timedelta(seconds=1))
    duty_id = put_on(town, "new")
    assert not is_on_duty(town, "new")
    with town.write() as session:
        roster.take_off(session, actor=town.actor("lead"), now=town.now, duty_id=duty_id)
    town.clock.move(timedelta(seconds=1))
    put_on(town, "new")
    assert is_on_duty(town, "new")


@pytest.mark.parametrize("wrote", [Wrote.RECORDED, Wrote.MOBILE])
def test_whom_the_actor_recorded_waits_for_a_second_person(town: City, wrote: Wrote) -> None:
    signed_in(town, "first")
    with town.write() as session:
        note_writer(session, town.appointments["first"], town.people["lead"], wrote)
    duty_id = put_on(town, "first")
    assert not is_on_duty(town, "first")
    approve(town, duty_id)
    assert is_on_duty(town, "first")
    with town.read() as session:
        duty = session.get_one(Duty, duty_id)
        assert duty.recorded_by_id == town.people["lead"]
        assert duty.approved_by_id == town.people["admin"]
    assert town.verbs("duties", duty_id) == ["propose_duty", "approve_duty"]


def test_the_second_is_another_one_who_keeps_the_roster(town: City) -> None:
    town.appoint("other_lead", Role.CELL_LEAD, "information-technology")
    duty_id = put_on(town, "member")
    with pytest.raises(NeedsAnother):
        approve(town, duty_id, by="lead")
    for name in ("clerk", "head", "oversight", "auditor", "member"):
        with pytest.raises(WrongRole):
            approve(town, duty_id, by=name)
    with town.write() as session:  # the proposer's own second mailbox
        record_by(session, town.appointments["other_lead"], town.people["lead"])
    with pytest.raises(NeedsAnother):
        approve(town, duty_id, by="other_lead")
    own_id = put_on(town, "other_lead", by="admin")
    with pytest.raises(OwnDuty):
        approve(town, own_id, by="other_lead")
    assert not is_on_duty(town, "member")


def test_a_duty_is_approved_once_and_never_after_it_is_over(town: City) -> None:
    duty_id = put_on(town, "member")
    approve(town, duty_id)
    with pytest.raises(Overtaken):
        approve(town, duty_id)
    taken_back = put_on(town, "road_member")
    with town.write() as session:
        roster.take_off(session, actor=town.actor("lead"), now=town.now, duty_id=taken_back)
    with pytest.raises(NotFound):
        approve(town, taken_back)
    late, left = put_on(town, "health_member"), put_on(town, "garden_member")
    town.end("garden_member")
    with pytest.raises(Invalid):
        approve(town, left)
    town.clock.move(12 * HOUR)
    with pytest.raises(NotFound):
        approve(town, late)


def test_all_who_have_to_know_are_told_and_the_second_is_asked(town: City) -> None:
    emergency_steps.prepare_template(town, duty="clerk")
    before = town.notified("duty_given")
    duty_id = put_on(town, "member")
    assert town.notified("duty_waits")[-1:] == ["admin"] or "admin" in town.notified("duty_waits")
    assert town.notified("duty_given") == before
    assert "member" not in town.notified("duty_recorded")
    approve(town, duty_id)
    assert "member" in town.notified("duty_recorded")
    told = list(town.notified("duty_given"))
    for name in before:
        told.remove(name)
    # On duty, lead, and the head of the department that owns the template; the admin did it.
    assert sorted(told) == ["clerk", "head", "lead"]
