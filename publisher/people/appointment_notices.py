"""Notify people of appointments that were recorded or confirmed, and remind those who have to act.

Those who may confirm are asked, and a head is reminded every working day; confirmed officers who
have not taken up their office are invited again after three and seven days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals.appointments import NEEDS_CONFIRMATION, STAFF
from approvals.policy import Role
from publisher.auth.one_time_links import LinkPurpose
from publisher.auth.sessions import reporting_department_ids
from publisher.database.session import Database
from publisher.models.people import Appointment, Link, Person
from publisher.notifications import compose, links
from publisher.notifications.compose import LinkedLine
from publisher.notifications.formatting import choose_language, format_values
from publisher.notifications.kinds import NoticeKind
from publisher.people import (
    confirmation,
    invitations,
    office_links,
    personal_links,
    responsibility,
)
from publisher.people.permissions import not_ended
from publisher.states import AppointmentState
from publisher.working_time import add_working_days, is_working

GATHERED: Final = timedelta(minutes=15)
"""The time for which what one person records or confirms is gathered into one message."""

INVITED_AGAIN: Final = (timedelta(days=3), timedelta(days=7))
"""How long after the confirmation an officer without a password is invited again."""


def tick_appointments(database: Database, *, now: datetime) -> int:
    """Notify of appointments that were recorded or confirmed, and send reminders in working hours.

    Returns the number of appointments reported plus the number of people reminded.
    """
    with database.transaction() as session:
        count = _notify_all(session, now)
    if is_working(now):
        with database.transaction() as session:
            count += _remind_heads(session, now) + _remind_officers(session, now)
    return count


def _notify_all(session: Session, now: datetime) -> int:
    groups: defaultdict[tuple[bool, int | None], list[Appointment]] = defaultdict(list)
    untold = (Appointment.told_at.is_(None), Appointment.state != AppointmentState.ENDED)
    for appointment in _lock_appointments(
        session, *untold, Appointment.role.in_(NEEDS_CONFIRMATION)
    ):
        is_waiting = appointment.state is AppointmentState.RECORDED
        by = appointment.recorded_by_id if is_waiting else appointment.confirmed_by_id
        groups[is_waiting, by].append(appointment)
    count = 0
    for (is_waiting, by), appointments in groups.items():
        if min(row.state_at for row in appointments) <= now - GATHERED:
            _notify(session, appointments, by, is_waiting=is_waiting, now=now)
            count += len(appointments)
    return count


def _lock_appointments(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Appointment]:
    """Return the appointments that meet the conditions and that nobody else has locked."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(*conditions)
        .options(contains_eager(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.id)
    )
    return session.scalars(
        query.with_for_update(of=Appointment, skip_locked=True, key_share=True)
    ).all()


def _notify(
    session: Session,
    appointments: Sequence[Appointment],
    by: int | None,
    *,
    is_waiting: bool,
    now: datetime,
) -> None:
    rows_by_reader: defaultdict[Person, list[Appointment]] = defaultdict(list)
    for appointment in appointments:
        appointment.told_at = now
        if not is_waiting:
            office_links.offer(session, appointment, now=now)
        readers = _confirmers if is_waiting else people_to_notify
        for person in dict.fromkeys(readers(session, appointment, now)):
            if person.id != by and person is not appointment.person:
                rows_by_reader[person].append(appointment)
    for person, rows in rows_by_reader.items():
        by_whom = {"by": session.get_one(Person, by)} if by is not None else {}
        if is_waiting:
            ask(session, person, rows, by_whom, now)
        else:
            _notify_person(session, person, rows, by_whom, now)


def ask(
    session: Session,
    person: Person,
    rows: Sequence[Appointment],
    more_values: Mapping[str, object],
    now: datetime,
) -> None:
    """Ask the person to confirm these appointments; `more_values` are `by` and `again`.

    A head without a password gets a message and a personal link for each department: one link
    confirms all of its officers who wait.
    """
    has_links = _confirms_by_links(session, person, rows, now)
    by_department: defaultdict[int, list[Appointment]] = defaultdict(list)
    for row in rows:
        by_department[row.department_id].append(row)
    for group in by_department.values() if has_links else [rows]:
        path = links.APPOINTMENTS_WAITING
        if has_links:
            purpose = LinkPurpose.CONFIRM
            path = links.officer(personal_links.make(session, purpose, group[0], person, now=now))
        names = "; ".join(_name(row, person, now) for row in group)
        compose.queue(
            session,
            kind=NoticeKind.APPOINTMENTS_WAIT,
            person=person,
            values={"count": len(group), "people": names, **more_values},
            now=now,
            path=path,
        )


def _confirms_by_links(
    session: Session, person: Person, rows: Sequence[Appointment], now: datetime
) -> bool:
    """Return True for a head without a password who has a mobile for the codes."""
    if person.password_hash is not None or any(row.role is not Role.OFFICER for row in rows):
        return False
    heads = [office_links.head_to_ask(session, row.department_id, now=now) for row in rows]
    is_head = all(head is not None and head.person_id == person.id for head in heads)
    return is_head and personal_links.usable_mobile(session, person, now=now) is not None


