"""How far a call has come: what each department has done, and who is still to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.models.nominations import CallAddressee, Nomination, NominationCall
from publisher.models.people import Appointment, Department
from publisher.nominations.calls import IN_PLACE
from publisher.people.departments import departments_in_force
from publisher.people.permissions import not_ended
from publisher.states import AppointmentState
from publisher.working_time import local_day

OFFICERS_OF_A_DEPARTMENT = 2


class CallAnswer(StrEnum):
    """What a department has done about a call."""

    NAMED = "named"
    WAITS = "waits"  #: The officers are recorded, and wait for a second person.
    ASKED = "asked"
    NOT_REACHED = "not_reached"  #: No head is confirmed, so nobody was asked.


@dataclass(frozen=True)
class AddresseeProgress:
    """A department of a call, with its head and what the head named."""

    addressee: CallAddressee
    head: Appointment | None
    nomination: Nomination | None
    answer: CallAnswer
    is_late: bool

    @property
    def is_open(self) -> bool:
        """True while the department has not answered."""
        return self.answer in {CallAnswer.ASKED, CallAnswer.NOT_REACHED}


@dataclass(frozen=True)
class CallCount:
    """A call with the number of its departments, and of those that have answered."""

    call: NominationCall
    addressees: int
    answered: int


def calls_listed() -> Select[NominationCall]:
    """Return the query of all calls, the newest first."""
    return (
        select(NominationCall)
        .options(joinedload(NominationCall.opened_by))
        .order_by(NominationCall.id.desc())
    )


def numbers(session: Session) -> dict[int, CallCount]:
    """Return the numbers of every call, by its id."""
    return {
        call.id: CallCount(call, addressees, answered)
        for call, addressees, answered in session.execute(_counts())
    }


def _counts() -> Select[NominationCall, int, int]:
    totals = (
        select(
            CallAddressee.call_id,
            func.count().label("addressees"),
            func.count(CallAddressee.answered_at).label("answered"),
        )
        .group_by(CallAddressee.call_id)
        .subquery()
    )
    return (
        select(NominationCall, totals.c.addressees, totals.c.answered)
        .join(totals, totals.c.call_id == NominationCall.id)
        .order_by(NominationCall.id.desc())
    )


def newest_open(session: Session) -> CallCount | None:
    """Return the newest call that is not closed; None if there is none."""
    query = _counts().where(NominationCall.closed_at.is_(None)).limit(1)
    newest = session.execute(query).first()
    return CallCount(*newest) if newest is not None else None


def call_progress(
    session: Session, call: NominationCall, *, now: datetime
) -> list[AddresseeProgress]:
    """Return the departments of a call, by Marathi name."""
    query = (
        select(CallAddressee)
        .join(CallAddressee.department)
        .where(CallAddressee.call_id == call.id)
        .options(joinedload(CallAddressee.department), joinedload(CallAddressee.telephoned_by))
        .order_by(Department.name_mr)
    )
    addressees = session.scalars(query).all()
    heads = heads_of(session, [addressee.department_id for addressee in addressees], now=now)
    nominations = _nominations(session, [addressee.id for addressee in addressees])
    rows = []
    for addressee in addressees:
        head, nomination = heads.get(addressee.department_id), nominations.get(addressee.id)
        is_late = call.nominate_by < local_day(now) and addressee.answered_at is None
        answer = _answer(addressee, head, nomination)
        rows.append(AddresseeProgress(addressee, head, nomination, answer, is_late))
    return rows


def _answer(
    addressee: CallAddressee, head: Appointment | None, nomination: Nomination | None
) -> CallAnswer:
    if addressee.answered_at is not None:
        officers = [nomination.first, nomination.second] if nomination is not None else []
        waits = any(officer.state is AppointmentState.RECORDED for officer in officers)
        return CallAnswer.WAITS if waits else CallAnswer.NAMED
    is_asked = addressee.asked_at is not None and head is not None and head.state in IN_PLACE
    return CallAnswer.ASKED if is_asked else CallAnswer.NOT_REACHED


def heads_of(
    session: Session, department_ids: Sequence[int], *, now: datetime
) -> dict[int, Appointment]:
    """Return the heads of these departments in any state who have not ended."""
    query = (
        select(Appointment)
        .where(
            Appointment.department_id.in_(department_ids),
            Appointment.role == Role.HEAD,
            not_ended(now),
        )
        .options(joinedload(Appointment.person))
        .order_by(Appointment.id)
    )
    return {head.department_id: head for head in session.scalars(query)}


def _nominations(session: Session, addressee_ids: Sequence[int]) -> dict[int, Nomination]:
    officers = (Nomination.first, Nomination.second)
    query = (
        select(Nomination)
        .where(Nomination.addressee_id.in_(addressee_ids))
        .options(*(joinedload(officer).joinedload(Appointment.person) for officer in officers))
        .order_by(Nomination.id)
    )
    return {nomination.addressee_id or 0: nomination for nomination in session.scalars(query)}


def departments_that_named(session: Session, *, now: datetime) -> frozenset[int]:
    """Return the ids of the departments with two confirmed or active officers."""
    query = (
        select(Appointment.department_id)
        .where(Appointment.role == Role.OFFICER, Appointment.informed_at(now))
        .group_by(Appointment.department_id)
        .having(func.count() >= OFFICERS_OF_A_DEPARTMENT)
    )
    return frozenset(session.scalars(query))


@dataclass(frozen=True)
class UnreachedOffice:
    """A department whose head cannot be asked; `head` waits for confirmation, or is None."""

    department: Department
    head: Appointment | None


def list_unreached_offices(session: Session, *, now: datetime) -> list[UnreachedOffice]:
    """Return the departments in force without a confirmed head, by Marathi name."""
    departments = departments_in_force(session, now=now)
    heads = heads_of(session, [department.id for department in departments], now=now)
    pairs = [(department, heads.get(department.id)) for department in departments]
    return [
        UnreachedOffice(department, head)
        for department, head in pairs
        if head is None or head.state not in IN_PLACE
    ]
