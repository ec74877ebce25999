"""A head names two officers by the personal link of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.auth.one_time_links import LinkSpent
from publisher.database.session import Database
from publisher.models.nominations import Nomination
from publisher.models.people import Appointment, Link
from publisher.nominations import head_links, nominate
from publisher.nominations.named_officers import NamedOfficer, OfficersNamed
from publisher.nominations.nominate import AlreadyNamed, PlacesHeld
from publisher.people import confirmation
from publisher.people.appointments import end_appointment, record_person
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from publisher.validation import Invalid
from tests.nominations.steps import FIRST, NAMED, SECOND, Calls, states, with_second
from tests.people.test_concurrent_changes import run_at_once
from tests.support.city_people import DAY


def problems(calls: Calls, named: OfficersNamed, department: str = "garden") -> list[object]:
    with pytest.raises(Invalid) as refused:
        calls.name(named, department)
    return list(refused.value.codes)


def test_a_code_records_confirms_and_invites_and_the_call_is_answered(calls: Calls) -> None:
    head_id = calls.head()
    calls.open()
    calls.name()
    officers = calls.officers()
    assert [(row.person.name_mr, row.rank) for row in officers] == [
        ("सुनंदा पाटील", 1),
        ("रमेश मोरे", 2),
    ]
    assert states(officers) == ["confirmed", "confirmed"]
    assert [row.service_class for row in officers] == ["official", "employee"]
    assert {row.confirmed_under_id for row in officers} == {head_id}
    assert {row.order_number for row in officers} == {"उद्यान/११२"}
    assert [row.person.mobile for row in officers] == ["+919822011111", "+919822022222"]
    assert calls.addressee().answered_at == calls.city.now
    invited = [(notice.channel, notice.address) for notice in calls.notices("invitation")]
    assert ("mail", "patil@pmc.example") in invited
    assert ("sms", "+919822022222") in invited
    with calls.city.read() as session:
        assert session.get_one(Appointment, head_id).state is AppointmentState.ACTIVE


def test_without_a_code_it_is_a_proposal_that_a_second_person_confirms(calls: Calls) -> None:
    calls.head(mobile=None)
    calls.open()
    ids = calls.name(is_proven=False)
    assert states(calls.officers()) == ["recorded", "recorded"]
    assert calls.notices("in_office") == []
    with calls.city.read() as session:
        waiting = confirmation.list_confirmable(
            session, calls.city.actor("admin"), now=calls.city.now
        )
        assert [row.id for row in waiting] == sorted(ids)
    calls.confirm(*ids)
    assert states(calls.officers()) == ["confirmed", "confirmed"]
    assert "patil@pmc.example" in {notice.address for notice in calls.notices("invitation")}


def test_the_code_of_a_head_nobody_confirmed_proves_nothing(calls: Calls) -> None:
    calls.head()
    calls.open()
    with calls.city.write() as session:
        row = head_links.find_office(session, calls.link(session), now=calls.city.now)
        assert row is not None
        row.state = AppointmentState.RECORDED
    calls.name(is_proven=True)
    assert states(calls.officers()) == ["recorded", "recorded"]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (with_second(mobile="020-25501000"), ("second_mobile", "mobile_landline")),
        (with_second(mobile="98"), ("second_mobile", "mobile_unreadable")),
        (with_second(mobile=""), ("second_mobile", "required")),
        (with_second(mobile="9822011111"), ("second_mobile", "same_mobile")),
        (with_second(mail="PATIL@pmc.example"), ("second_mail", "same_mail")),
        (with_second(mail="patil"), ("second_mail", "mail_unreadable")),
        (with_second(mobile="9800000001"), ("second_mobile", "is_head")),
        (with_second(mail="charuta@pmc.example"), ("second_mail", "is_head")),
        (with_second(service_class="king"), ("second_service_class", "class_needed")),
        (with_second(name_mr=""), ("second_name_mr", "required")),
        (with_second(name_mr="अ" * 121), ("second_name_mr", "too_long")),
        (replace(NAMED, second=NamedOfficer()), ("second_name_mr", "two_needed")),
        (replace(NAMED, order_number=" "), ("order_number", "required")),
        (replace(NAMED, ordered_on=None), ("ordered_on", "required")),
        (replace(NAMED, ordered_on=date(2027, 1, 1)), ("ordered_on", "order_not_signed")),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    calls: Calls, named: OfficersNamed, expected: tuple[str, str]
) -> None:
    calls.head()
    calls.open()
    assert problems(calls, named) == [expected]
    assert calls.officers() == []


@pytest.mark.parametrize("name", ["अ" * 120, "ناگروانی پونے", "र्‍यू पाटील", "राजश्री द्ध्ये"])
def test_any_name_of_a_person_is_taken_as_it_is_written(calls: Calls, name: str) -> None:
    calls.head()
    calls.open()
    calls.name(replace(NAMED, first=replace(FIRST, name_mr=name)))
    assert calls.officers()[0].person.name_mr == name


def test_the_same_person_is_named_in_another_department_as_well(calls: Calls) -> None:
    calls.head()
    calls.head("road", mobile="+919800000002", mail="b@pmc.example", name="बाळ")
    calls.open("garden", "road")
    calls.city.end("road_officer")
    calls.name()
    calls.name(replace(NAMED, second=replace(SECOND, mobile="9822033333", name_mr="दुसरा")), "road")
    first, other = calls.officers()[0], calls.officers("road")[0]
    assert first.person_id == other.person_id
    assert states([first, other]) == ["confirmed", "confirmed"]


def test_a_mailbox_that_the_head_did_not_write_is_not_confirmed(calls: Calls) -> None:
    """Somebody at the Cell could have recorded their own mailbox for a member of this name."""
    calls.head()
    with calls.city.write() as session:
        record_person(
            session,
            actor=calls.city.actor("lead"),
            now=calls.city.now,
            name_mr=SECOND.name_mr,
            mail="other@pmc.example",
            mobile=SECOND.mobile,
            role=Role.MEMBER,
            department_id=calls.city.departments["road"],
        )
    calls.open()
    assert problems(calls, NAMED) == [("second_mail", "mail_recorded")]
    assert calls.officers() == []
    calls.name(with_second(mail="other@pmc.example"))
    assert states(calls.officers()) == ["confirmed", "confirmed"]


def test_a_head_whose_days_have_not_begun_confirms_nobody(calls: Calls) -> None:
    head_id = calls.head()
    calls.open()
    with calls.city.write() as session:
        session.get_one(Appointment, head_id).from_at = calls.city.now + DAY
    calls.name()
    assert states(calls.officers()) == ["recorded", "recorded"]


def test_a_number_recorded_with_another_name_is_told_without_that_name(calls: Calls) -> None:
    calls.head()
    calls.head("road", mobile="+919800000002", mail="b@pmc.example", name="बाळ")
    calls.open("garden", "road")
    calls.city.end("road_officer")
    calls.name()
    other = replace(NAMED, first=replace(FIRST, name_mr="कोणी दुसरे"))
    with pytest.raises(Invalid) as refused:
        calls.name(other, "road")
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("first_name_mr", "kept_otherwise")
    assert problem.values == {}


def test_a_change_keeps_who_is_named_again_and_ends_the_other(calls: Calls) -> None:
    calls.head()
    calls.open()
    kept_id, ended_id = calls.name()
    calls.wait(1)
    calls.open()
    third = NamedOfficer("नवीन अधिकारी", "अभियंता", "official", "9822044444", "")
    first_id, second_id = calls.name(replace(NAMED, second=third))
    assert first_id == kept_id
    assert [row.id for row in calls.officers()] == [kept_id, second_id]
    with calls.city.read() as session:
        assert session.get_one(Appointment, ended_id).state is AppointmentState.ENDED


def test_a_proposal_replaces_nobody(calls: Calls) -> None:
    calls.head()
    calls.open()
    calls.name()
    calls.wait(1)
    calls.open()
    third = NamedOfficer("नवीन अधिकारी", "अभियंता", "official", "9822044444", "")
    with pytest.raises(PlacesHeld, match="रमेश मोरे"):
        calls.name(replace(NAMED, second=third), is_proven=False)
    assert states(calls.officers()) == ["confirmed", "confirmed"]


def test_officers_who_stay_are_kept_as_the_page_showed_them(calls: Calls) -> None:
    calls.head()
    calls.open()
    ids = calls.name()
    calls.wait(1)
    calls.open()
    with calls.city.write() as session:
        link = calls.link(session)
        officers = nominate.list_officers(session, link.subject_id, now=calls.city.now)
        digest = nominate.digest_of_officers(officers)
        with pytest.raises(nominate.OfficersChanged):
            nominate.keep_officers(
                session, link=link, digest="x", is_proven=True, now=calls.city.now
            )
        kept = nominate.keep_officers(
            session, link=link, digest=digest, is_proven=True, now=calls.city.now
        )
        assert (kept.first_id, kept.second_id) == ids
    assert calls.addressee().answered_at == calls.city.now


def test_a_check_changes_nothing(calls: Calls) -> None:
    calls.head()
    calls.open()
    with calls.city.write() as session:
        link = calls.link(session)
        nominate.check(session, link=link, named=NAMED, is_proven=True, now=calls.city.now)
        named = with_second(mobile="1")
        with pytest.raises(Invalid):
            nominate.check(session, link=link, named=named, is_proven=True, now=calls.city.now)
    assert calls.officers() == []
    assert calls.notices("invitation") == []
    calls.name()


def test_a_link_is_over_once_it_was_used_or_another_head_is_recorded(calls: Calls) -> None:
    head_id = calls.head()
    calls.open()
    with calls.city.read() as session:
        link_id = calls.link(session).id
    with calls.city.write() as session:
        row = session.get_one(Appointment, head_id)
        end_appointment(session, actor=COMMAND, appointment=row, now=calls.city.now)
    calls.wait(0.1)
    calls.head(mobile="+919800000003", mail="new@pmc.example", name="नवे प्रमुख")
    with pytest.raises(LinkSpent):
        calls.name(link_id=link_id)
    assert calls.tick() == 1
    calls.name()
    with pytest.raises(AlreadyNamed) as refused:
        calls.name()
    assert refused.value.values == {"name": "नवे प्रमुख", "at": calls.city.now}


@pytest.mark.both
def test_of_two_links_of_a_department_at_once_one_names(database: Database, calls: Calls) -> None:
    calls.head()
    calls.open()
    with calls.city.write() as session:
        link = calls.link(session)
        head = head_links.find_office(session, link, now=calls.city.now)
        assert head is not None
        link_ids = [link.id]
    with calls.city.write() as session:
        head_links.make_own_link(session, session.get_one(Appointment, head.id), now=calls.city.now)
        link_ids.append(calls.link(session).id)

    def act(link_id: int, named: OfficersNamed) -> Callable[[], None]:
        def name() -> None:
            calls.name(named, link_id=link_id)

        return name

    other = replace(NAMED, first=replace(FIRST, mobile="9822055555", mail="", name_mr="दुसरी"))
    refused = run_at_once(act(link_ids[0], NAMED), act(link_ids[1], other))
    assert [type(problem) for problem in refused] == [AlreadyNamed]
    with database.reading() as session:
        assert len(session.scalars(select(Nomination)).all()) == 1
        open_links = select(Link).where(Link.used_at.is_(None), Link.ended_at.is_(None))
        assert session.scalars(open_links.where(Link.purpose == "name_officers")).all() == []
    assert len(calls.officers()) == 2


def test_the_heads_role_alone_names_no_officer_of_another_department(calls: Calls) -> None:
    calls.head()
    calls.open("garden", "road")
    with calls.city.read() as session:
        assert calls.link(session).subject_id == calls.city.departments["garden"]
        roads = select(Link).where(Link.subject_id == calls.city.departments["road"])
        assert session.scalars(roads.where(Link.purpose == "name_officers")).all() == []
    assert calls.addressee("road").asked_at is None
    with calls.city.read() as session:
        road = select(Appointment).where(
            Appointment.department_id == calls.city.departments["road"],
            Appointment.role == Role.HEAD,
        )
        assert session.scalars(road).all() == []