def _notify_person(
    session: Session,
    person: Person,
    rows: Sequence[Appointment],
    by_whom: Mapping[str, Person],
    now: datetime,
) -> None:
    """Notify the person who now holds these offices, each with a link to report it as wrong."""
    lines = [
        LinkedLine(
            _name(row, person, now),
            links.wrong(personal_links.make(session, LinkPurpose.DOUBT, row, person, now=now)),
        )
        for row in rows
    ]
    # An SMS can hold only one link.
    groups = [lines] if person.mail is not None else [[line] for line in lines]
    for group in groups:
        compose.queue(
            session,
            kind=NoticeKind.APPOINTED,
            person=person,
            values={"count": len(group), "people": group, **by_whom},
            now=now,
            path=group[0].path if len(group) == 1 else links.TODAY,
        )


def _name(appointment: Appointment, reader: Person, now: datetime) -> str:
    """Return name, role and department, in the reader's language."""
    values = {
        "name": appointment.person,
        "role": appointment.role,
        "department": appointment.department,
    }
    text = format_values(values, choose_language(reader), now=now)
    return f"{text['name']}, {text['role']}, {text['department']}"


def _remind_heads(session: Session, now: datetime) -> int:
    """Remind heads of the officers whom they were asked to confirm, while only they may.

    A head gets one message a day with all who wait; returns the number of messages.
    """
    by_head: defaultdict[Person, list[Appointment]] = defaultdict(list)
    for row in _lock_appointments(
        session,
        Appointment.state == AppointmentState.RECORDED,
        Appointment.role == Role.OFFICER,
        Appointment.told_at.is_not(None),
        not_ended(now),
        Person.disabled_at.is_(None),
    ):
        head = office_links.head_to_ask(session, row.department_id, now=now)
        is_in_time = now < add_working_days(row.state_at, confirmation.HEAD_DECIDES_WITHIN)
        if head is not None and head.person_id not in row.recorder_ids and is_in_time:
            by_head[head.person].append(row)
    due = {
        person: rows
        for person, rows in by_head.items()
        if any(row.told_at is not None and now >= add_working_days(row.told_at, 1) for row in rows)
    }
    for person, rows in due.items():
        ask(session, person, rows, {"again": True}, now)
        for row in rows:
            row.told_at = now
    return len(due)


def _remind_officers(session: Session, now: datetime) -> int:
    """Invite officers again who have no password by then; return the number of people."""
    waiting = _lock_appointments(
        session,
        Appointment.role == Role.OFFICER,
        Appointment.state == AppointmentState.CONFIRMED,
        Appointment.confirmed_at <= now - INVITED_AGAIN[0],
        Person.password_hash.is_(None),
        Person.disabled_at.is_(None),
    )
    due = {row.person_id: row for row in waiting if _is_to_invite(session, row, now)}
    for appointment in due.values():
        invitations.invite_by_both(session, appointment, now=now, again=True)
    return len(due)


def _is_to_invite(session: Session, appointment: Appointment, now: datetime) -> bool:
    """Return True unless an invitation was made since the last of the two days."""
    confirmed_at = appointment.confirmed_at or appointment.state_at
    due_at = max(confirmed_at + after for after in INVITED_AGAIN if confirmed_at + after <= now)
    query = select(func.max(Link.made_at)).where(
        Link.person_id == appointment.person_id, Link.purpose == LinkPurpose.INVITATION
    )
    invited_at = session.scalar(query)
    return invited_at is None or invited_at < due_at


def _confirmers(session: Session, appointment: Appointment, now: datetime) -> list[Person]:
    """Return who may confirm it at once: the head, the admins and the leads."""
    is_officer = appointment.role is Role.OFFICER
    department = appointment.department
    deciding_id = department.id if is_officer else department.reports_to_id
    head = None
    if deciding_id is not None and appointment.role in {Role.OFFICER, Role.HEAD}:
        head = office_links.head_to_ask(session, deciding_id, now=now)
    confirmers = confirmation.possible_confirmers(session, [appointment], now=now)[appointment]
    offices = [office for office in confirmers if office.role in STAFF]
    # A confirmed head may not be in office yet: their link makes them so.
    if head is not None and head.person_id not in appointment.recorder_ids:
        offices.append(head)
    return responsibility.people_of(offices)


def people_to_notify(session: Session, appointment: Appointment, now: datetime) -> list[Person]:
    """Return the head, the other officer, the oversight of the department, and the admins."""
    department_id = appointment.department_id
    appointments = [
        *responsibility.responsible_chain(session, department_id, now=now),
        *(
            office
            for office in responsibility.holders(session, Role.OVERSIGHT, now=now)
            if department_id in reporting_department_ids(session, office)
        ),
        *responsibility.holders(session, Role.ADMIN, now=now),
    ]
    return responsibility.people_of(appointments)
