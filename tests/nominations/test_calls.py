"""A call to departments: who is asked, who is phoned, who has answered, and who is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from approvals.errors import WrongRole
from approvals.policy import Role
from publisher.models.nominations import NominationCall
from publisher.models.people import Appointment
from publisher.nominations import calls as call_acts
from publisher.nominations import progress
from publisher.nominations.calls import AnsweredAlready, NobodyToAsk
from publisher.nominations.named_officers import OfficersNamed
from publisher.nominations.progress import CallAnswer
from publisher.people.appointments import record_person
from publisher.validation import Invalid
from tests.nominations.steps import FIRST, NOMINATE_BY, ORDERED_ON, SECOND, Calls
from tests.people.test_concurrent_changes import run_at_once


def answers(calls: Calls, call_id: int) -> dict[str, CallAnswer]:
    with calls.city.read() as session:
        call = session.get_one(NominationCall, call_id)
        rows = progress.call_progress(session, call, now=calls.city.now)
        return {row.addressee.department.code: row.answer for row in rows}


def test_a_head_is_asked_at_the_opening_or_once_confirmed(calls: Calls) -> None:
    waiting_id = calls.head(is_confirmed=False)
    call_id = calls.open("garden", "health", "road")
    assert answers(calls, call_id) == {
        "garden": CallAnswer.NOT_REACHED,
        "health": CallAnswer.ASKED,
        "road": CallAnswer.NOT_REACHED,
    }
    assert calls.tick() == 0
    calls.wait(0.1)
    calls.confirm(waiting_id)
    assert calls.tick() == 1
    assert calls.tick() == 0
    assert answers(calls, call_id)["garden"] is CallAnswer.ASKED


def test_a_head_whose_days_are_over_is_not_asked(calls: Calls) -> None:
    head_id = calls.head()
    with calls.city.write() as session:
        session.get_one(Appointment, head_id).until_at = calls.city.now
    assert answers(calls, calls.open("garden")) == {"garden": CallAnswer.NOT_REACHED}


def test_an_answer_is_named_or_waits_for_a_second_person(calls: Calls) -> None:
    calls.head(mobile=None)
    call_id = calls.open()
    ids = calls.name(is_proven=False)
    assert answers(calls, call_id) == {"garden": CallAnswer.WAITS}
    calls.confirm(*ids)
    assert answers(calls, call_id) == {"garden": CallAnswer.NAMED}
    with calls.city.read() as session:
        count = progress.newest_open(session)
        assert count is not None
        assert (count.addressees, count.answered) == (1, 1)
        assert calls.city.departments["garden"] in progress.departments_that_named(
            session, now=calls.city.now
        )


def test_a_new_link_ends_the_earlier_and_none_goes_to_who_has_answered(calls: Calls) -> None:
    calls.head()
    calls.open("garden", "road")
    lead = calls.city.actor("lead")
    key = calls.addressee().id
    with calls.city.write() as session:
        earlier = calls.link(session)
        call_acts.ask_again(session, actor=lead, addressee_id=key, now=calls.city.now)
        assert calls.link(session).id != earlier.id
        session.refresh(earlier)
        assert earlier.ended_at == calls.city.now
    road = calls.addressee("road").id
    with calls.city.write() as session, pytest.raises(NobodyToAsk):
        call_acts.ask_again(session, actor=lead, addressee_id=road, now=calls.city.now)
    calls.name()
    with calls.city.write() as session, pytest.raises(AnsweredAlready):
        call_acts.ask_again(session, actor=lead, addressee_id=key, now=calls.city.now)


def test_a_telephone_call_is_kept_with_who_made_it_and_when(calls: Calls) -> None:
    calls.open("road")
    key = calls.addressee("road").id
    with calls.city.write() as session:
        actor = calls.city.actor("lead")
        call_acts.note_telephoned(session, actor=actor, addressee_id=key, now=calls.city.now)
    row = calls.addressee("road")
    assert (row.telephoned_at, row.telephoned_by_id) == (
        calls.city.now,
        calls.city.people["lead"],
    )
    assert calls.city.verbs("call_addressees", key) == ["telephone"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"department_ids": []}, ("departments", "none_called")),
        ({"department_ids": [99]}, ("departments", "unknown_department")),
        ({"order_number": ""}, ("order_number", "required")),
        ({"ordered_on": None}, ("ordered_on", "required")),
        ({"ordered_on": date(2026, 12, 1)}, ("ordered_on", "order_not_signed")),
        ({"nominate_by": None}, ("nominate_by", "required")),
        ({"nominate_by": date(2026, 11, 24)}, ("nominate_by", "day_past")),
    ],
)
def test_what_is_wrong_with_a_call_is_told_at_its_field(
    calls: Calls, fields: dict[str, object], expected: tuple[str, str]
) -> None:
    usual: dict[str, object] = {
        "department_ids": [calls.city.departments["road"]],
        "order_number": "१",
        "ordered_on": ORDERED_ON,
        "nominate_by": NOMINATE_BY,
    }
    arguments = {**usual, **fields}
    actor = calls.city.actor("lead")
    with calls.city.write() as session, pytest.raises(Invalid) as refused:
        call_acts.open_call(session, actor=actor, now=calls.city.now, **arguments)  # type: ignore[arg-type]  # the cases are of one table
    assert refused.value.codes == [expected]


@pytest.mark.parametrize("name", ["clerk", "first", "head", "member", "oversight", "auditor"])
def test_nobody_but_lead_and_admin_opens_a_call(calls: Calls, name: str) -> None:
    with calls.city.write() as session, pytest.raises(WrongRole):
        call_acts.open_call(
            session,
            actor=calls.city.actor(name),
            now=calls.city.now,
            department_ids=[calls.city.departments["road"]],
            order_number="१",
            ordered_on=ORDERED_ON,
            nominate_by=NOMINATE_BY,
        )


def test_late_ones_are_marked_and_a_closed_call_asks_nobody(calls: Calls) -> None:
    head_id = calls.head(is_confirmed=False)
    call_id = calls.open()
    calls.wait(11)
    with calls.city.write() as session:
        call = session.get_one(NominationCall, call_id)
        (row,) = progress.call_progress(session, call, now=calls.city.now)
        assert row.is_late
        actor = calls.city.actor("lead")
        call_acts.close_call(session, actor=actor, call=call, now=calls.city.now)
    calls.confirm(head_id)
    assert calls.tick() == 0


@pytest.mark.both
def test_two_clocks_ask_a_head_once(calls: Calls) -> None:
    head_id = calls.head(is_confirmed=False)
    calls.open()
    calls.confirm(head_id)
    calls.wait(0.1)

    def tick() -> None:
        calls.tick()

    run_at_once(tick, tick)
    assert calls.tick() == 0
    assert len(calls.notices("name_officers")) == 2  # by mail and SMS


def name_most(calls: Calls, codes: list[str]) -> None:
    """Let these heads name two each; every fifth slips once, and tries again."""
    for number, code in enumerate(codes):
        first = replace(FIRST, mobile=f"97000{number:05}", mail="")
        second = replace(SECOND, mobile=f"96000{number:05}")
        if number % 5 == 0:
            slip = OfficersNamed(first, replace(second, mobile="020-25501000"), "१", ORDERED_ON)
            with pytest.raises(Invalid):
                calls.name(slip, code)
        named = OfficersNamed(first, second, "१", ORDERED_ON)
        calls.name(named, code, is_proven=bool(number % 7))


@pytest.mark.ci
def test_a_call_to_many_departments_with_answers_slips_and_late_ones(calls: Calls) -> None:
    """Sixty-seven heads, recorded as a list; half name at once, some slip, some are late."""
    codes = [f"d{number}" for number in range(67)]
    for code in codes:
        calls.city.add_department(code)
    with calls.city.write() as session:
        head_ids = []
        for number, code in enumerate(codes):
            row = record_person(
                session,
                actor=calls.city.actor("lead"),
                now=calls.city.now,
                name_mr=f"प्रमुख {code}",
                mail=f"head-{code}@pmc.example",
                mobile=f"98000{number:05}" if number % 7 else None,
                role=Role.HEAD,
                department_id=calls.city.departments[code],
            )
            session.flush()
            head_ids.append(row.id)
    call_id = calls.open(*codes)
    assert set(answers(calls, call_id).values()) == {CallAnswer.NOT_REACHED}
    calls.wait(0.1)
    calls.confirm(*head_ids[:60])
    assert calls.tick() == 60
    name_most(calls, codes[:50])
    found = list(answers(calls, call_id).values())
    assert [found.count(answer) for answer in CallAnswer] == [42, 8, 10, 7]
    calls.wait(11)
    with calls.city.read() as session:
        call = session.get_one(NominationCall, call_id)
        rows = progress.call_progress(session, call, now=calls.city.now)
        assert sum(row.is_late for row in rows) == 17
