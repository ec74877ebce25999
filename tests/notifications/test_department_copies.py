"""An officer without a mail address is told by a copy to the department, without the text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.database.session import Database
from publisher.models.notifications import Channel, Notice
from publisher.models.people import Department
from publisher.notifications import links, retry
from publisher.notifications.compose import queue
from publisher.notifications.kinds import ANSWERS, NoticeKind
from publisher.states import NoticeState
from tests.notifications.test_compose import VALUES
from tests.people.test_shared_addresses import SHARED, notices_to, person, reach, share
from tests.support.city_people import NOON, CityPeople, add_appointment, city_people
from tests.support.tables import each


@pytest.fixture
def city(database: Database) -> CityPeople:
    return city_people(database)


LONG: Mapping[str, object] = {
    "answer": "उत्तराचा मजकूर",
    "comment": "टिप्पणीचा मजकूर",
    "reason": "कारण",
}


@pytest.fixture
def shared_city(city: CityPeople) -> CityPeople:
    """Share an address of two departments, and leave an officer of one without mail."""
    share(city, confirmed=True)
    share(city, "road@pmc.example", of="road", confirmed=True)
    reach(city, "first", mail=None)
    return city


@each("kind", [kind for kind in NoticeKind if kind not in ANSWERS])
def test_an_officer_without_mail_is_told_by_a_copy_without_the_text(
    shared_city: CityPeople, kind: NoticeKind
) -> None:
    city, before = shared_city, len(notices_to(shared_city))
    values = {**VALUES[kind], **{name: LONG[name] for name in LONG if name in VALUES[kind]}}
    with city.write() as session:
        queue(session, kind=kind, person=person(session, city), values=values, now=NOON)
    copies = notices_to(city)[before:]
    is_copied = bool({"title", "template", "comment"} & values.keys())
    assert [copy.kind for copy in copies] == (["department_copy"] if is_copied else [])
    assert notices_to(city, "road@pmc.example") == []
    for copy in copies:
        text = copy.subject + copy.body
        assert "पाणीपुरवठा" in text
        assert str(values.get("title") or values.get("template") or "") in text
        assert not [said for said in LONG.values() if str(said) in text]
        assert copy.body.count(links.BASE) == copy.body.count(f"{links.BASE}/\n") == 1


@pytest.mark.parametrize(
    ("about", "told"),
    [("water", ["water"]), ("road", ["road"]), ("health", ["road", "water"])],
)
def test_an_officer_of_two_departments_is_told_at_the_one_it_is_about(
    city: CityPeople, about: str, told: list[str]
) -> None:
    for code in ("road", "water", "health"):
        share(city, f"{code}@pmc.example", of=code, confirmed=True)
    with city.write() as session:
        road, first = city.departments["road"], city.people["first"]
        add_appointment(session, Role.OFFICER, road, rank=2, person_id=first)
    reach(city, "first", mail=None)
    with city.write() as session:
        department = session.get_one(Department, city.departments[about])
        values = {**VALUES[NoticeKind.APPROVED], "department": department}
        reader = person(session, city)
        queue(session, kind=NoticeKind.APPROVED, person=reader, values=values, now=NOON)
    with city.read() as session:
        by_mail = select(Notice.address).where(Notice.channel == Channel.MAIL)
        addresses = sorted(session.scalars(by_mail))
    assert addresses == [f"{code}@pmc.example" for code in told]


def test_whoever_has_mail_or_holds_no_office_there_causes_no_copy(city: CityPeople) -> None:
    share(city, confirmed=True)
    reach(city, "member", mail=None)
    kind = NoticeKind.APPROVED
    with city.write() as session:
        for name in ("first", "member", "clerk"):
            reader = person(session, city, name)
            queue(session, kind=kind, person=reader, values=VALUES[kind], now=NOON)
    assert notices_to(city) == []


def test_an_address_gets_no_copy_before_somebody_else_confirmed_it(city: CityPeople) -> None:
    share(city)
    reach(city, "first", mail=None)
    kind = NoticeKind.APPROVED
    with city.write() as session:
        queue(session, kind=kind, person=person(session, city), values=VALUES[kind], now=NOON)
    assert notices_to(city) == []


def test_a_failed_mail_to_a_person_does_not_go_to_the_department(city: CityPeople) -> None:
    kind = NoticeKind.APPROVED
    reach(city, "first", mail=SHARED)
    with city.write() as session:
        reader, values = person(session, city), VALUES[kind]
        mail = queue(session, kind=kind, person=reader, values=values, now=NOON)
        assert mail is not None
        mail.state = NoticeState.FAILED
    reach(city, "first", mail=None)
    share(city, confirmed=True)
    with city.write() as session:
        failed, admin = session.get_one(Notice, mail.id), city.actor("admin")
        with pytest.raises(retry.AddressShared):
            retry.send_again(session, actor=admin, now=NOON, notice=failed)


def test_a_failed_copy_is_sent_again_to_the_department_alone(city: CityPeople) -> None:
    share(city, confirmed=True)
    reach(city, "first", mail=None)
    kind = NoticeKind.APPROVED
    with city.write() as session:
        queue(session, kind=kind, person=person(session, city), values=VALUES[kind], now=NOON)
        copy = session.scalars(select(Notice).where(Notice.address == SHARED)).one()
        copy.state = NoticeState.FAILED
        person(session, city).mail = "medha@pmc.example"
        session.flush()
        retry.send_again(session, actor=city.actor("admin"), now=NOON, notice=copy)
        assert (copy.address, copy.state) == (SHARED, NoticeState.QUEUED)
