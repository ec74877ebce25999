"""Staff correct mail and mobile; who has signed in is not handed over by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import FreshSignInRequired, WrongRole
from publisher.auth.contact_details import BadPerson
from publisher.auth.refusals import SignInRefusal
from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, ContactChange, Person
from publisher.people import contact_corrections, invitations, password_reset
from publisher.people.contact_corrections import WAIT, WAIT_OF_TWO, MayNotSecond, tick_contacts
from publisher.people.permissions import OwnAppointment
from publisher.states import AppointmentState
from publisher.validation import NotFound
from tests.support.city_people import (
    HOUR,
    MINUTE,
    NOON,
    CityPeople,
    city_people,
    record_by,
    verbs,
)
from tests.support.passwords import signed_in_as, with_password

OLD, NEW = "first@pmc.example", "medha.new@pmc.example"
MOBILE = "+915550001111"


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def person_of(session: Session, city: CityPeople, name: str = "first") -> Person:
    return session.get_one(Person, city.people[name])


def correct(
    city: CityPeople,
    *,
    by: str = "admin",
    name: str = "first",
    mail: str | None = NEW,
    mobile: str | None = None,
) -> list[ContactChange]:
    """Let staff correct both fields, now."""
    with city.write() as session:
        return contact_corrections.correct(
            session,
            actor=city.actor(by),
            person=person_of(session, city, name),
            mail=mail,
            mobile=mobile,
            now=city.now,
        )


def signed_in_once(city: CityPeople, name: str = "first", mobile: str | None = None) -> None:
    with city.write() as session:
        with_password(session, person_of(session, city, name)).mobile = mobile


def second(city: CityPeople, change: ContactChange, by: str) -> None:
    with city.write() as session:
        contact_corrections.second(
            session,
            actor=city.actor(by),
            person=session.get_one(Person, change.person_id),
            change_id=change.id,
            now=city.now,
        )


def mails(city: CityPeople, kind: str) -> list[str]:
    """Return where notices of this kind were sent, alphabetically."""
    with city.read() as session:
        return sorted(session.scalars(select(Notice.address).where(Notice.kind == kind)))


def mail_after(city: CityPeople, span: timedelta, name: str = "first") -> str | None:
    city.clock.move(span)
    tick_contacts(city.database, now=city.now)
    with city.read() as session:
        return person_of(session, city, name).mail


def can_reset(city: CityPeople, identifier: str) -> bool:
    """Ask for a new password, and return whether anything was sent."""
    before = len(mails(city, "password_link") + mails(city, "password_code"))
    with city.write() as session:
        password_reset.ask(session, identifier=identifier, address="203.0.113.9", now=city.now)
    return len(mails(city, "password_link") + mails(city, "password_code")) > before


@pytest.mark.parametrize("name", ["first", "head", "lead"])
def test_a_corrected_address_of_a_newcomer_waits_for_confirmation(
    city: CityPeople, name: str
) -> None:
    assert correct(city, name=name) == []
    with city.read() as session:
        appointment = session.get_one(Appointment, city.appointments[name])
        assert appointment.state is AppointmentState.RECORDED
        assert appointment.recorder_ids == {city.people["admin"]}
        assert appointment.person.mail == NEW
        assert verbs(session, "people", appointment.person_id)[-1] == "change_contact"


def test_a_member_who_never_signed_in_is_reached_there_and_keeps_the_post(city: CityPeople) -> None:
    correct(city, name="member", by="lead")
    with city.read() as session:
        appointment = session.get_one(Appointment, city.appointments["member"])
        assert appointment.state is AppointmentState.ACTIVE
        assert appointment.person.mail == NEW


def test_an_invitation_in_the_mistyped_mailbox_is_void(city: CityPeople) -> None:
    with city.write() as session:
        actor = city.actor("admin")
        member = person_of(session, city, "member")
        notice = invitations.invite(session, actor=actor, person=member, now=NOON)
        token = notice.body.partition("/invitation/")[2].split()[0]
        assert invitations.find_invited_person(session, token=token, now=NOON) is not None
    correct(city, name="member")
    with city.read() as session:
        assert invitations.find_invited_person(session, token=token, now=NOON) is None


def test_the_new_mailbox_sets_no_password_for_72_hours(city: CityPeople) -> None:
    signed_in_once(city)
    (change,) = correct(city, by="lead")
    assert change.in_force_at == NOON + timedelta(hours=72)
    assert not can_reset(city, NEW)
    assert can_reset(city, OLD)
    with city.write() as session:
        assert isinstance(signed_in_as(session, NEW, now=city.now), SignInRefusal)
    assert mail_after(city, WAIT - MINUTE) == OLD
    assert not can_reset(city, NEW)
    assert mail_after(city, MINUTE) == NEW
    assert can_reset(city, NEW)
    assert not can_reset(city, OLD)


def test_the_old_channels_the_heads_and_admins_are_told(city: CityPeople) -> None:
    signed_in_once(city, mobile=MOBILE)
    correct(city, by="lead", mobile=MOBILE)
    told = ["+915550001111", "admin@pmc.example", OLD, "head@pmc.example"]
    assert mails(city, "contact_change") == sorted(told)
    mail_after(city, WAIT)
    assert mails(city, "access_changed") == [OLD]


def test_the_owner_accepts_it_in_a_fresh_session_at_once(city: CityPeople) -> None:
    signed_in_once(city)
    (change,) = correct(city)
    with city.write() as session:
        owner = city.actor("first", fresh=False)
        with pytest.raises(FreshSignInRequired):
            contact_corrections.accept(session, actor=owner, change_id=change.id, now=NOON)
        stranger = city.actor("second")
        with pytest.raises(NotFound):
            contact_corrections.accept(session, actor=stranger, change_id=change.id, now=NOON)
        owner = city.actor("first")
        contact_corrections.accept(session, actor=owner, change_id=change.id, now=NOON)
    assert can_reset(city, NEW)


def test_the_owner_refuses_it_and_the_old_one_stays(city: CityPeople) -> None:
    signed_in_once(city)
    (change,) = correct(city)
    with city.write() as session:
        owner = person_of(session, city)
        actor = city.actor("first")
        contact_corrections.refuse(
            session, actor=actor, person=owner, change_id=change.id, now=NOON
        )
    assert mail_after(city, WAIT) == OLD


def test_where_both_old_channels_are_dead_two_of_the_staff_need_24_hours(city: CityPeople) -> None:
    signed_in_once(city, mobile=MOBILE)
    (change,) = correct(city, by="lead", mobile=MOBILE)
    for name in ("lead", "head", "clerk", "first"):
        with pytest.raises((MayNotSecond, WrongRole)):
            second(city, change, name)
    second(city, change, "admin")
    with pytest.raises(MayNotSecond):
        second(city, change, "admin")
    assert mail_after(city, WAIT_OF_TWO - MINUTE) == OLD
    assert mail_after(city, MINUTE) == NEW
    assert mails(city, "contact_change").count("head@pmc.example") == 2


def test_a_second_one_whom_the_first_recorded_does_not_count(city: CityPeople) -> None:
    signed_in_once(city)
    with city.write() as session:
        record_by(session, city.appointments["lead"], city.people["admin"])
    (change,) = correct(city, by="admin")
    with pytest.raises(MayNotSecond):
        second(city, change, "lead")


def test_a_recycled_number_is_taken_off_at_once_and_somebody_else_gets_it(city: CityPeople) -> None:
    signed_in_once(city, mobile=MOBILE)
    with pytest.raises(BadPerson) as problem:
        correct(city, name="second", mail="second@pmc.example", mobile=MOBILE)
    assert problem.value.values["person_id"] == city.people["first"]
    assert can_reset(city, MOBILE)
    assert correct(city, mail=OLD, mobile=None) == []
    assert sorted(mails(city, "access_changed")) == sorted([MOBILE, OLD])
    assert not can_reset(city, MOBILE)
    correct(city, name="second", mail="second@pmc.example", mobile=MOBILE)
    with city.read() as session:
        assert person_of(session, city, "second").mobile == MOBILE


def test_the_last_channel_is_not_taken_off(city: CityPeople) -> None:
    signed_in_once(city)
    with pytest.raises(BadPerson, match=r".") as problem:
        correct(city, mail=None, mobile=MOBILE)
    assert problem.value.code == "last_channel"


def test_every_wrong_field_is_reported_at_once(city: CityPeople) -> None:
    with pytest.raises(BadPerson) as problem:
        correct(city, mail="second@pmc.example", mobile="12")
    found = [problem.value, *problem.value.others]
    assert [(bad.field, bad.code) for bad in found] == [
        ("mail", "another_person"),
        ("mobile", "unreadable"),
    ]
    with pytest.raises(BadPerson) as problem:
        correct(city, mail=None)
    assert problem.value.code == "missing"


def test_nobody_corrects_themselves_and_a_lead_no_admin(city: CityPeople) -> None:
    with pytest.raises(OwnAppointment):
        correct(city, by="admin", name="admin")
    for by, name in (("lead", "admin"), ("head", "first"), ("clerk", "member")):
        with pytest.raises(WrongRole):
            correct(city, by=by, name=name)


@pytest.mark.twin
def test_an_address_that_somebody_took_meanwhile_changes_nothing(city: CityPeople) -> None:
    signed_in_once(city)
    (change,) = correct(city)
    with city.write() as session:
        person_of(session, city, "second").mail = NEW
    assert mail_after(city, WAIT) == OLD
    with city.read() as session:
        assert session.get_one(ContactChange, change.id).ended_at is not None


def test_a_newer_correction_replaces_the_one_that_waits(city: CityPeople) -> None:
    signed_in_once(city)
    correct(city, mail="wrong@pmc.example")
    city.clock.move(HOUR)
    correct(city)
    assert mail_after(city, WAIT - HOUR) == OLD
    assert mail_after(city, HOUR) == NEW


def test_after_a_removal_nothing_is_changed_for_72_hours(city: CityPeople) -> None:
    """Otherwise one removes the mail and changes the mobile, and the owner hears of neither."""
    signed_in_once(city, mobile=MOBILE)
    with pytest.raises(BadPerson) as both_at_once:
        correct(city, mail=None, mobile="9850007777")
    assert (both_at_once.value.field, both_at_once.value.code) == ("mobile", "removed_lately")
    assert correct(city, mail=None, mobile=MOBILE) == []
    with pytest.raises(BadPerson) as one_by_one:
        correct(city, by="lead", mail=None, mobile="9850007777")
    assert one_by_one.value.code == "removed_lately"
    with city.write() as session:
        (change,) = contact_corrections.correct(
            session,
            actor=city.actor("admin"),
            person=person_of(session, city),
            mail=None,
            mobile="9850007777",
            now=city.now + contact_corrections.WAIT,
        )
        assert change.field == "mobile"
