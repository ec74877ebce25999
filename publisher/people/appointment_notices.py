"""Tell others, gathered, who was recorded and waits for them, and who was confirmed by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.appointments import NEEDS_CONFIRMATION, STAFF
from approvals.policy import Role
from publisher.auth.one_time_links import LinkPurpose
from publisher.auth.sessions import line_of
from publisher.database.session import Database
from publisher.models.people import Appointment, Person
from publisher.notifications import compose, links
from publisher.notifications.compose import LinkedLine
from publisher.notifications.formatting import in_words, language_of
from publisher.notifications.kinds import NoticeKind
from publisher.people import confirmation, office_links, personal_links, responsibility
from publisher.states import AppointmentState

GATHERED: Final = timedelta(minutes=15)
"""The time for which what one person records or confirms is gathered into one message."""


def tick_appointments(database: Database, *, now: datetime) -> int:
    """Tell of appointments that were recorded or confirmed; returns the number of them."""
    with database.transaction() as session:
        groups: defaultdict[tuple[bool, int | None], list[Appointment]] = defaultdict(list)
        for appointment in _untold(session):
            is_waiting = appointment.state is AppointmentState.RECORDED
            by = appointment.recorded_by_id if is_waiting else appointment.confirmed_by_id
            groups[is_waiting, by].append(appointment)
        count = 0
        for (is_waiting, by), appointments in groups.items():
            if min(row.state_at for row in appointments) <= now - GATHERED:
                _tell(session, appointments, by, is_waiting=is_waiting, now=now)
                count += len(appointments)
        return count


def _untold(session: Session) -> Sequence[Appointment]:
    query = (
        select(Appointment)
        .where(
            Appointment.told_at.is_(None),
            Appointment.state != AppointmentState.ENDED,
            Appointment.role.in_(NEEDS_CONFIRMATION),
        )
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.id)
    )
    return session.scalars(
        query.with_for_update(of=Appointment, skip_locked=True, key_share=True)
    ).all()


def _tell(
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
        readers = _who_confirm if is_waiting else who_should_know
        for person in dict.fromkeys(readers(session, appointment, now)):
            if person.id != by and person is not appointment.person:
                rows_by_reader[person].append(appointment)
    for person, rows in rows_by_reader.items():
        by_whom = {"by": session.get_one(Person, by)} if by is not None else {}
        if is_waiting:
            ask(session, person, rows, by_whom, now)
        else:
            _say(session, person, rows, by_whom, now)


def ask(
    session: Session,
    person: Person,
    rows: Sequence[Appointment],
    more_values: Mapping[str, object],
    now: datetime,
) -> None:
    """Ask the person to confirm these appointments; `more_values` are `by` and `again`.

    A head without a password gets a message and a personal link for each department: by one link
    all of its officers who wait are confirmed.
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
    return is_head and personal_links.confirmed_mobile(session, person, now=now) is not None


def _say(
    session: Session,
    person: Person,
    rows: Sequence[Appointment],
    by_whom: Mapping[str, Person],
    now: datetime,
) -> None:
    """Tell the person who holds these offices now, each with a link that says it is wrong."""
    lines = [
        LinkedLine(
            _name(row, person, now),
            links.wrong(personal_links.make(session, LinkPurpose.DOUBT, row, person, now=now)),
        )
        for row in rows
    ]
    # An SMS holds one link alone.
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
    text = in_words(values, language_of(reader), now=now)
    return f"{text['name']}, {text['role']}, {text['department']}"


def _who_confirm(session: Session, appointment: Appointment, now: datetime) -> list[Person]:
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


def who_should_know(session: Session, appointment: Appointment, now: datetime) -> list[Person]:
    """Return the head, the other officer, the oversight of the department, and the admins."""
    department_id = appointment.department_id
    appointments = [
        *responsibility.responsible_chain(session, department_id, now=now),
        *(
            office
            for office in responsibility.holders(session, Role.OVERSIGHT, now=now)
            if department_id in line_of(session, office)
        ),
        *responsibility.holders(session, Role.ADMIN, now=now),
    ]
    return responsibility.people_of(appointments)
