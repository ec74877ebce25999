from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from approvals.errors import WrongRole, WrongState
from approvals.policy import Role
from publisher.auth.contact_details import BadPerson
from publisher.database.session import Database
from publisher.models.history import Event
from publisher.models.people import Appointment, Person
from publisher.people import appointments, permissions
from publisher.people.appointments import disable_person, enable_person, end_appointment
from publisher.people.permissions import LastAdmin, OwnAppointment, SomebodyExists
from tests.support.city_people import NOON, acting, add_department, appoint, verbs
from tests.support.passwords import with_password

DAY = timedelta(days=1)


def refusal(problem: pytest.ExceptionInfo[BadPerson]) -> tuple[str, str]:
    return problem.value.field, problem.value.code


def test_a_recorded_officer_is_the_first_and_the_next_one_the_second(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        assert [appoint(session, water).rank for _ in range(2)] == [1, 2]


@pytest.mark.both
def test_a_third_officer_is_refused_until_one_has_ended(database: Database) -> None:
    with database.transaction() as session:
        water = add_department(session, "water")
        first, _second = appoint(session, water), appoint(session, water)
        with pytest.raises(BadPerson) as problem:
            appoint(session, water)
        assert refusal(problem) == ("role", "two_officers")
        end_appointment(session, actor=permissions.COMMAND, appointment=first, now=NOON)
        assert appoint(session, water).rank == 1


def test_a_rank_that_is_taken_or_unknown_is_refused(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        assert appoint(session, water, rank=2).rank == 2
        for rank, code in ((2, "taken"), (3, "unknown")):
            with pytest.raises(BadPerson) as problem:
                appoint(session, water, rank=rank)
            assert refusal(problem) == ("rank", code)
        with pytest.raises(BadPerson) as problem:
            appoint(session, water, Role.MEMBER, rank=1)
        assert refusal(problem) == ("rank", "only_officers")


def test_a_department_has_one_head(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water, road = add_department(session, "water"), add_department(session, "road")
        appoint(session, water, Role.HEAD)
        appoint(session, road, Role.HEAD)
        with pytest.raises(BadPerson) as problem:
            appoint(session, water, Role.HEAD)
        assert refusal(problem) == ("role", "head_exists")


def test_a_person_known_by_mail_or_mobile_gets_a_second_appointment(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water, road = add_department(session, "water"), add_department(session, "road")
        first = appoint(session, water, mail="first@pmc.example", mobile="9822012345")
        second = appoint(session, road, mail="FIRST@pmc.example")
        third = appoint(session, road, Role.MEMBER, mobile="+91 98220 12345")
        assert first.person is second.person is third.person
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_a_reassigned_address_does_not_appoint_its_former_owner(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        water, road = add_department(session, "water"), add_department(session, "road")
        appoint(session, water, mail="office@pmc.example", mobile="9822012345")
        for fields, expected in (
            ({"name": "सुनील माने", "mail": "office@pmc.example"}, ("name_mr", "differs")),
            ({"mail": "office@pmc.example", "mobile": "9822054321"}, ("mobile", "differs")),
            ({"mail": "other@pmc.example", "mobile": "9822012345"}, ("mail", "differs")),
        ):
            with pytest.raises(BadPerson) as problem:
                appoint(session, road, **fields)  # type: ignore[arg-type]  # texts, all of them
            assert refusal(problem) == expected


def test_mail_and_mobile_of_two_people_appoint_neither(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        appoint(session, water, mail="first@pmc.example")
        appoint(session, water, mobile="9822012345")
        with pytest.raises(BadPerson) as problem:
            appoint(session, water, Role.MEMBER, mail="first@pmc.example", mobile="9822012345")
        assert refusal(problem) == ("mobile", "another_person")


def test_a_cell_lead_cannot_give_an_admin_another_address(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        admin = appoint(session, water, Role.ADMIN, mobile="9822012345")
        lead = appoint(session, water, Role.CELL_LEAD)
        with pytest.raises(WrongRole):
            appoint(
                session, water, mail="thief@pmc.example", mobile="9822012345", actor=acting(lead)
            )
        assert admin.person.mail is None


def test_recording_adds_no_channel_to_somebody_who_has_a_password(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water, road = add_department(session, "water"), add_department(session, "road")
        by_mail = with_password(session, appoint(session, water, mail="real@pmc.example").person)
        by_mobile = with_password(session, appoint(session, water, mobile="9822012345").person)
        lead = acting(appoint(session, water, Role.CELL_LEAD))
        for actor in (lead, permissions.COMMAND):
            for mail, mobile, added in (
                ("real@pmc.example", "5550008888", "mobile"),
                ("lead@pmc.example", "9822012345", "mail"),
            ):
                with pytest.raises(BadPerson) as problem:
                    appoint(session, road, Role.MEMBER, mail=mail, mobile=mobile, actor=actor)
                assert refusal(problem) == (added, "owners_alone")
        assert (by_mail.mobile, by_mobile.mail) == (None, None)
        second = appoint(session, road, Role.MEMBER, mail="real@pmc.example", actor=lead)
        assert second.person is by_mail


def test_somebody_who_can_be_reached_by_nothing_is_refused(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        with pytest.raises(BadPerson) as problem:
            appointments.record_person(
                session,
                actor=permissions.COMMAND,
                now=NOON,
                name_mr="मेधा सातपुते",
                role=Role.MEMBER,
                department_id=water.id,
            )
        assert refusal(problem) == ("mail", "missing")


def test_a_department_that_is_unknown_or_closed_gets_nobody(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        water.until_on = date(2026, 11, 24)
        with pytest.raises(BadPerson) as problem:
            appoint(session, water)
        assert refusal(problem) == ("department_id", "closed")
        water.id, closed = 999, water.id
        with session.no_autoflush, pytest.raises(BadPerson) as problem:
            appoint(session, water)
        water.id = closed
        assert refusal(problem) == ("department_id", "unknown")


def test_the_same_appointment_twice_is_refused(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        appoint(session, water, mail="first@pmc.example")
        with pytest.raises(BadPerson) as problem:
            appoint(session, water, mail="first@pmc.example")
        assert refusal(problem) == ("role", "already_appointed")


def test_nobody_changes_their_own_appointment_or_disables_themselves(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        appoint(session, water, Role.ADMIN)
        own = appoint(session, water, Role.ADMIN, mail="me@pmc.example")
        with pytest.raises(OwnAppointment):
            appoint(session, water, mail="me@pmc.example", actor=acting(own))
        with pytest.raises(OwnAppointment):
            end_appointment(session, actor=acting(own), appointment=own, now=NOON)
        with pytest.raises(OwnAppointment):
            disable_person(session, actor=acting(own), person=own.person, now=NOON)
        assert session.scalar(select(func.count()).select_from(Appointment)) == 2


def test_an_ended_appointment_is_over_at_that_moment_and_ends_once(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        appointment = appoint(session, add_department(session, "water"))
        end_appointment(session, actor=permissions.COMMAND, appointment=appointment, now=NOON + DAY)
        assert appointment.covers(NOON + DAY - timedelta(seconds=1))
        assert not appointment.covers(NOON + DAY)
        assert not appointment.in_force(NOON + DAY)
        with pytest.raises(WrongState):
            end_appointment(
                session, actor=permissions.COMMAND, appointment=appointment, now=NOON + DAY
            )


def test_an_appointment_that_has_not_begun_never_will_once_ended(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        appointment = appoint(session, add_department(session, "water"), from_at=NOON + DAY)
        end_appointment(session, actor=permissions.COMMAND, appointment=appointment, now=NOON)
        assert not any(appointment.in_force(NOON + DAY * days) for days in range(3))


def test_every_change_stands_in_the_history_with_who_made_it(database: Database) -> None:
    with database.transaction() as session:
        water = add_department(session, "water")
        lead = appoint(session, water, Role.CELL_LEAD)
        appointment = appoint(session, water, actor=acting(lead))
        disable_person(session, actor=acting(lead), person=appointment.person, now=NOON)
        enable_person(session, actor=acting(lead), person=appointment.person, now=NOON)
        end_appointment(session, actor=acting(lead), appointment=appointment, now=NOON)
        assert verbs(session, "appointments", appointment.id) == [
            "record_officer",
            "end_appointment",
        ]
        assert verbs(session, "people", appointment.person_id) == [
            "record_person",
            "disable_person",
            "enable_person",
        ]
        by = session.scalars(
            select(Event.person_id).where(Event.subject_id == appointment.id)
        ).all()
        assert lead.person_id in by
        assert appointment.recorded_by_id == lead.person_id


def test_a_cell_lead_disables_an_officer_but_no_admin_and_no_cell_staff(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        lead = acting(appoint(session, water, Role.CELL_LEAD))
        disable_person(session, actor=lead, person=appoint(session, water).person, now=NOON)
        for role in (Role.ADMIN, Role.CELL):
            person = appoint(session, water, role).person
            with pytest.raises(WrongRole):
                disable_person(session, actor=lead, person=person, now=NOON)


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in (Role.ADMIN, Role.CELL_LEAD)]
)
def test_nobody_else_disables_anybody(on_sqlite: Database, role: Role) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        person = appoint(session, water, Role.MEMBER).person
        with pytest.raises(WrongRole):
            disable_person(
                session, actor=acting(appoint(session, water, role)), person=person, now=NOON
            )


def test_disabling_twice_and_enabling_the_enabled_are_refused(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "water")).person
        with pytest.raises(WrongState):
            enable_person(session, actor=permissions.COMMAND, person=person, now=NOON)
        disable_person(session, actor=permissions.COMMAND, person=person, now=NOON)
        with pytest.raises(WrongState):
            disable_person(session, actor=permissions.COMMAND, person=person, now=NOON)


def test_a_disabled_person_is_not_appointed_again_by_the_way(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        person = appoint(session, water, mail="first@pmc.example").person
        disable_person(session, actor=permissions.COMMAND, person=person, now=NOON)
        with pytest.raises(BadPerson) as problem:
            appoint(session, water, Role.MEMBER, mail="first@pmc.example")
        assert refusal(problem) == ("mail", "disabled")


def test_the_last_admin_is_neither_ended_nor_disabled(database: Database) -> None:
    with database.transaction() as session:
        water = add_department(session, "water")
        last = appoint(session, water, Role.ADMIN)
        not_yet = appoint(session, water, Role.ADMIN, from_at=NOON + DAY)
        shut_out = appoint(session, water, Role.ADMIN)
        disable_person(session, actor=permissions.COMMAND, person=shut_out.person, now=NOON)
        with pytest.raises(LastAdmin):
            disable_person(session, actor=permissions.COMMAND, person=last.person, now=NOON)
        with pytest.raises(LastAdmin):
            end_appointment(session, actor=permissions.COMMAND, appointment=last, now=NOON)
        later = NOON + DAY
        end_appointment(session, actor=acting(not_yet), appointment=last, now=later)
        assert not last.in_force(later)


def test_the_first_admin_is_recorded_by_command_while_there_is_nobody(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        appointments.require_nobody(session, water.id, now=NOON)
        admin = appointments.record_person(
            session,
            actor=permissions.COMMAND,
            now=NOON,
            name_mr="मेधा",
            mail="medha@pmc.example",
            role=Role.ADMIN,
            department_id=water.id,
        )
        assert (admin.role, admin.recorded_by_id) == (Role.ADMIN, None)
        with pytest.raises(SomebodyExists):
            appointments.require_nobody(session, water.id, now=NOON)
