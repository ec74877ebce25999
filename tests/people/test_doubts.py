"""Say "this is wrong" of a confirmed appointment, by the link that everybody gets who is told."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, Overtaken
from approvals.policy import Actor, ActorKind, Role
from publisher.auth.one_time_links import LinkPurpose
from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Link
from publisher.people import confirmation, doubts, personal_links
from publisher.people.appointment_notices import GATHERED, tick_appointments
from publisher.people.confirmation import MayNotConfirm
from publisher.people.doubts import DoubtOutlook, NotToldAnyMore
from publisher.people.permissions import COMMAND, LastAdmin
from publisher.people.personal_links import LinkCodeProblem
from publisher.states import AppointmentState
from tests.support.city_people import (
    DAY,
    HOUR,
    NOON,
    CityPeople,
    appoint,
    as_of,
    city_people,
    verbs,
)
from tests.support.passwords import set_password

TOLD = NOON + GATHERED
PASSWORD = "dongar-mathyavar-dhag"


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def confirm(city: CityPeople, appointment_id: int, by: str, at: datetime = NOON) -> None:
    with city.write() as session:
        appointment = session.get_one(Appointment, appointment_id)
        digests = {appointment_id: confirmation.confirmation_digest(appointment)}
        confirmation.confirm(session, actor=as_of(city.actor(by), at), now=at, digests=digests)


def confirmed(city: CityPeople, role: Role = Role.OFFICER, department: str = "water") -> int:
    """Let the lead record, and the admin confirm, somebody new; return the appointment's id."""
    if role is Role.OFFICER:
        city.end("second")
    with city.write() as session:
        session.execute(update(Appointment).values(told_at=NOON))
        row = session.get_one(Department, city.departments[department])
        recorder = city.actor("lead") if role is Role.OFFICER else COMMAND
        appointment = appoint(session, row, role, name="चारुता", actor=recorder)
        session.flush()
        set_password(session, appointment.person, PASSWORD, now=NOON)
        appointment.told_at = None
        appointment_id = appointment.id
    if role is Role.OFFICER:
        confirm(city, appointment_id, "admin")
    return appointment_id


def tokens(city: CityPeople, now: datetime = TOLD) -> dict[str, str]:
    """Let the others be told; return the tokens of their links, by name."""
    tick_appointments(city.database, now=now)
    names = {person_id: name for name, person_id in city.people.items()}
    with city.read() as session:
        query = select(Notice).where(Notice.kind == "appointed").order_by(Notice.id)
        return {
            names.get(row.person_id or 0, "new"): re.findall(r"/wrong/([\w-]+)", row.body)[0]
            for row in session.scalars(query)
        }


def link_of(session: Session, token: str, now: datetime = TOLD) -> Link:
    link = personal_links.find(session, token=token, purpose=LinkPurpose.DOUBT, now=now)
    assert link is not None
    return link


def say_wrong(city: CityPeople, token: str, now: datetime = TOLD) -> DoubtOutlook:
    with city.write() as session:
        link = link_of(session, token, now)
        by = Actor(ActorKind.LINK, person_id=link.person_id)
        return doubts.doubt(session, link=link, actor=by, now=now)


def state(city: CityPeople, appointment_id: int) -> AppointmentState:
    with city.read() as session:
        return session.get_one(Appointment, appointment_id).state


def test_everybody_who_is_told_has_a_link_of_their_own(city: CityPeople) -> None:
    confirmed(city)
    links = tokens(city)
    assert sorted(links) == ["first", "head"]  # the admin confirmed it; this oversight sees others
    assert len(set(links.values())) == 2


def test_within_72_hours_the_appointment_waits_again_and_others_are_told(
    city: CityPeople,
) -> None:
    appointment_id = confirmed(city)
    links = tokens(city)
    assert state(city, appointment_id) is AppointmentState.ACTIVE
    late = NOON + 72 * HOUR - timedelta(seconds=1)
    assert say_wrong(city, links["head"], late) is DoubtOutlook.PUTS_BACK
    with city.read() as session:
        appointment = session.get_one(Appointment, appointment_id)
        assert appointment.state is AppointmentState.RECORDED
        assert (appointment.confirmed_at, appointment.confirmed_by_id) == (None, None)
        assert verbs(session, "appointments", appointment_id)[-1] == "doubt_appointment"
    assert city.notified("appointment_doubted") == ["admin", "first", "lead"]
    tick_appointments(city.database, now=late + GATHERED)
    assert city.notified("appointments_wait") == ["head"]  # and not who confirmed it


