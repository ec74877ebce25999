"""An appointment gives no right before somebody else has confirmed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from approvals.errors import FreshSignInRequired, WrongRole, WrongState
from approvals.policy import Action, Actor, Role
from publisher.auth.refusals import SignInProblem, SignInRefusal
from publisher.auth.session_start import SignedIn
from publisher.auth.sessions import choose_appointment
from publisher.database.session import Database
from publisher.models.history import Wrote
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department
from publisher.people import confirmation, invitations, lookup, responsibility, roster
from publisher.people.appointment_notices import GATHERED, tick_appointments
from publisher.people.confirmation import ChangedSinceShown, MayNotConfirm, confirmation_digest
from publisher.people.permissions import COMMAND
from publisher.review import gate_adapter
from publisher.states import AppointmentState
from publisher.validation import Invalid
from tests.support.city_people import (
    DAY,
    NOON,
    CityPeople,
    acting,
    add_department,
    appoint,
    as_of,
    city_people,
    verbs,
)
from tests.support.passwords import set_password, signed_in_as

MAIL = "charuta@pmc.example"
PASSWORD = "dongar-mathyavar-dhag"


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def record(session: Session, city: CityPeople, role: Role, department: str, by: str) -> Appointment:
    """Let a person of the city record somebody new."""
    row = session.get_one(Department, city.departments[department])
    return appoint(session, row, role, name="चारुता", mail=MAIL, actor=city.actor(by), now=NOON)


def confirm(session: Session, appointment: Appointment, by: Actor) -> list[Appointment]:
    return confirmation.confirm(
        session, actor=by, now=NOON, digests={appointment.id: confirmation_digest(appointment)}
    )


@pytest.mark.parametrize(
    ("role", "state"),
    [
        *((role, "recorded") for role in ("admin", "cell_lead", "officer", "head")),
        *((role, "confirmed") for role in ("cell", "member", "oversight", "auditor")),
    ],
)
def test_who_approves_or_records_waits_and_others_take_up_at_once(
    city: CityPeople, role: str, state: str
) -> None:
    with city.write() as session:
        appointment = record(session, city, Role(role), "garden", "admin")
        assert appointment.state == state
        assert not appointment.in_force(NOON)
        set_password(session, appointment.person, PASSWORD, now=NOON)
        assert appointment.in_force(NOON) is (state == "confirmed")


def test_by_command_an_appointment_is_in_force_at_once(city: CityPeople) -> None:
    with city.write() as session:
        garden = session.get_one(Department, city.departments["garden"])
        appointment = appoint(session, garden, Role.OFFICER, actor=COMMAND)
        assert appointment.in_force(NOON)
        assert (appointment.confirmed_at, appointment.confirmed_by_id) == (NOON, None)


Gives = Callable[[Session, Appointment], bool]


def signs_in(session: Session, _appointment: Appointment) -> bool:
    return isinstance(signed_in_as(session, MAIL, PASSWORD), SignedIn)


def acts(session: Session, appointment: Appointment) -> bool:
    try:
        gate_adapter.check_in_office(session, acting(appointment), Action.APPROVE, now=NOON)
    except WrongRole:
        return False
    return True


def is_put_on_duty(session: Session, appointment: Appointment) -> bool:
    admin = next(iter(responsibility.holders(session, Role.ADMIN, now=NOON)))
    try:
        roster.put_on(
            session,
            actor=as_of(acting(admin), NOON),
            now=NOON,
            person_id=appointment.person_id,
            from_at=NOON,
            until_at=NOON + DAY,
        )
    except Invalid:
        return False
    return True


RIGHTS: dict[str, Gives] = {
    "signs in": signs_in,
    "acts": acts,
    "is put on duty": is_put_on_duty,
    "stands on the roster's list": lambda session, appointment: (
        appointment in roster.candidates(session, now=NOON)
    ),
    "is responsible": lambda session, appointment: (
        appointment
        in responsibility.responsible_chain(session, appointment.department_id, now=NOON)
    ),
    "is told as an officer": lambda session, appointment: (
        appointment in responsibility.holders(session, appointment.role, now=NOON)
    ),
    "is worked under": lambda session, appointment: (
        choose_appointment(session, appointment.person, now=NOON) is appointment
    ),
}


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD])
@pytest.mark.parametrize("is_confirmed", [False, True], ids=["recorded", "confirmed"])
def test_only_an_active_appointment_gives_a_right(
    city: CityPeople, role: Role, right: str, *, is_confirmed: bool
) -> None:
    with city.write() as session:
        appointment = record(session, city, role, "garden", "lead")
        if is_confirmed:
            confirm(session, appointment, city.actor("admin"))
            assert appointment.state is AppointmentState.CONFIRMED
        else:
            set_password(session, appointment.person, PASSWORD, now=NOON)
            assert appointment.state is AppointmentState.RECORDED
        assert not RIGHTS[right](session, appointment)
        if is_confirmed:
            set_password(session, appointment.person, PASSWORD, now=NOON)
        else:
            confirm(session, appointment, city.actor("admin"))
        assert RIGHTS[right](session, appointment)


def test_a_recorded_appointment_holds_its_place_and_says_so_at_the_sign_in(
    city: CityPeople,
) -> None:
    with city.write() as session:
        appointment = record(session, city, Role.OFFICER, "garden", "lead")
        garden = session.get_one(Department, appointment.department_id)
        assert (appointment.rank, appoint(session, garden).rank) == (1, 2)
        set_password(session, appointment.person, PASSWORD, now=NOON)
        refusal = signed_in_as(session, MAIL, PASSWORD)
        assert isinstance(refusal, SignInRefusal)
        assert refusal.code is SignInProblem.WAITS


@pytest.mark.parametrize("by", ["lead", "clerk", "member", "first", "oversight", "health_head"])
def test_neither_the_recorder_nor_who_has_no_say_confirms(city: CityPeople, by: str) -> None:
    with city.write() as session:
        road = session.get_one(Department, city.departments["road"])
        road.reports_to_id = city.departments["garden"]
        appointment = record(session, city, Role.OFFICER, "road", "lead")
        with pytest.raises((MayNotConfirm, WrongRole)):
            confirm(session, appointment, city.actor(by))
        assert appointment.state is AppointmentState.RECORDED


def test_an_admin_recorded_by_the_recorder_does_not_confirm_for_them(city: CityPeople) -> None:
    innocent = city.appoint("innocent", Role.ADMIN, "information-technology")
    with city.write() as session:
        other = record(session, city, Role.ADMIN, "information-technology", "admin")
        confirm(session, other, innocent)
        set_password(session, other.person, PASSWORD, now=NOON)
        garden = session.get_one(Department, city.departments["garden"])
        appointment = appoint(session, garden, actor=city.actor("admin"))
        with pytest.raises(MayNotConfirm):
            confirm(session, appointment, as_of(acting(other), NOON))
        confirm(session, appointment, city.actor("lead"))


def test_a_command_begins_a_hand_until_somebody_changes_an_address(
    city: CityPeople,
) -> None:
    with city.write() as session:
        other = record(session, city, Role.ADMIN, "information-technology", "admin")
        confirm(session, other, COMMAND)
        set_password(session, other.person, PASSWORD, now=NOON)
        garden = session.get_one(Department, city.departments["garden"])
        confirm(
            session,
            appoint(session, garden, actor=city.actor("admin")),
            as_of(acting(other), NOON),
        )
    # Recorded by command, but her address is the admin's since, and the lead's word was on that.
    with city.write() as session:
        lead = session.get_one(Appointment, city.appointments["lead"])
        lookup.confirm_again(
            session, lead.person, [Wrote.MAIL], actor=city.actor("admin"), now=NOON
        )
        assert lead.state is AppointmentState.RECORDED
        confirm(session, lead, as_of(acting(other), NOON))
        garden = session.get_one(Department, city.departments["garden"])
        second = appoint(session, garden, actor=city.actor("admin"))
        with pytest.raises(MayNotConfirm):
            confirm(session, second, city.actor("lead"))


def test_the_head_above_confirms_once_the_head_has_had_three_working_days(
    city: CityPeople,
) -> None:
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        water.reports_to_id = city.departments["health"]
    city.end("second")
    with city.write() as session:
        appointment = record(session, city, Role.OFFICER, "water", "lead")
        above = city.actor("health_head")
        with pytest.raises(MayNotConfirm):
            confirm(session, appointment, above)
        later = NOON + timedelta(days=6)
        confirmation.confirm(
            session,
            actor=as_of(above, later),
            now=later,
            digests={appointment.id: confirmation_digest(appointment)},
        )
        assert appointment.confirmed_by_id == city.people["health_head"]


def test_a_confirmation_covers_what_was_shown_happens_once_and_is_fresh(
    city: CityPeople,
) -> None:
    with city.write() as session:
        appointment = record(session, city, Role.OFFICER, "garden", "lead")
        digests = {appointment.id: confirmation_digest(appointment)}
        with pytest.raises(FreshSignInRequired):
            confirmation.confirm(
                session, actor=city.actor("admin", fresh=False), now=NOON, digests=digests
            )
        appointment.person.mobile = "+915550008888"
        with pytest.raises(ChangedSinceShown):
            confirmation.confirm(session, actor=city.actor("admin"), now=NOON, digests=digests)
        confirm(session, appointment, city.actor("admin"))
        with pytest.raises(WrongState):
            confirm(session, appointment, city.actor("admin"))
        assert verbs(session, "appointments", appointment.id) == [
            "record_officer",
            "confirm_appointment",
        ]


@pytest.mark.twin
def test_at_most_200_are_confirmed_at_once_also_by_a_forged_form(city: CityPeople) -> None:
    digests = dict.fromkeys(range(1, confirmation.MOST_AT_ONCE + 2), "")
    with city.write() as session, pytest.raises(Invalid) as refused:
        confirmation.confirm(session, actor=city.actor("admin"), now=NOON, digests=digests)
    assert refused.value.codes == [("chosen", "too_many")]


def test_what_nobody_in_office_may_confirm_is_named(city: CityPeople) -> None:
    with city.write() as session:
        by_admin = record(session, city, Role.OFFICER, "garden", "admin")
        garden = session.get_one(Department, city.departments["garden"])
        admin = appoint(session, garden, Role.ADMIN, name="वसंत", actor=city.actor("admin"))
        assert confirmation.find_unconfirmable(session, now=NOON) == [admin]
    city.end("lead")
    with city.read() as session:
        left = confirmation.find_unconfirmable(session, now=NOON)
        assert {row.id for row in left} == {by_admin.id, admin.id}


def test_what_the_head_above_may_confirm_in_time_is_left_to_somebody(city: CityPeople) -> None:
    city.end("second")
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        water.reports_to_id = city.departments["health"]
        record(session, city, Role.OFFICER, "water", "admin")
    for name in ("lead", "head"):
        city.end(name)
    with city.read() as session:
        assert confirmation.find_unconfirmable(session, now=NOON) == []
    city.end("health_head")
    with city.read() as session:
        assert len(confirmation.find_unconfirmable(session, now=NOON)) == 1


def test_an_address_filled_in_by_staff_lets_the_officer_wait_again(city: CityPeople) -> None:
    with city.write() as session:
        appointment = record(session, city, Role.OFFICER, "garden", "lead")
        confirm(session, appointment, city.actor("admin"))
        road = add_department(session, "culture")
        appoint(
            session,
            road,
            Role.MEMBER,
            name="चारुता",
            mail=MAIL,
            mobile="5550008888",
            actor=city.actor("admin"),
        )
        assert appointment.state is AppointmentState.RECORDED
        with pytest.raises(MayNotConfirm):
            confirm(session, appointment, city.actor("admin"))


def test_who_may_confirm_is_asked_and_others_told_once_and_gathered(city: CityPeople) -> None:
    with city.write() as session:
        session.execute(update(Appointment).values(told_at=NOON))
        garden = session.get_one(Department, city.departments["garden"])
        rows = [
            appoint(session, garden, role, name="चारुता", actor=city.actor("lead"))
            for role in (Role.OFFICER, Role.HEAD)
        ]
        digests = {row.id: confirmation_digest(row) for row in rows}
    later = NOON + GATHERED
    assert tick_appointments(city.database, now=later - timedelta(seconds=1)) == 0
    assert tick_appointments(city.database, now=later) == 2
    assert tick_appointments(city.database, now=later) == 0
    assert city.notified("appointments_wait") == ["admin"]  # the lead recorded them
    city.end("second")
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        water.reports_to_id = city.departments["information-technology"]
        officer = appoint(session, water, name="चारुता", actor=city.actor("lead"))
        digests[officer.id] = confirmation_digest(officer)
        confirmation.confirm(session, actor=city.actor("admin"), now=NOON, digests=digests)
    assert tick_appointments(city.database, now=later) == 3
    assert city.notified("appointed") == ["first", "head", "oversight"]
    with city.read() as session:
        query = select(Notice.body).where(Notice.kind == "appointed")
        assert all("अरुण टेकवडे" in body for body in session.scalars(query))


@pytest.mark.parametrize(("has_password", "way"), [(True, "साइन इन करावे"), (False, "निमंत्रणातील")])
def test_who_is_confirmed_is_told_once_and_what_is_left_to_do(
    city: CityPeople, has_password: bool, way: str
) -> None:
    with city.write() as session:
        appointment = record(session, city, Role.OFFICER, "garden", "lead")
        if has_password:
            set_password(session, appointment.person, PASSWORD, now=NOON)
        else:
            invitations.invite(
                session, actor=city.actor("lead"), person=appointment.person, now=NOON
            )
        confirm(session, appointment, city.actor("admin"))
    tick_appointments(city.database, now=NOON + GATHERED)
    with city.read() as session:
        query = select(Notice).where(Notice.address == MAIL, Notice.kind != "invitation")
        notice = session.scalars(query).one()
    assert notice.kind == "in_office"
    for text in ("समन्वयक", "बुधवार", "अरुण टेकवडे", way):
        assert text in notice.body
