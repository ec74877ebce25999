"""Call departments to name their officers by a day, and ask their heads by a personal link."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role, require
from publisher import transitions
from publisher.database.session import Database
from publisher.models.nominations import CallAddressee, NominationCall
from publisher.models.people import Appointment, Person
from publisher.nominations import head_links
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import invitations
from publisher.people.department_orders import FIRST_DAY, LAST_DAY
from publisher.people.departments import departments_in_force
from publisher.states import AppointmentState
from publisher.validation import Validator, existing, person_of
from publisher.working_time import local_day

IN_PLACE = (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)


class NobodyToAsk(NotAllowed):
    """The department has no head who is confirmed and can be reached."""

    code = "nobody_to_ask"


class CallOver(NotAllowed):
    """The call is closed, or its last day is past."""

    code = "call_over"


class AnsweredAlready(NotAllowed):
    """The department has answered this call; `at` is when."""

    code = "answered_already"


def open_call(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department_ids: Collection[int],
    order_number: str,
    ordered_on: date | None,
    nominate_by: date | None,
) -> NominationCall:
    """Open a call to these departments, and send their heads the links.

    Raises `WrongRole`, and `Invalid` with every field that is wrong.
    """
    require(actor, Action.OPEN_CALL, None, now=now)
    validator, today = Validator(), local_day(now)
    number = validator.line("order_number", order_number, most=80, required=True)
    in_force = {called.id for called in departments_in_force(session, now=now)}
    if not department_ids:
        validator.add("departments", "none_called")
    elif not in_force.issuperset(department_ids):
        validator.add("departments", "unknown_department")
    order_day = read_order_day(validator, ordered_on, now=now)
    last_day = nominate_by or today
    if nominate_by is None:
        validator.add("nominate_by", "required")
    elif not today <= nominate_by <= LAST_DAY:
        validator.add("nominate_by", "day_past")
    validator.finish()
    call = NominationCall(
        order_number=number,
        ordered_on=order_day,
        nominate_by=last_day,
        opened_at=now,
        opened_by_id=person_of(actor),
        addressees=[CallAddressee(department_id=key) for key in sorted(department_ids)],
    )
    session.add(call)
    values = {"departments": len(call.addressees), "order_number": number}
    transitions.record(session, call, Action.OPEN_CALL, actor=actor, now=now, values=values)
    for addressee in call.addressees:
        _ask_if_reachable(session, addressee, now=now)
    return call


def read_order_day(validator: Validator, ordered_on: date | None, *, now: datetime) -> date:
    """Return the day of an order; adds an error unless it can have been signed that day."""
    if ordered_on is None:
        validator.add("ordered_on", "required")
    elif not FIRST_DAY <= ordered_on <= local_day(now):
        validator.add("ordered_on", "order_not_signed")
    return ordered_on or local_day(now)


def tick_calls(database: Database, *, now: datetime) -> int:
    """Ask the heads who were confirmed after their department was called; return their number."""
    with database.transaction() as session:
        return sum(
            _ask_if_reachable(session, called, now=now)
            for called in _addressees_without_answer(session, now)
        )


def _addressees_without_answer(session: Session, now: datetime) -> list[CallAddressee]:
    query = (
        select(CallAddressee)
        .join(CallAddressee.call)
        .where(
            CallAddressee.answered_at.is_(None),
            NominationCall.closed_at.is_(None),
            NominationCall.nominate_by >= local_day(now),
        )
        .options(joinedload(CallAddressee.call), joinedload(CallAddressee.department))
        .order_by(CallAddressee.id)
    )
    locked = query.with_for_update(of=CallAddressee, skip_locked=True)
    return list(session.scalars(locked))


def _ask_if_reachable(session: Session, addressee: CallAddressee, *, now: datetime) -> bool:
    """Send the link to a head not asked since the confirmation; return True if it was sent."""
    head = head_in_place(session, addressee.department_id, now=now)
    if head is None or head.confirmed_at is None:
        return False
    if addressee.asked_at is not None and addressee.asked_at >= head.confirmed_at:
        return False
    _ask(session, addressee, head, now=now)
    return True


def find_unanswered_call(session: Session, department_id: int) -> NominationCall | None:
    """Return the open call that the department has not answered; of two, the newest."""
    query = (
        select(NominationCall)
        .join(NominationCall.addressees)
        .where(
            CallAddressee.department_id == department_id,
            CallAddressee.answered_at.is_(None),
            NominationCall.closed_at.is_(None),
        )
        .order_by(NominationCall.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def head_in_place(session: Session, department_id: int, *, now: datetime) -> Appointment | None:
    """Return the department's confirmed or active head, who can be asked; None if there is none."""
    return heads_in_place(session, [department_id], now=now).get(department_id)