def test_confirming_again_puts_it_right_at_once(city: CityPeople) -> None:
    appointment_id = confirmed(city)
    links = tokens(city)
    say_wrong(city, links["head"])
    for name in ("admin", "lead"):  # who confirmed it before, and who recorded it
        with pytest.raises(MayNotConfirm):
            confirm(city, appointment_id, name, TOLD + HOUR)
    confirm(city, appointment_id, "head", TOLD + HOUR)
    assert state(city, appointment_id) is AppointmentState.ACTIVE
    assert say_wrong(city, links["first"], TOLD + 2 * HOUR) is DoubtOutlook.DONE
    assert state(city, appointment_id) is AppointmentState.ACTIVE
    again = tokens(city, TOLD + 2 * HOUR)
    assert again["first"] != links["first"]
    assert say_wrong(city, again["first"], TOLD + 3 * HOUR) is DoubtOutlook.PUTS_BACK


@pytest.mark.parametrize("later", [72 * HOUR, 8 * DAY])
def test_later_only_the_admins_are_asked_to_look(city: CityPeople, later: timedelta) -> None:
    appointment_id = confirmed(city)
    links = tokens(city)
    assert say_wrong(city, links["head"], NOON + later) is DoubtOutlook.ASKS
    assert state(city, appointment_id) is AppointmentState.ACTIVE
    assert city.notified("appointment_doubted") == ["admin"]
    assert say_wrong(city, links["head"], NOON + later) is DoubtOutlook.SAID
    assert city.notified("appointment_doubted") == ["admin"]


def test_a_second_one_says_that_it_is_done_already(city: CityPeople) -> None:
    appointment_id = confirmed(city)
    links = tokens(city)
    assert say_wrong(city, links["head"]) is DoubtOutlook.PUTS_BACK
    assert say_wrong(city, links["first"]) is DoubtOutlook.DONE
    assert say_wrong(city, links["head"]) is DoubtOutlook.SAID
    assert city.verbs("appointments", appointment_id).count("doubt_appointment") == 1


