"""What a fresh demo shows of calls to name officers, of coverage, and of transfers."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Role
from demo.calls import load_calls
from demo.seeding.context import fresh_actor
from publisher.coverage.states import OfficerState, coverage
from publisher.models.nominations import NominationCall
from publisher.models.people import Appointment
from publisher.nominations.progress import CallAnswer, call_progress
from publisher.now import now
from publisher.transfers import lists
from tests.demo.conftest import City

#: Those whom heads have named, as rows of appointments: nobody has taken the office up.
NAMED = [
    (officer.mail or None, Role.OFFICER, answer.department, rank, False)
    for call in load_calls()
    for answer in call.answers
    for rank, officer in enumerate((answer.first, answer.second), start=1)
]


def check_a_call_has_every_answer_and_one_that_is_late(city: City, session: Session) -> None:
    calls = session.scalars(select(NominationCall).order_by(NominationCall.id)).all()
    assert [call.order_number for call in calls] == [call.order_number for call in load_calls()]
    at = city.progress().began_at
    late, current = (call_progress(session, call, now=at) for call in calls)
    (unanswered,) = (called for called in late if called.is_open)
    assert unanswered.addressee.department.code == "encroachment"
    assert unanswered.is_late
    assert Counter(called.answer for called in late) == {CallAnswer.NAMED: 1, CallAnswer.ASKED: 1}
    assert unanswered.addressee.telephoned_at is not None
    assert Counter(called.answer for called in current) == {
        CallAnswer.NAMED: 1,
        CallAnswer.WAITS: 1,
        CallAnswer.ASKED: 2,
        CallAnswer.NOT_REACHED: 1,
    }
    assert not any(called.is_late for called in current)


def check_a_list_of_transfers_waits_for_the_lead(city: City, session: Session) -> None:
    at = city.progress().began_at
    (transfer_list,) = session.scalars(lists.all_lists())
    assert transfer_list.in_force_on.day == 1
    assert len(transfer_list.rows) == 3
    assert lists.check_stored(session, transfer_list, now=at).problems == []
    query = select(Appointment).where(Appointment.role == Role.CELL_LEAD)
    assert lists.may_confirm(
        session, transfer_list, fresh_actor(session.scalars(query).one(), now=at)
    )


def check_the_coverage_has_all_five_states(_city: City, session: Session) -> None:
    states = Counter(covered.state for covered in coverage(session, now=now()))
    assert set(states) == set(OfficerState)


CALLS = (
    check_a_call_has_every_answer_and_one_that_is_late,
    check_a_list_of_transfers_waits_for_the_lead,
)
CALLS_LOOK = (*CALLS, check_the_coverage_has_all_five_states)
