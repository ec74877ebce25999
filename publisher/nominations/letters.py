"""Reminder letters to departments that have not answered a call: whose turn it is, and writing.

The first letter goes to the head, each later one to the head of the office above, and a department
gets one in seven days at most, over all calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.nominations import (
    CallAddressee,
    LetterRecipient,
    NominationCall,
    ReminderLetter,
)
from publisher.models.people import Appointment, Department
from publisher.nominations import head_links, letter_text
from publisher.nominations.calls import AnsweredAlready, CallOver, heads_in_place
from publisher.nominations.letter_text import LetterSender
from publisher.notifications import compose, department_copies, links
from publisher.notifications.kinds import NoticeKind
from publisher.numbering import next_number
from publisher.people import responsibility
from publisher.people.departments import is_in_force
from publisher.validation import NotFound, existing, person_of
from publisher.working_time import local_day

DAYS_BETWEEN: Final = timedelta(days=7)


class LetterTooSoon(NotAllowed):
    """The department had a letter in the last seven days; `on` is the day of the next one."""

    code = "letter_too_soon"


class NoOfficeAbove(NotAllowed):
    """The next letter goes to the office above, and the department reports to none."""

    code = "no_office_above"


class LetterStep(StrEnum):
    """What prevents the next letter of a department, if anything does."""

    DUE = "due"
    WAITS = "waits"
    WITHOUT_LINE = "without_line"


@dataclass(frozen=True)
class NextLetter:
    """The next letter of a department that has not answered.

    `office` is that of the head to whom it goes; None if no office above is recorded. `head` is
    None if nobody is confirmed there. It may be written from `from_on` on.
    """

    addressee: CallAddressee
    earlier: Sequence[ReminderLetter]
    recipient: LetterRecipient
    office: Department | None
    head: Appointment | None
    has_line: bool
    from_on: date
    step: LetterStep


def next_letters(session: Session, call: NominationCall, *, now: datetime) -> dict[int, NextLetter]:
    """Return the next letter of each department that has not answered, by its addressee's id.

    A closed call has none, nor has a department that is not in force.
    """
    if call.closed_at is not None:
        return {}
    addressees = [
        addressee
        for addressee in session.scalars(_query_without_answer(call))
        if is_in_force(addressee.department, now=now)
    ]
    departments = {addressee.department_id: addressee.department for addressee in addressees}
    above = {
        department.id: department.reports_to
        for department in departments.values()
        if department.reports_to is not None and is_in_force(department.reports_to, now=now)
    }
    heads = heads_in_place(session, {*departments, *(line.id for line in above.values())}, now=now)
    letters = letters_by_addressee(session, call)
    last_days = _last_days(session, departments)
    return {
        addressee.id: _next_letter(
            addressee,
            letters.get(addressee.id, ()),
            above.get(addressee.department_id),
            heads,
            last_days.get(addressee.department_id),
            today=local_day(now),
        )
        for addressee in addressees
    }


def _query_without_answer(call: NominationCall) -> Select[CallAddressee]:
    return (
        select(CallAddressee)
        .join(CallAddressee.department)
        .where(CallAddressee.call_id == call.id, CallAddressee.answered_at.is_(None))
        .options(joinedload(CallAddressee.department).joinedload(Department.reports_to))
        .order_by(Department.name_mr, CallAddressee.id)
        # What was read before the locks may have changed.
        .execution_options(populate_existing=True)
    )


def letters_by_addressee(session: Session, call: NominationCall) -> dict[int, list[ReminderLetter]]:
    """Return the letters of a call by their addressees' ids, the first ones first."""
    query = (
        select(ReminderLetter)
        .join(ReminderLetter.addressee)
        .where(CallAddressee.call_id == call.id)
        .options(
            joinedload(ReminderLetter.office),
            joinedload(ReminderLetter.head).joinedload(Appointment.person),
        )
        .order_by(ReminderLetter.id)
    )
    letters: defaultdict[int, list[ReminderLetter]] = defaultdict(list)
    for letter in session.scalars(query):
        letters[letter.addressee_id].append(letter)
    return letters


def _last_days(session: Session, department_ids: Collection[int]) -> dict[int, date]:
    """Return the day of each department's last letter, over all calls."""
    query = (
        select(CallAddressee.department_id, func.max(ReminderLetter.written_at))
        .join(ReminderLetter.addressee)
        .where(CallAddressee.department_id.in_(department_ids))
        .group_by(CallAddressee.department_id)
    )
    return {department_id: local_day(at) for department_id, at in session.execute(query)}


def _next_letter(
    addressee: CallAddressee,
    earlier: Sequence[ReminderLetter],
    above: Department | None,
    heads: Mapping[int, Appointment],
    last_day: date | None,
    *,
    today: date,
) -> NextLetter:
    recipient = LetterRecipient.OFFICE_ABOVE if earlier else LetterRecipient.HEAD
    office = above if earlier else addressee.department
    from_on = last_day + DAYS_BETWEEN if last_day is not None else today
    if from_on > today:
        step = LetterStep.WAITS
    else:
        step = LetterStep.DUE if office is not None else LetterStep.WITHOUT_LINE
    return NextLetter(
        addressee=addressee,
        earlier=earlier,
        recipient=recipient,
        office=office,
        head=heads.get(office.id) if office is not None else None,
        has_line=above is not None,
        from_on=from_on,
        step=step,
    )


