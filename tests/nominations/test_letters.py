"""Reminder letters: to the head, then the office above; numbered, one in seven days at most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from approvals.errors import WrongRole
from publisher.models.departments import DepartmentAddress
from publisher.models.nominations import (
    CallAddressee,
    LetterRecipient,
    NominationCall,
    ReminderLetter,
)
from publisher.models.people import Department, Person
from publisher.nominations import calls as call_acts
from publisher.nominations import letters
from publisher.nominations.calls import AnsweredAlready, CallOver
from publisher.nominations.letter_text import read_letter_text
from publisher.nominations.letters import LetterStep, LetterTooSoon, NoOfficeAbove
from publisher.validation import NotFound
from tests.nominations.steps import Calls
from tests.people.test_concurrent_changes import run_at_once

FIRST, SECOND, THIRD = (f"PMC/SP/2026/000{number}" for number in (1, 2, 3))


def letter_numbers(calls: Calls) -> list[str]:
    with calls.city.read() as session:
        return list(session.scalars(select(ReminderLetter.number).order_by(ReminderLetter.id)))


def last_letter(calls: Calls) -> ReminderLetter:
    """Return the last letter, with the rows beside it."""
    with calls.city.read() as session:
        letter = session.scalars(select(ReminderLetter).order_by(ReminderLetter.id.desc())).all()[0]
        assert letter.office.code
        return letter


def steps(calls: Calls, call_id: int) -> dict[str, LetterStep]:
    with calls.city.read() as session:
        call = session.get_one(NominationCall, call_id)
        plans = letters.next_letters(session, call, now=calls.city.now)
        return {plan.addressee.department.code: plan.step for plan in plans.values()}


def test_a_letter_is_numbered_addressed_to_the_head_and_mailed(calls: Calls) -> None:
    head_id = calls.head()
    call_id = calls.open("garden")
    assert steps(calls, call_id) == {"garden": LetterStep.DUE}
    assert calls.write_letters(call_id) == [FIRST]
    letter, text = last_letter(calls), read_letter_text(last_letter(calls))
    assert (letter.recipient, letter.head_id, letter.is_mailed) == ("head", head_id, True)
    assert text.recipient == ["प्रति,", "मा. चारुता", "विभागप्रमुख", "उद्यान विभाग", "पुणे महानगरपालिका"]
    assert text.references == "संदर्भ : आदेश क्र. साप्रवि/४५, दि. २० नोव्हेंबर २०२६."
    assert "५ डिसेंबर २०२६ पर्यंत कळविणे आवश्यक आहे" in text.paragraphs[1]
    (notice,) = calls.notices("reminder_letter")
    assert (notice.channel, notice.address) == ("mail", "charuta@pmc.example")
    assert FIRST in notice.body
    assert "/name-officers/" in notice.body  # the head's own link, also of a call that is past
    assert "\n\n".join(text.parts) in notice.body
    assert text.signatory[0] in notice.body
    key = calls.addressee().id
    assert calls.city.verbs("call_addressees", key) == ["write_letter"]


def test_a_designation_of_the_head_stands_in_the_address(calls: Calls) -> None:
    calls.head()
    with calls.city.write() as session:
        person = session.scalars(select(Person).where(Person.name_mr == "चारुता")).one()
        person.designation = "उद्यान अधीक्षक"
    calls.write_letters(calls.open("garden"))
    assert "उद्यान अधीक्षक" in read_letter_text(last_letter(calls)).recipient


def test_the_second_and_each_later_letter_goes_to_the_office_above(
    calls: Calls,
) -> None:
    calls.head()
    calls.report_to("garden", "health")
    call_id = calls.open("garden")
    calls.write_letters(call_id)
    calls.wait(6)
    assert steps(calls, call_id) == {"garden": LetterStep.WAITS}
    assert calls.write_letters(call_id) == []
    calls.wait(1)
    assert calls.write_letters(call_id) == [SECOND]
    letter, text = last_letter(calls), read_letter_text(last_letter(calls))
    assert (letter.recipient, letter.office.code) == (LetterRecipient.OFFICE_ABOVE, "health")
    assert text.title == "स्मरणपत्र क्र. २"
    assert f"२) स्मरणपत्र जा.क्र. {FIRST}, दि. २५ नोव्हेंबर २०२६." in text.references
    assert "आपल्या अधिनस्त उद्यान विभाग" in text.paragraphs[1]
    calls.wait(7)
    assert calls.write_letters(call_id) == [THIRD]
    assert last_letter(calls).recipient is LetterRecipient.OFFICE_ABOVE
    assert "आवश्यक होते" in read_letter_text(last_letter(calls)).paragraphs[1]


def test_a_letter_stays_as_written_when_head_and_department_change(calls: Calls) -> None:
    calls.head()
    calls.write_letters(calls.open("garden"))
    written = read_letter_text(last_letter(calls))
    with calls.city.write() as session:
        session.get_one(Department, calls.city.departments["garden"]).name_mr = "वृक्ष विभाग"
        person = session.scalars(select(Person).where(Person.name_mr == "चारुता")).one()
        person.name_mr = "दुसरे नाव"
    assert read_letter_text(last_letter(calls)) == written


@pytest.mark.parametrize("is_recorded", [True, False])
def test_without_a_confirmed_head_it_is_addressed_to_the_office_on_paper(
    calls: Calls, is_recorded: bool
) -> None:
    if is_recorded:
        calls.head(is_confirmed=False)
    calls.write_letters(calls.open("garden"))
    letter = last_letter(calls)
    assert (letter.head_id, letter.is_mailed) == (None, False)
    assert read_letter_text(letter).recipient[:3] == ["प्रति,", "विभागप्रमुख", "उद्यान विभाग"]
    assert calls.notices("reminder_letter") == []


def test_no_letter_goes_to_a_shared_address_or_by_sms(calls: Calls) -> None:
    calls.head()
    with calls.city.write() as session:
        address = DepartmentAddress(
            department_id=calls.city.departments["garden"],
            mail="charuta@pmc.example",
            recorded_at=calls.city.now,
            recorded_by_id=calls.city.people["lead"],
        )
        session.add(address)
    calls.head("road", mail=None, mobile="+919800000002", name="मृणाल")
    calls.write_letters(calls.open("garden", "road"))
    assert calls.notices("reminder_letter") == []


def test_two_calls_of_a_department_have_one_letter_a_week_together(calls: Calls) -> None:
    first_id, other_id = calls.open("garden"), calls.open("garden")
    assert calls.write_letters(first_id) == [FIRST]
    assert calls.write_letters(other_id) == []
    with pytest.raises(LetterTooSoon) as refused:
        calls.write_letters(other_id, "garden")
    assert refused.value.values["on"] == date(2026, 12, 2)


def test_without_an_office_above_the_cell_is_told_once_a_call(calls: Calls) -> None:
    calls.report_to("road", "health")
    call_id = calls.open("garden", "road")
    calls.write_letters(call_id, "road")
    (notice,) = [
        notice
        for notice in calls.notices("office_above_missing")
        if notice.person_id == calls.city.people["lead"]
    ]
    assert f"/calls/{call_id}\n" in notice.body
    count = len(calls.notices("office_above_missing"))
    calls.write_letters(call_id, "garden")
    calls.wait(7)
    assert steps(calls, call_id) == {"garden": LetterStep.WITHOUT_LINE, "road": LetterStep.DUE}
    with pytest.raises(NoOfficeAbove):
        calls.write_letters(call_id, "garden")
    assert len(calls.write_letters(call_id)) == 1
    assert len(calls.notices("office_above_missing")) == count
    calls.report_to("garden", "health")
    assert steps(calls, call_id)["garden"] is LetterStep.DUE


def test_none_is_written_after_an_answer_nor_for_a_closed_call(calls: Calls) -> None:
    calls.head()
    call_id = calls.open("garden", "road")
    calls.name()
    with pytest.raises(AnsweredAlready):
        calls.write_letters(call_id, "garden")
    other_id = calls.open("health")
    with calls.city.read() as session:
        health_id = session.scalars(
            select(CallAddressee.id).where(CallAddressee.call_id == other_id)
        ).one()
    with pytest.raises(NotFound):
        calls.write_letters(call_id, addressee_id=health_id)
    assert calls.write_letters(call_id) == [FIRST]
    with calls.city.write() as session:
        call = session.get_one(NominationCall, call_id)
        actor = calls.city.actor("lead")
        call_acts.close_call(session, actor=actor, call=call, now=calls.city.now)
    with pytest.raises(CallOver):
        calls.write_letters(call_id)
    assert steps(calls, call_id) == {}


@pytest.mark.parametrize("name", ["clerk", "first", "head", "member", "oversight", "auditor"])
def test_nobody_but_lead_and_admin_writes_letters(calls: Calls, name: str) -> None:
    call_id = calls.open("garden")
    with pytest.raises(WrongRole):
        calls.write_letters(call_id, by=name)


def press(
    calls: Calls, call_id: int, department: str = "", *, by: str = "lead"
) -> Callable[[], None]:
    """Return the act of somebody who presses the button."""

    def act() -> None:
        calls.write_letters(call_id, department, by=by)

    return act


@pytest.mark.both
def test_two_clerks_who_press_at_once_write_one_letter(calls: Calls) -> None:
    first_id, other_id = calls.open("garden", "road"), calls.open("garden")
    refused = run_at_once(
        press(calls, first_id),
        press(calls, first_id, by="admin"),
        press(calls, other_id),
    )
    assert refused == []
    assert letter_numbers(calls) == [FIRST, SECOND]


@pytest.mark.both
def test_two_presses_for_one_department_write_one_letter_and_refuse_one(calls: Calls) -> None:
    call_id = calls.open("garden")
    (refused,) = run_at_once(
        press(calls, call_id, "garden"),
        press(calls, call_id, "garden", by="admin"),
    )
    assert isinstance(refused, LetterTooSoon)
    assert letter_numbers(calls) == [FIRST]