@pytest.mark.both
def test_two_at_once_have_one_effect(city: CityPeople) -> None:
    appointment_id = confirmed(city)
    links = tokens(city)
    barrier, outcomes = threading.Barrier(2), list[object]()

    def act(name: str) -> None:
        barrier.wait(timeout=10)
        try:
            outcomes.append(say_wrong(city, links[name]))
        except NotAllowed as refusal:
            outcomes.append(type(refusal))

    threads = [threading.Thread(target=act, args=(name,)) for name in ("head", "first")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert DoubtOutlook.PUTS_BACK in outcomes
    assert {*outcomes} - {DoubtOutlook.PUTS_BACK} <= {DoubtOutlook.DONE, Overtaken}
    assert city.verbs("appointments", appointment_id).count("doubt_appointment") == 1


def test_a_former_head_can_no_longer_say_it(city: CityPeople) -> None:
    appointment_id = confirmed(city)
    links = tokens(city)
    city.end("head")
    with pytest.raises(NotToldAnyMore):
        say_wrong(city, links["head"])
    assert state(city, appointment_id) is AppointmentState.ACTIVE


def test_whoever_is_disabled_has_no_link(city: CityPeople) -> None:
    confirmed(city)
    links = tokens(city)
    city.disable("head")
    with city.read() as session:
        found = personal_links.find(
            session, token=links["head"], purpose=LinkPurpose.DOUBT, now=TOLD
        )
        assert found is None


def test_the_last_admin_stays_in_office(city: CityPeople) -> None:
    appointment_id = confirmed(city, Role.ADMIN, "information-technology")
    city.appoint("it_head", Role.HEAD, "information-technology")
    links = tokens(city)
    city.end("admin")
    with pytest.raises(LastAdmin):
        say_wrong(city, links["it_head"])
    assert state(city, appointment_id) is AppointmentState.ACTIVE


def with_mobile(city: CityPeople, name: str) -> None:
    with city.write() as session:
        appointment = session.get_one(Appointment, city.appointments[name])
        appointment.person.mobile = "+915550009911"
        appointment.person.mobile_confirmed_at = NOON


def code_of(city: CityPeople) -> str:
    with city.read() as session:
        query = select(Notice).where(Notice.kind == "link_code").order_by(Notice.id.desc())
        notice = session.scalars(query).first()
        assert notice is not None
        assert (notice.channel, notice.address) == ("sms", "+915550009911")
        return str(notice.variables["secret"]).strip("\ue001")


def use_code(city: CityPeople, token: str, code: str, now: datetime) -> LinkCodeProblem | None:
    with city.write() as session:
        return personal_links.use_code(
            session, link=link_of(session, token, now), code=code, now=now
        )


def send_code(city: CityPeople, token: str, now: datetime = TOLD) -> LinkCodeProblem | None:
    with city.write() as session:
        link = link_of(session, token, now)
        about = personal_links.appointment_details(session, link)
        return personal_links.send_code(session, link=link, about=about, now=now)


def test_five_wrong_codes_close_the_page_and_the_link_lives_on(city: CityPeople) -> None:
    with_mobile(city, "head")
    confirmed(city)
    token = tokens(city)["head"]
    assert send_code(city, token) is None
    code = code_of(city)
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    outcomes = [use_code(city, token, wrong, TOLD) for _ in range(10)]
    assert outcomes == [LinkCodeProblem.WRONG] * 5 + [LinkCodeProblem.THROTTLED] * 5
    assert use_code(city, token, code, TOLD) is LinkCodeProblem.THROTTLED
    assert send_code(city, token) is LinkCodeProblem.THROTTLED
    later = TOLD + timedelta(minutes=16)
    assert send_code(city, token, later) is None
    assert use_code(city, token, code_of(city), later) is None
    assert use_code(city, token, code_of(city), later) is LinkCodeProblem.WRONG  # once


def test_the_code_of_another_page_is_a_wrong_one(city: CityPeople) -> None:
    with_mobile(city, "head")
    confirmed(city)
    first = tokens(city)["head"]
    with city.write() as session:
        row = session.get_one(Appointment, city.appointments["first"])
        head = session.get_one(Appointment, city.appointments["head"]).person
        other = personal_links.make(session, LinkPurpose.DOUBT, row, head, now=TOLD)
    send_code(city, other)
    assert use_code(city, first, code_of(city), TOLD) is LinkCodeProblem.WRONG


def test_who_holds_a_link_cannot_send_sms_without_end(city: CityPeople) -> None:
    with_mobile(city, "head")
    confirmed(city)
    token = tokens(city)["head"]
    outcomes = [send_code(city, token) for _ in range(7)]
    assert outcomes == [None] * 5 + [LinkCodeProblem.THROTTLED] * 2


def test_a_link_is_only_for_its_purpose(city: CityPeople) -> None:
    confirmed(city)
    token = tokens(city)["head"]
    with city.read() as session:
        for purpose in set(LinkPurpose) - {LinkPurpose.DOUBT}:
            assert personal_links.find(session, token=token, purpose=purpose, now=TOLD) is None


@pytest.mark.parametrize(
    ("name", "counts"), [("head", True), ("admin", True), ("oversight", False), ("member", False)]
)
def test_a_mobile_counts_only_if_it_stood_in_a_confirmation(
    city: CityPeople, name: str, *, counts: bool
) -> None:
    with_mobile(city, name)
    with city.read() as session:
        person = session.get_one(Appointment, city.appointments[name]).person
        mobile = personal_links.usable_mobile(session, person, now=NOON)
        assert (mobile is not None) is counts


@pytest.mark.parametrize("moment", ["mobile_proven_at", "mobile_confirmed_at", None])
def test_a_mobile_counts_once_it_is_proven_or_confirmed(
    city: CityPeople, moment: str | None
) -> None:
    with city.write() as session:
        person = session.get_one(Appointment, city.appointments["head"]).person
        person.mobile = "+915550009911"
        if moment is not None:
            setattr(person, moment, NOON)
        mobile = personal_links.usable_mobile(session, person, now=NOON)
        assert (mobile is not None) is (moment is not None)
