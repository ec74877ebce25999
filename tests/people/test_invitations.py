from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import Role
from publisher.auth.contact_details import BadPerson
from publisher.auth.one_time_links import LinkSpent
from publisher.auth.passwords import BadPassword, NewPassword, hash_password
from publisher.auth.session_start import SignedIn
from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.models.people import SignIn
from publisher.people.appointments import disable_person, end_appointment
from publisher.people.invitations import (
    INVITATION_LASTS,
    accept_invitation,
    find_invited_person,
    invite,
)
from publisher.people.permissions import COMMAND
from tests.support.city_people import NOON, acting, actor, add_department, appoint, verbs
from tests.support.passwords import HASHER, PASSWORD, signed_in_as, with_password


def token_in(notice: Notice) -> str:
    match = re.search(r"/invitation/([\w-]+)", notice.body)
    assert match is not None
    return match[1]


def accept(session: Session, token: str, password: str = PASSWORD, *, now: datetime) -> None:
    new = NewPassword(password, hash_password(password, hasher=HASHER))
    accept_invitation(session, token=token, password=new, now=now)


def test_an_invited_officer_sets_the_first_password_and_then_signs_in(database: Database) -> None:
    with database.transaction() as session:
        appointment = appoint(session, add_department(session, "water"), mail="first@pmc.example")
        token = token_in(invite(session, actor=COMMAND, person=appointment.person, now=NOON))
    with database.transaction() as session:
        accept(session, token, PASSWORD, now=NOON)
        assert session.scalars(select(SignIn)).all() == []  # the link is no login
    with database.transaction() as session:
        signed_in = signed_in_as(session, "first@pmc.example")
        assert isinstance(signed_in, SignedIn)


def test_the_mail_says_as_what_by_whom_until_when_and_where(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        lead = appoint(session, water, Role.CELL_LEAD, name="प्रसाद केंजळे")
        appointment = appoint(session, water)
        notice = invite(session, actor=acting(lead), person=appointment.person, now=NOON)
        assert verbs(session, "people", appointment.person_id)[-1] == "invite"
    for text in (
        "पाणीपुरवठा विभाग",
        "समन्वयक (IT Nodal Officer)",
        "प्रसाद केंजळे",
        "दि.\u00a0९\u00a0डिसेंबर",
        "\ue000/invitation/",
    ):
        assert text in notice.body


def test_a_second_invitation_ends_the_first(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "water")).person
        first, second = (
            token_in(invite(session, actor=COMMAND, person=person, now=NOON)) for _ in range(2)
        )
        assert find_invited_person(session, token=first, now=NOON) is None
        assert find_invited_person(session, token=second, now=NOON) is person


def test_an_invitation_lasts_fourteen_days_and_works_once(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "water")).person
        token = token_in(invite(session, actor=COMMAND, person=person, now=NOON))
        last = NOON + timedelta(days=14) - timedelta(seconds=1)
        assert timedelta(days=14) == INVITATION_LASTS
        assert find_invited_person(session, token=token, now=NOON + timedelta(days=14)) is None
        accept(session, token, PASSWORD, now=last)
        with pytest.raises(LinkSpent):
            accept(session, token, PASSWORD, now=last)


def test_a_refused_password_leaves_the_invitation_open(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "water")).person
        token = token_in(invite(session, actor=COMMAND, person=person, now=NOON))
        with pytest.raises(BadPassword):
            accept(session, token, "short", now=NOON)
        assert find_invited_person(session, token=token, now=NOON) is person
        assert person.password_hash is None


def test_the_end_of_the_appointment_ends_the_invitation(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        appointment = appoint(session, add_department(session, "water"))
        token = token_in(invite(session, actor=COMMAND, person=appointment.person, now=NOON))
        end_appointment(session, actor=COMMAND, appointment=appointment, now=NOON)
        assert find_invited_person(session, token=token, now=NOON) is None
        with pytest.raises(LinkSpent):
            accept(session, token, PASSWORD, now=NOON)
        with pytest.raises(BadPerson) as problem:
            invite(session, actor=COMMAND, person=appointment.person, now=NOON)
        assert problem.value.code == "no_appointment"


def test_disabling_ends_the_invitation(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "water")).person
        token = token_in(invite(session, actor=COMMAND, person=person, now=NOON))
        disable_person(session, actor=COMMAND, person=person, now=NOON)
        assert find_invited_person(session, token=token, now=NOON) is None
        with pytest.raises(BadPerson) as problem:
            invite(session, actor=COMMAND, person=person, now=NOON)
        assert problem.value.code == "disabled"


def test_nobody_with_a_password_is_invited_nor_sets_one_by_an_older_link(
    on_sqlite: Database,
) -> None:
    with on_sqlite.transaction() as session:
        appointment = appoint(session, add_department(session, "water"))
        token = token_in(invite(session, actor=COMMAND, person=appointment.person, now=NOON))
        with_password(session, appointment.person)
        with pytest.raises(BadPerson) as problem:
            invite(session, actor=COMMAND, person=appointment.person, now=NOON)
        assert (problem.value.field, problem.value.code) == ("mail", "has_password")
        assert find_invited_person(session, token=token, now=NOON) is None
        with pytest.raises(LinkSpent):
            accept(session, token, PASSWORD, now=NOON)


def test_somebody_without_a_mail_address_is_invited_by_sms(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        person = appoint(session, add_department(session, "water"), mobile="9822012345").person
        notice = invite(session, actor=COMMAND, person=person, now=NOON)
        assert (notice.channel, notice.address) == ("sms", "+919822012345")
        assert "/invitation/" in notice.variables["link"]
        person.mobile = None
        with pytest.raises(BadPerson) as problem:
            invite(session, actor=COMMAND, person=person, now=NOON)
        assert (problem.value.field, problem.value.code) == ("mail", "missing")


def test_an_officer_invites_nobody_and_a_cell_lead_no_admin(on_sqlite: Database) -> None:
    with on_sqlite.transaction() as session:
        water = add_department(session, "water")
        officer, admin = appoint(session, water), appoint(session, water, Role.ADMIN)
        for role, person in ((Role.OFFICER, officer.person), (Role.CELL_LEAD, admin.person)):
            with pytest.raises(WrongRole):
                invite(session, actor=actor(role, water.id), person=person, now=NOON)
        assert session.scalars(select(Notice)).all() == []
