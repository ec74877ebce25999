"""A link or code goes where it was made for, and what came of it is recorded with its time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.auth import one_time_links, sign_in_codes
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.auth.passwords import NewPassword
from publisher.auth.throttling import MOST_PER_IDENTIFIER, WINDOW
from publisher.database.session import Database
from publisher.models.notifications import Notice
from publisher.models.people import ContactField, Person
from publisher.people import confirmation, contact_verification, invitations, password_reset
from publisher.people.confirmation import confirmation_digest
from publisher.people.contact_verification import ContactCodeProblem
from tests.support.city_people import DAY, MINUTE, NOON, CityPeople, appoint, city_people
from tests.support.city_people import department as department_row
from tests.support.passwords import HASHER, with_password

OLD_MOBILE, NEW_MOBILE = "+915550001111", "+915550002222"
MAIL = "first@pmc.example"


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def owner(session: Session, city: CityPeople) -> Person:
    """Return a person who has signed in, with mail and mobile."""
    person = session.get_one(Person, city.people["first"])
    person.mobile = OLD_MOBILE
    return person if person.password_hash else with_password(session, person)


def newest_code(session: Session, kind: str) -> str:
    query = select(Notice).where(Notice.kind == kind).order_by(Notice.id.desc())
    match = re.search(r"\ue001(\d{8})\ue001", session.scalars(query.limit(1)).one().body)
    assert match is not None
    return match[1]


@pytest.mark.parametrize("purpose", [p for p in LinkPurpose if p is not LinkPurpose.CONTACT])
@pytest.mark.parametrize("field", ContactField)
def test_a_link_is_void_once_it_went_to_a_former_address(
    city: CityPeople, purpose: LinkPurpose, field: ContactField
) -> None:
    with city.write() as session:
        person = owner(session, city)
        subject = LinkSubject.of(person, purpose)
        to = getattr(person, field)
        token = one_time_links.make(session, subject, to=to, now=NOON, lasts=DAY)
        code = one_time_links.make_code(session, subject, to=to, now=NOON, lasts=DAY)

        def both() -> list[bool]:
            link = one_time_links.find(session, token=token, purpose=purpose, now=NOON)
            typed = one_time_links.find_code(
                session, code=code, purpose=purpose, person_id=person.id, now=NOON
            )
            return [link is not None, typed is not None]

        assert both() == [True, True]
        setattr(person, field, NEW_MOBILE if field is ContactField.MOBILE else "new@pmc.example")
        assert both() == [False, False]


def test_a_typed_code_and_a_used_link_prove_where_they_went(city: CityPeople) -> None:
    with city.write() as session:
        person = owner(session, city)
        assert person.mail_proven_at is person.mobile_proven_at is None
        password_reset.ask(session, identifier=OLD_MOBILE, address="203.0.113.9", now=NOON)
        code = newest_code(session, "password_code")
        link = password_reset.find_code(session, identifier=OLD_MOBILE, code=code, now=NOON)
        assert link is not None
        password = "tekdi-var-ek-zad"
        password_reset.reset(
            session, link=link, password=NewPassword(password, HASHER.hash(password)), now=NOON
        )
        assert person.mobile_proven_at == NOON
        request = sign_in_codes.ask(wait=timedelta(0), now=NOON)
        sign_in_codes.send(session, person=person, code_request=request, now=NOON)
        code = newest_code(session, "sign_in_code")
        later = NOON + timedelta(minutes=1)
        sign_in_codes.use(session, person=person, code_request=request, code=code, now=later)
        assert [person.mail_proven_at, person.mobile_proven_at] == [later, NOON]


def test_a_new_number_is_proven_by_its_code_and_not_confirmed(city: CityPeople) -> None:
    with city.write() as session:
        person, actor = owner(session, city), city.actor("first")
        person.mobile_confirmed_at = NOON - DAY
        contact_verification.ask_change(
            session,
            actor=actor,
            person_id=person.id,
            field=ContactField.MOBILE,
            contact_text=NEW_MOBILE,
            now=NOON,
        )
        code = newest_code(session, "contact_code")
        problem = contact_verification.confirm(
            session, actor=actor, person_id=person.id, code=code, now=NOON
        )
        assert problem is None
        assert (person.mobile, person.mobile_proven_at) == (NEW_MOBILE, NOON)
        assert person.mobile_confirmed_at is None


def test_what_stood_in_a_confirmation_is_confirmed(city: CityPeople) -> None:
    with city.write() as session:
        road = session.merge(department_row("road", id=city.departments["road"]))
        appointment = appoint(
            session, road, mobile=OLD_MOBILE, actor=city.actor("admin"), now=NOON, name="चारुता"
        )
        person = appointment.person
        assert person.mobile_confirmed_at is None
        digests = {appointment.id: confirmation_digest(appointment)}
        later = NOON + MINUTE
        confirmation.confirm(session, actor=city.actor("lead"), now=later, digests=digests)
        assert [person.mail_confirmed_at, person.mobile_confirmed_at] == [None, later]
        by_command = session.get_one(Person, city.people["head"])
        assert by_command.mail_confirmed_at == NOON - DAY


def test_the_code_of_another_page_is_wrong_and_five_close_the_page(city: CityPeople) -> None:
    with city.write() as session:
        person, actor = owner(session, city), city.actor("first")
        password_reset.ask(session, identifier=OLD_MOBILE, address="203.0.113.9", now=NOON)
        other = newest_code(session, "password_code")
        contact_verification.ask_change(
            session,
            actor=actor,
            person_id=person.id,
            field=ContactField.MOBILE,
            contact_text=NEW_MOBILE,
            now=NOON,
        )
        right = newest_code(session, "contact_code")

        def type_code(code: str, now: datetime = NOON) -> ContactCodeProblem | None:
            return contact_verification.confirm(
                session, actor=actor, person_id=person.id, code=code, now=now
            )

        problems = [type_code(other) for _try in range(10)]
        assert problems[:MOST_PER_IDENTIFIER] == [ContactCodeProblem.WRONG] * MOST_PER_IDENTIFIER
        assert set(problems[MOST_PER_IDENTIFIER:]) == {ContactCodeProblem.THROTTLED}
        assert type_code(right) is ContactCodeProblem.THROTTLED
        assert type_code(right, NOON + WINDOW) is None, "the code lives on"


def test_a_code_to_the_mobile_is_no_code_for_the_mail(city: CityPeople) -> None:
    with city.write() as session:
        owner(session, city)
        password_reset.ask(session, identifier=OLD_MOBILE, address="203.0.113.9", now=NOON)
        code = newest_code(session, "password_code")
        assert password_reset.find_code(session, identifier=MAIL, code=code, now=NOON) is None


def test_an_invitation_by_sms_sets_the_password_and_proves_the_number(city: CityPeople) -> None:
    with city.write() as session:
        person = session.get_one(Person, city.people["first"])
        person.mail, person.mobile = None, OLD_MOBILE
        notice = invitations.invite(session, actor=city.actor("admin"), person=person, now=NOON)
        token = notice.body.partition("/invitation/")[2].split()[0]
        password = "tekdi-var-ek-zad"
        invitations.accept_invitation(
            session, token=token, password=NewPassword(password, HASHER.hash(password)), now=NOON
        )
        assert person.mobile_proven_at == NOON
