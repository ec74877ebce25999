"""A department's shared address belongs to no person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole
from approvals.policy import Actor, Role
from publisher.auth.contact_details import BadPerson
from publisher.auth.refusals import SignInRefusal
from publisher.auth.sign_in import find_person
from publisher.database.session import Database
from publisher.models.departments import DepartmentAddress
from publisher.models.notifications import Notice
from publisher.models.people import ContactField, Department, KnownDevice, Person
from publisher.notifications import links
from publisher.notifications.compose import WrongValues, queue
from publisher.notifications.email import MailOrigin, tick_mail
from publisher.notifications.kinds import HAS_SECRET, NoticeKind
from publisher.people import (
    appointments,
    contact_corrections,
    contact_verification,
    invitations,
    password_reset,
    shared_addresses,
)
from publisher.people.confirmation import MayNotConfirm
from publisher.people.contact_verification import ContactCodeProblem
from publisher.people.permissions import COMMAND, OwnAppointment
from publisher.states import NoticeState
from publisher.validation import NotFound
from tests.notifications.test_compose import VALUES
from tests.support.city_people import NOON, CityPeople, city_people, verbs
from tests.support.passwords import signed_in_as, with_password

SHARED = "water@pmc.example"
MOBILE = "+915550001111"
TOKEN = "aB3-_x"
PERSONAL: tuple[Callable[[str], str], ...] = (
    links.invitation,
    links.password_reset,
    links.wrong,
    links.office,
    links.officer,
    links.mail_department,
    links.approve,
)


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


def share(
    city: CityPeople,
    mail: str = SHARED,
    *,
    by: str = "lead",
    of: str = "water",
    confirmed: bool = False,
) -> int:
    with city.write() as session:
        address = shared_addresses.add(
            session,
            actor=city.actor(by),
            department_id=city.departments[of],
            mail_text=mail,
            now=city.now,
        )
        address.confirmed_at = city.now if confirmed else None
        return address.id


def take_over(city: CityPeople, mail: str, *, by: str = "admin", of: str = "water") -> str | None:
    with city.write() as session:
        holder = shared_addresses.take_from_person(
            session,
            actor=city.actor(by),
            department_id=city.departments[of],
            mail_text=mail,
            now=city.now,
        )
        return holder.name_mr if holder is not None else None


def person(session: Session, city: CityPeople, name: str = "first") -> Person:
    return session.get_one(Person, city.people[name])


def reach(city: CityPeople, name: str, *, mail: str | None, mobile: str | None = MOBILE) -> None:
    """Change where a person is reached, past every rule."""
    with city.write() as session:
        row = person(session, city, name)
        row.mail, row.mobile = mail, mobile


def notices_to(city: CityPeople, mail: str = SHARED) -> list[Notice]:
    with city.read() as session:
        query = select(Notice).where(Notice.address == mail).order_by(Notice.id)
        return list(session.scalars(query))


def test_who_records_officers_records_it_once_as_the_history_says(city: CityPeople) -> None:
    address_id = share(city, " Water@PMC.example ", by="lead")
    assert share(city, by="admin") == address_id
    water = city.departments["water"]
    with city.read() as session:
        address = session.get_one(DepartmentAddress, address_id)
        assert (address.mail, address.recorded_by_id) == (SHARED, city.people["lead"])
        assert verbs(session, "departments", water)[-1] == "add_shared_address"
    with city.write() as session:
        ids = {"department_id": water, "address_id": address_id}
        shared_addresses.remove(session, actor=city.actor("lead"), now=city.now, **ids)
        with pytest.raises(NotFound):
            shared_addresses.remove(session, actor=city.actor("lead"), now=city.now, **ids)
        assert verbs(session, "departments", water)[-1] == "remove_shared_address"
        assert shared_addresses.list_addresses(session, department_id=water) == []


@pytest.mark.parametrize(("by", "of"), [("clerk", "water"), ("first", "water"), ("head", "road")])
def test_who_records_no_officers_there_records_no_shared_address(
    city: CityPeople, by: str, of: str
) -> None:
    with pytest.raises(WrongRole):
        share(city, by=by, of=of)
    with pytest.raises(WrongRole):
        take_over(city, "second@pmc.example", by=by, of="water")


def test_one_of_another_department_or_a_person_is_refused_by_name(
    city: CityPeople,
) -> None:
    share(city)
    with pytest.raises(BadPerson) as refused:
        share(city, of="road")
    assert refused.value.code == "shared"
    assert isinstance(refused.value.values["name"], Department)
    with pytest.raises(BadPerson) as refused:
        share(city, "first@pmc.example", of="road")
    assert refused.value.values["person_id"] == city.people["first"]


def _record(session: Session, city: CityPeople) -> None:
    appointments.record_person(
        session,
        actor=COMMAND,
        now=NOON,
        name_mr="वसंत काळे",
        role=Role.MEMBER,
        department_id=city.departments["road"],
        mail=SHARED,
    )


def _correct(session: Session, city: CityPeople) -> None:
    contact_corrections.correct(
        session,
        actor=city.actor("admin"),
        person=person(session, city),
        mail=SHARED,
        mobile=None,
        now=NOON,
    )


def _correct_of_a_user(session: Session, city: CityPeople) -> None:
    with_password(session, person(session, city))
    _correct(session, city)


def _ask(session: Session, city: CityPeople) -> None:
    contact_verification.ask_change(
        session,
        actor=city.actor("first"),
        person_id=city.people["first"],
        field=ContactField.MAIL,
        contact_text=SHARED,
        now=NOON,
    )


@pytest.mark.parametrize("way", [_record, _correct, _correct_of_a_user, _ask])
def test_no_person_is_given_it_in_any_way(
    city: CityPeople, way: Callable[[Session, CityPeople], None]
) -> None:
    share(city)
    with pytest.raises(BadPerson) as refused, city.write() as session:
        way(session, city)
    problem = refused.value
    assert (problem.field, problem.code) == ("mail", "shared")
    assert problem.values["name"].code == "water"  # type: ignore[attr-defined]  # a department
    assert notices_to(city) == []


def test_what_was_asked_for_before_does_not_come_into_force(city: CityPeople) -> None:
    with city.write() as session:
        _correct_of_a_user(session, city)
        contact_verification.ask_change(
            session,
            actor=city.actor("second"),
            person_id=city.people["second"],
            field=ContactField.MAIL,
            contact_text=SHARED,
            now=NOON,
        )
        code = notice_code(session)
    share(city)
    with city.write() as session:
        owner = city.people["second"]
        problem = contact_verification.confirm(
            session, actor=city.actor("second"), person_id=owner, code=code, now=NOON
        )
        assert problem is ContactCodeProblem.TAKEN
    city.clock.move(contact_corrections.WAIT)
    contact_corrections.tick_contacts(city.database, now=city.now)
    with city.read() as session:
        assert person(session, city).mail == "first@pmc.example"
        assert person(session, city, "second").mail == "second@pmc.example"


def notice_code(session: Session) -> str:
    """Return the code in the newest notice that has one."""
    query = select(Notice).where(Notice.kind == "contact_code").order_by(Notice.id.desc())
    body = session.scalars(query).first()
    assert body is not None
    return body.body.split(links.MARK)[1]


def test_it_is_taken_off_its_holder_and_no_password_or_device_lives_on(city: CityPeople) -> None:
    mail = "first@pmc.example"
    reach(city, "first", mail=mail)
    with city.write() as session:
        with_password(session, person(session, city))
        assert not isinstance(signed_in_as(session, mail, now=NOON), SignInRefusal)
        password_reset.ask(session, identifier=mail, address="203.0.113.9", now=NOON)
        query = select(Notice.body).where(Notice.kind == "password_link")
        token = session.scalars(query).one().partition("/forgotten/link/")[2].split()[0]
        assert password_reset.find_link(session, token=token, now=NOON) is not None
    assert take_over(city, mail) == "मेधा सातपुते"
    with city.write() as session:
        holder = person(session, city)
        assert (holder.mail, holder.mobile) == (None, MOBILE)
        assert verbs(session, "people", holder.id)[-1] == "change_contact"
        assert password_reset.find_link(session, token=token, now=NOON) is None
        open_devices = select(KnownDevice).where(
            KnownDevice.person_id == holder.id, KnownDevice.ended_at.is_(None)
        )
        assert session.scalars(open_devices).all() == []
        assert isinstance(signed_in_as(session, mail, now=NOON), SignInRefusal)
    assert [notice.kind for notice in notices_to(city, mail)][-1] == "access_changed"


def test_an_only_channel_is_not_taken_off_and_nothing_is_kept(city: CityPeople) -> None:
    with pytest.raises(BadPerson) as refused:
        take_over(city, "first@pmc.example")
    assert refused.value.code == "only_channel"
    assert refused.value.values["person_id"] == city.people["first"]
    reach(city, "admin", mail="admin@pmc.example")
    with pytest.raises(OwnAppointment):
        take_over(city, "admin@pmc.example")
    with city.read() as session:
        assert person(session, city).mail == "first@pmc.example"
        assert session.scalars(select(DepartmentAddress)).all() == []


def test_no_kind_brings_a_link_or_code_of_a_person_to_it(city: CityPeople) -> None:
    """Not even where two transactions gave it to a person and a department at the same time."""
    share(city)
    reach(city, "first", mail=SHARED)
    paths = ("", *(link(TOKEN) for link in PERSONAL))
    for kind, path, to in product(NoticeKind, paths, ("", SHARED)):
        with city.write() as session:
            reader, values = person(session, city), VALUES[kind]
            try:
                queue(session, kind=kind, person=reader, values=values, now=NOON, path=path, to=to)
            except WrongValues:
                assert kind not in HAS_SECRET, kind
    notices = notices_to(city)
    assert len({notice.kind for notice in notices}) > 1
    for notice in notices:
        assert TOKEN not in notice.body, notice.kind
        assert links.MARK not in notice.body, notice.kind
        assert links.remove_secrets(notice.body) == notice.body, notice.kind


@pytest.mark.twin
def test_nobody_signs_in_by_it_even_if_both_were_recorded_at_once(city: CityPeople) -> None:
    share(city)
    reach(city, "first", mail=SHARED)
    with city.write() as session:
        assert find_person(session, SHARED) is None
        password_reset.ask(session, identifier=SHARED, address="203.0.113.9", now=NOON)
        invited, admin = person(session, city), city.actor("admin")
        with pytest.raises(BadPerson):
            invitations.invite(session, actor=admin, person=invited, now=NOON)
    assert notices_to(city) == []


def test_a_mail_that_waits_does_not_go_to_the_departments_address(
    city: CityPeople,
) -> None:
    reach(city, "first", mail=SHARED, mobile=MOBILE)
    with city.write() as session:
        kind, reader = NoticeKind.ANSWER_WAITS, session.get_one(Person, city.people["first"])
        queue(session, kind=kind, person=reader, values=VALUES[kind], now=NOON)
    take_over(city, SHARED)
    tick_mail(
        city.database,
        MailOrigin(
            smtp_url="smtp://127.0.0.1:9",
            mail_from="cell@pmc.example",
            base_url="https://nagarvani.example",
        ),
        now=lambda: city.now,
        only=NoticeKind.ANSWER_WAITS,
    )
    with city.read() as session:
        (notice,) = session.scalars(select(Notice).where(Notice.kind == NoticeKind.ANSWER_WAITS))
    assert (notice.address, notice.state) == (SHARED, NoticeState.FAILED)
    assert "department" in notice.reason


def test_a_second_person_confirms_an_address_and_its_officers_are_told(city: CityPeople) -> None:
    address_id = share(city, by="lead")
    by_id: dict[str, Any] = {
        "department_id": city.departments["water"],
        "address_id": address_id,
        "now": NOON,
    }
    with city.write() as session, pytest.raises(MayNotConfirm):
        shared_addresses.confirm(session, actor=fresh(city, "lead"), **by_id)
    with city.write() as session:
        for _ in range(2):
            address = shared_addresses.confirm(session, actor=fresh(city, "admin"), **by_id)
        assert (address.confirmed_at, address.confirmed_by_id) == (NOON, city.people["admin"])
        kind = NoticeKind.ADDRESS_CONFIRMED
        told = session.scalars(select(Notice.person_id).where(Notice.kind == kind)).all()
        assert set(told) == {city.people[name] for name in ("first", "second", "head")}
    with city.write() as session, pytest.raises(WrongRole):
        shared_addresses.confirm(session, actor=fresh(city, "first"), **by_id)


def fresh(city: CityPeople, name: str) -> Actor:
    """Return the actor, who has just signed in."""
    return replace(city.actor(name), signed_in_at=NOON)


@pytest.mark.parametrize(("recorder", "confirmer"), [("head", "lead"), ("lead", "head")])
def test_a_head_records_and_confirms_those_of_the_own_department_alone(
    city: CityPeople, recorder: str, confirmer: str
) -> None:
    own: dict[str, Any] = {"department_id": city.departments["water"], "now": NOON}
    own["address_id"] = share(city, by=recorder)
    foreign = {**own, "department_id": city.departments["road"]}
    foreign["address_id"] = share(city, "road@pmc.example", by="lead", of="road")
    with city.write() as session:
        with pytest.raises(MayNotConfirm):
            shared_addresses.confirm(session, actor=fresh(city, recorder), **own)
        with pytest.raises(WrongRole):
            shared_addresses.confirm(session, actor=fresh(city, "head"), **foreign)
        waiting = shared_addresses.waiting(session, city.actor(confirmer))
        assert [row.mail for row in session.scalars(waiting)] == [SHARED]
        shared_addresses.confirm(session, actor=fresh(city, confirmer), **own)
        assert session.scalars(waiting).all() == []
        kind = NoticeKind.ADDRESS_CONFIRMED
        informed = set(session.scalars(select(Notice.person_id).where(Notice.kind == kind)))
        # Both officers are told, and the head unless it was the head.
        names = {"first", "second", "head"} - {confirmer}
        assert informed == {city.people[name] for name in names}
