"""Somebody of the staff types the two officers whom a head named by a letter on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole
from publisher.models.history import Event
from publisher.models.nominations import Nomination
from publisher.models.people import Appointment
from publisher.nominations import answer_letters
from publisher.nominations.calls import AnsweredAlready
from publisher.nominations.mandates import AnswerLetter
from publisher.nominations.named_officers import OfficersNamed
from publisher.nominations.nominate import AlreadyNamed, PlacesHeld
from publisher.people import confirmation
from publisher.people.confirmation import MayNotConfirm
from publisher.validation import Invalid, NotFound
from tests.nominations.steps import FIRST, MOBILE, NAMED, SECOND, Calls, states, with_second
from tests.people.test_concurrent_changes import run_at_once
from tests.support.city_people import record_by

LETTER = AnswerLetter("उद्यान/११२", date(2026, 11, 20), "ab" * 32, "पत्र.pdf", "application/pdf")


def record(
    calls: Calls,
    by: str = "lead",
    named: OfficersNamed = NAMED,
    letter: AnswerLetter = LETTER,
    department: str = "garden",
) -> Nomination:
    """Type a letter of a department; return the nomination."""
    city = calls.city
    with city.write() as session:
        return answer_letters.record_answer(
            session,
            actor=city.actor(by),
            now=city.now,
            department_id=city.departments[department],
            named=named,
            letter=letter,
        )


def confirm(calls: Calls, by: str, *ids: int) -> None:
    with calls.city.write() as session:
        digests = {
            key: confirmation.confirmation_digest(session.get_one(Appointment, key)) for key in ids
        }
        actor = calls.city.actor(by)
        confirmation.confirm(session, actor=actor, now=calls.city.now, digests=digests)


def test_both_officers_wait_for_a_second_person_and_the_call_is_answered(calls: Calls) -> None:
    calls.open()
    nomination = record(calls)
    officers = calls.officers()
    assert states(officers) == ["recorded", "recorded"]
    assert {row.recorded_by_id for row in officers} == {calls.city.people["lead"]}
    assert {row.order_number for row in officers} == {LETTER.letter_number}
    assert calls.addressee().answered_at == calls.city.now
    assert (nomination.addressee_id, nomination.was_proven) == (calls.addressee().id, False)
    assert (nomination.letter_on, nomination.scan_sha256) == (LETTER.letter_on, "ab" * 32)
    assert calls.notices("invitation") == []
    confirm(calls, "admin", nomination.first_id, nomination.second_id)
    assert states(calls.officers()) == ["confirmed", "confirmed"]
    assert len(calls.notices("invitation")) > 0


@pytest.mark.parametrize("appointed_by", ["", "lead"])
def test_neither_the_typist_nor_whom_the_typist_appointed_confirms(
    calls: Calls, appointed_by: str
) -> None:
    nomination = record(calls)
    other = "admin" if appointed_by else "lead"
    if appointed_by:
        with calls.city.write() as session:
            person_id = calls.city.people[appointed_by]
            record_by(session, calls.city.appointments["admin"], person_id)
    with pytest.raises(MayNotConfirm):
        confirm(calls, other, nomination.first_id, nomination.second_id)
    assert states(calls.officers()) == ["recorded", "recorded"]


def test_the_history_names_the_channel_and_the_typist(calls: Calls) -> None:
    nomination = record(calls)
    garden = calls.city.departments["garden"]
    assert calls.city.verbs("departments", garden)[-1] == "name_officers_on_paper"
    with calls.city.read() as session:
        query = select(Event).where(
            Event.subject == "appointments", Event.subject_id == nomination.first_id
        )
        event = session.scalars(query).one()
        assert (event.details["channel"], event.person_id) == ("paper", calls.city.people["lead"])


def test_a_heads_own_link_ends_with_the_letter_and_says_who_named(calls: Calls) -> None:
    head_id = calls.head()
    calls.open()
    calls.tick()
    assert record(calls).head_id == head_id
    with calls.city.read() as session:
        assert calls.link(session).ended_at is not None
    with pytest.raises(AlreadyNamed) as refused:
        calls.name()
    assert refused.value.values["name"] == "चारुता"


def test_a_department_without_a_head_on_record_answers_too(calls: Calls) -> None:
    nomination = record(calls)
    assert nomination.head_id is None
    head_id = calls.head()
    calls.open()
    calls.tick()
    record(calls, letter=replace(LETTER, letter_number="उद्यान/११३"))
    with calls.city.read() as session:
        rows = session.scalars(select(Nomination).order_by(Nomination.id)).all()
        assert [row.head_id for row in rows] == [None, head_id]


def test_the_same_letter_is_typed_once(calls: Calls) -> None:
    record(calls)
    calls.wait(1)
    with pytest.raises(AnsweredAlready):
        record(calls, "admin")
    record(calls, "admin", letter=replace(LETTER, letter_on=date(2026, 11, 21)))


@pytest.mark.both
def test_of_two_who_type_the_same_letter_at_once_one_records(calls: Calls) -> None:
    calls.open()

    def act(by: str) -> Callable[[], None]:
        def type_letter() -> None:
            record(calls, by)

        return type_letter

    refused = run_at_once(act("lead"), act("admin"))
    assert [type(problem) for problem in refused] == [AnsweredAlready]
    assert len(calls.officers()) == 2


def test_a_letter_replaces_nobody(calls: Calls) -> None:
    nomination = record(calls)
    confirm(calls, "admin", nomination.first_id, nomination.second_id)
    third = with_second(name_mr="नवीन अधिकारी", mobile="9822044444")
    letter = replace(LETTER, letter_number="उद्यान/११३")
    with pytest.raises(PlacesHeld, match="रमेश मोरे"):
        record(calls, named=third, letter=letter)
    record(calls, letter=letter)
    assert states(calls.officers()) == ["confirmed", "confirmed"]


def test_the_head_is_no_officer(calls: Calls) -> None:
    calls.head()
    with pytest.raises(Invalid) as refused:
        record(calls, named=replace(NAMED, first=replace(FIRST, mobile=MOBILE)))
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("first_mobile", "is_own_head")


@pytest.mark.parametrize("by", ["clerk", "health_head", "garden_member", "auditor"])
def test_only_admin_and_lead_type_letters(calls: Calls, by: str) -> None:
    with pytest.raises(WrongRole):
        record(calls, by)
    assert calls.officers() == []


def test_the_scan_is_opened_by_who_may_confirm_alone(calls: Calls) -> None:
    calls.report_to("garden", "health")
    garden = record(calls)
    first = replace(FIRST, mobile="9822066666", mail="")
    second = replace(SECOND, mobile="9822055555")
    other = record(calls, named=replace(NAMED, first=first, second=second), department="health")

    def may_open(by: str, nomination: Nomination) -> bool:
        with calls.city.read() as session:
            try:
                answer_letters.nomination_of_scan(
                    session, actor=calls.city.actor(by), nomination_id=nomination.id
                )
            except NotFound:
                return False
            return True

    opened = {by: [may_open(by, row) for row in (garden, other)] for by in ("lead", "admin")}
    assert opened == {"lead": [True, True], "admin": [True, True]}
    assert [may_open("health_head", row) for row in (garden, other)] == [True, True]
    assert [may_open("head", row) for row in (garden, other)] == [False, False]


def test_a_nomination_by_a_link_has_no_scan_to_open(calls: Calls) -> None:
    calls.head()
    calls.open()
    calls.tick()
    calls.name()
    with calls.city.read() as session:
        nomination = session.scalars(select(Nomination)).one()
        with pytest.raises(NotFound):
            answer_letters.nomination_of_scan(
                session, actor=calls.city.actor("admin"), nomination_id=nomination.id
            )