def write_letters(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    call_id: int,
    sender: LetterSender,
    addressee_id: int | None = None,
) -> list[ReminderLetter]:
    """Write the letters of a call that are due, or that of one addressee; return them.

    Leads and admins are notified, once a call, of departments without an office above. Raises
    `WrongRole`, `NotFound` and `CallOver`; with an addressee also `AnsweredAlready`,
    `LetterTooSoon` and `NoOfficeAbove`.
    """
    require(actor, Action.OPEN_CALL, None, now=now)
    call = _lock_call(session, call_id)
    plans = next_letters(session, call, now=now)
    chosen = [plan for plan in plans.values() if plan.step is LetterStep.DUE]
    if addressee_id is not None:
        chosen = [_require_due(session, call, plans, addressee_id)]
    letters = [
        _write(session, call, plan, plan.office, sender, actor=actor, now=now)
        for plan in chosen
        if plan.office is not None
    ]
    _notify_without_line(session, call, plans.values(), now=now)
    return letters


def _lock_call(session: Session, call_id: int) -> NominationCall:
    """Return the call, with its departments locked: one letter at a time, over all calls."""
    call = session.get(NominationCall, call_id, with_for_update=True, populate_existing=True)
    called = select(CallAddressee.department_id).where(CallAddressee.call_id == call_id)
    query = select(Department.id).where(Department.id.in_(called)).order_by(Department.id)
    session.execute(query.with_for_update(key_share=True))
    call = existing(call, call_id)
    if call.closed_at is not None:
        raise CallOver
    return call


def _require_due(
    session: Session,
    call: NominationCall,
    plans: Mapping[int, NextLetter],
    addressee_id: int,
) -> NextLetter:
    addressee = session.get(CallAddressee, addressee_id)
    if addressee is None or addressee.call_id != call.id:
        raise NotFound(addressee_id)
    if addressee.answered_at is not None:
        raise AnsweredAlready(at=addressee.answered_at)
    plan = existing(plans.get(addressee_id), addressee_id)
    match plan.step:
        case LetterStep.WAITS:
            raise LetterTooSoon(on=plan.from_on)
        case LetterStep.WITHOUT_LINE:
            raise NoOfficeAbove
        case LetterStep.DUE:
            return plan
        case _:
            assert_never(plan.step)


def _write(
    session: Session,
    call: NominationCall,
    plan: NextLetter,
    office: Department,
    sender: LetterSender,
    *,
    actor: Actor,
    now: datetime,
) -> ReminderLetter:
    text = letter_text.compose_text(
        call=call,
        department=plan.addressee.department,
        recipient=plan.recipient,
        office=office,
        person=plan.head.person if plan.head is not None else None,
        earlier=plan.earlier,
        sender=sender,
        now=now,
    )
    letter = ReminderLetter(
        addressee=plan.addressee,
        number=next_number(session, prefix=sender.series, now=now, digits=4),
        recipient=plan.recipient,
        office=office,
        head=plan.head,
        content=text.content,
        is_mailed=False,
        written_at=now,
        written_by_id=person_of(actor),
    )
    session.add(letter)
    letter.is_mailed = _mail(session, letter, now=now)
    values = {"number": letter.number, "recipient": letter.recipient.value}
    transitions.record(session, plan.addressee, "write_letter", actor=actor, now=now, values=values)
    return letter


def _mail(session: Session, letter: ReminderLetter, *, now: datetime) -> bool:
    """Queue the letter to the head's own mailbox; return False if there is none.

    The head of the department gets a new personal link in it.
    """
    head = letter.head
    if head is None or head.person.mail is None:
        return False
    if department_copies.find_owner(session, head.person.mail) is not None:
        return False
    text = letter_text.read_letter_text(letter)
    values = {
        "number": letter.number,
        "department": letter.addressee.department,
        "letter_text": "\n\n".join([*text.parts, "\n".join(text.signatory)]).strip(),
    }
    path = ""
    if letter.recipient is LetterRecipient.HEAD:
        values["nominate_by"] = nominate_by = letter.addressee.call.nominate_by
        token = head_links.make(session, head, nominate_by=nominate_by, now=now)
        path = links.name_officers(token)
    notice = compose.queue(
        session,
        kind=NoticeKind.REMINDER_LETTER,
        person=head.person,
        values=values,
        now=now,
        path=path,
        to=head.person.mail,
    )
    return notice is not None


def _notify_without_line(
    session: Session, call: NominationCall, plans: Collection[NextLetter], *, now: datetime
) -> None:
    """Notify leads and admins, once a call, how many departments report to no office."""
    count = sum(not plan.has_line for plan in plans)
    if call.told_without_line_at is not None or not count:
        return
    compose.queue_for_each(
        session,
        responsibility.people_of(responsibility.lead_and_admins(session, now=now)),
        kind=NoticeKind.OFFICE_ABOVE_MISSING,
        values={"count": count, "order_number": call.order_number},
        now=now,
        path=links.call(call.id),
    )
    call.told_without_line_at = now