def heads_in_place(
    session: Session, department_ids: Collection[int], *, now: datetime
) -> dict[int, Appointment]:
    """Return the confirmed or active head of each of these departments that has one."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.department_id.in_(department_ids),
            Appointment.role == Role.HEAD,
            Appointment.informed_at(now),
            Person.disabled_at.is_(None),
        )
        .options(joinedload(Appointment.person))
        .order_by(Appointment.id)
    )
    # Of two, the one who was appointed last.
    return {head.department_id: head for head in session.scalars(query)}


def _ask(session: Session, addressee: CallAddressee, head: Appointment, *, now: datetime) -> None:
    call = addressee.call
    token = head_links.make(session, head, nominate_by=call.nominate_by, now=now)
    compose.queue(
        session,
        kind=NoticeKind.NAME_OFFICERS,
        person=head.person,
        values={
            "department": head.department,
            "order_number": call.order_number,
            "nominate_by": call.nominate_by,
        },
        now=now,
        path=links.name_officers(token),
    )
    addressee.asked_at = now
    person = head.person
    is_invited = person.password_hash is not None or invitations.was_invited(session, person)
    if person.mobile is None and not is_invited:
        # If no code reaches this head, the link asks for a sign-in, which needs a password.
        invitations.invite_by_both(session, head, now=now)


def addressee(session: Session, addressee_id: int) -> CallAddressee:
    """Return an addressee, locked. Raises `NotFound`."""
    called = session.get(CallAddressee, addressee_id, with_for_update=True, populate_existing=True)
    return existing(called, addressee_id)


def ask_again(session: Session, *, actor: Actor, addressee_id: int, now: datetime) -> None:
    """Send the head a new link, which ends the earlier one.

    Raises `WrongRole`, `NotFound`, `CallOver`, `AnsweredAlready` and `NobodyToAsk`.
    """
    require(actor, Action.OPEN_CALL, None, now=now)
    called = addressee(session, addressee_id)
    if called.call.closed_at is not None or called.call.nominate_by < local_day(now):
        raise CallOver
    if called.answered_at is not None:
        raise AnsweredAlready(at=called.answered_at)
    head = head_in_place(session, called.department_id, now=now)
    if head is None:
        raise NobodyToAsk
    _ask(session, called, head, now=now)
    transitions.record(session, called, "ask_again", actor=actor, now=now)


def note_telephoned(session: Session, *, actor: Actor, addressee_id: int, now: datetime) -> None:
    """Note that somebody telephoned the department. Raises `WrongRole`, `NotFound`."""
    require(actor, Action.OPEN_CALL, None, now=now)
    called = addressee(session, addressee_id)
    called.telephoned_at, called.telephoned_by_id = now, person_of(actor)
    transitions.record(session, called, "telephone", actor=actor, now=now)


def close_call(session: Session, *, actor: Actor, call: NominationCall, now: datetime) -> None:
    """Close a call: nobody is asked any more, and its links become invalid. Raises `WrongRole`."""
    require(actor, Action.OPEN_CALL, None, now=now)
    if call.closed_at is not None:
        return
    call.closed_at = now
    for called in call.addressees:
        if called.answered_at is None:
            head_links.end(session, called.department_id, now=now)
    transitions.record(session, call, "close_call", actor=actor, now=now)
