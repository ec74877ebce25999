"""A head names the two officers of the department, or keeps the present ones.

A code to the head's mobile confirms the officers; without one they are recorded, and wait for a
second person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed, WrongRole
from approvals.policy import Actor, ActorKind, Role
from publisher import transitions
from publisher.auth import offices, one_time_links
from publisher.auth.contact_details import BadPerson
from publisher.auth.one_time_links import LinkSpent
from publisher.models.nominations import CallAddressee, Nomination, NominationCall
from publisher.models.people import Appointment, Department, Link, ServiceClass
from publisher.nominations import head_links, named_officers
from publisher.nominations.calls import IN_PLACE
from publisher.nominations.mandates import Mandate
from publisher.nominations.named_officers import SLOTS, NamedOfficer, OfficersNamed
from publisher.people import confirmation
from publisher.people.appointments import end_appointment, record_person
from publisher.people.permissions import not_ended
from publisher.states import AppointmentState
from publisher.validation import FieldError, Invalid

#: What `record_person` refuses because the person's record differs from what the head wrote.
_KEPT_OTHERWISE = frozenset(
    {"differs", "another_person", "owners_alone", "disabled", "just_recorded"}
)


class AlreadyNamed(NotAllowed):
    """The officers were named since the link was made; `name` is by whom, `at` when."""

    code = "already_named"


class PlacesHeld(NotAllowed):
    """A nomination that waits cannot replace officers; `name` lists those who hold the places."""

    code = "places_held"


class OfficersChanged(NotAllowed):
    """The officers of the department are no longer those whom the page showed."""

    code = "officers_changed"


def list_officers(session: Session, department_id: int, *, now: datetime) -> list[Appointment]:
    """Return the department's officers in any state who have not ended, by rank."""
    query = (
        select(Appointment)
        .where(
            Appointment.department_id == department_id,
            Appointment.role == Role.OFFICER,
            not_ended(now),
        )
        .options(joinedload(Appointment.person))
        .order_by(Appointment.rank, Appointment.id)
    )
    return list(session.scalars(query))


def confirms(head: Appointment, *, is_proven: bool, now: datetime) -> bool:
    """Return True if the officers whom this head names need no second person."""
    return is_proven and head.state in IN_PLACE and head.covers(now)


def require_unnamed(session: Session, department_id: int, *, since: datetime) -> None:
    """Raise `AlreadyNamed` if the officers of the department were named since then."""
    earlier = head_links.newest_nomination(session, department_id, since)
    if earlier is not None:
        # An office above may have named them without a head on record.
        nominator = earlier.head.person if earlier.head is not None else earlier.nominator
        raise AlreadyNamed(name=nominator.name_mr, at=earlier.made_at)


def check(
    session: Session, *, link: Link, named: OfficersNamed, is_proven: bool, now: datetime
) -> None:
    """Raise what `name_officers` would raise, and change nothing."""
    with session.begin_nested() as savepoint:
        name_officers(session, link=link, named=named, is_proven=is_proven, now=now)
        savepoint.rollback()


def name_officers(
    session: Session, *, link: Link, named: OfficersNamed, is_proven: bool, now: datetime
) -> Nomination:
    """Record these two as the officers of the link's department, and use the link up.

    `is_proven`: a code for exactly this was typed. Raises `LinkSpent` and as `record_officers`.
    """
    mandate = _mandate(session, link, is_proven=is_proven, now=now)
    nomination = record_officers(session, mandate, named, now=now)
    _spend_link(session, link, now=now)
    return nomination


def record_officers(
    session: Session, mandate: Mandate, named: OfficersNamed, *, now: datetime
) -> Nomination:
    """Record these two as the officers of the department.

    People who are officers already stay; the others end, which requires a final mandate.
    Raises `Invalid`, `PlacesHeld`, and `BadPerson` for a department that has ended.
    """
    details = named_officers.read(named, heads=mandate.heads, now=now)
    officers = list_officers(session, mandate.department.id, now=now)
    pairs = [
        (slot, officer, _own_appointment(officers, slot, officer))
        for slot, officer in zip(SLOTS, (details.first, details.second), strict=True)
    ]
    staying = [holder for _slot, _officer, holder in pairs if holder is not None]
    leaving = [holder for holder in officers if holder not in staying]
    if leaving and not mandate.is_final:  # two are named, and there are two places
        raise PlacesHeld(name=", ".join(holder.person.name_mr for holder in leaving))
    for holder in leaving:
        end_appointment(session, actor=mandate.actor, appointment=holder, now=now)
    appointments = [
        holder or _record(session, slot, officer, details, mandate, now=now)
        for slot, officer, holder in pairs
    ]
    for appointment, (slot, officer, _holder) in zip(appointments, pairs, strict=True):
        if mandate.is_final:
            _require_all_written(slot, officer, appointment)
        appointment.service_class = ServiceClass(officer.service_class)
    values = {"order_number": details.order_number, "ordered_on": str(details.ordered_on)}
    verb = "name_officers_on_paper" if mandate.letter is not None else "name_officers"
    return _finish(session, mandate, appointments, verb, values, now=now)


def digest_of_officers(officers: Sequence[Appointment]) -> str:
    """Return a digest of the officers whom a page shows."""
    parts = [(holder.id, confirmation.confirmation_digest(holder)) for holder in officers]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def keep_officers(
    session: Session, *, link: Link, digest: str, is_proven: bool, now: datetime
) -> Nomination:
    """Keep the two officers whom the page showed, and use the link up.

    Raises `LinkSpent`, `AlreadyNamed`, and `OfficersChanged` if these are no longer the two
    officers.
    """
    mandate = _mandate(session, link, is_proven=is_proven, now=now)
    officers = list_officers(session, mandate.department.id, now=now)
    if len(officers) != len(SLOTS) or digest_of_officers(officers) != digest:
        raise OfficersChanged
    nomination = _finish(session, mandate, officers, "keep_officers", {}, now=now)
    _spend_link(session, link, now=now)
    return nomination


def _mandate(session: Session, link: Link, *, is_proven: bool, now: datetime) -> Mandate:
    """Return what the head's link allows. Raises `AlreadyNamed` and `LinkSpent`."""
    department, addressees = lock_department(session, link.subject_id)
    require_unnamed(session, link.subject_id, since=link.made_at)
    session.refresh(link)
    head = head_links.find_office(session, link, now=now)
    if head is None or link.used_at is not None or link.ended_at is not None:
        raise LinkSpent
    is_final = confirms(head, is_proven=is_proven, now=now)
    if is_final and head.state is AppointmentState.CONFIRMED:
        offices.take_up(session, head.person, now=now)  # by the code
    actor = Actor(
        ActorKind.PERSON,
        person_id=head.person_id,
        appointment_id=head.id,
        role=head.role,
        department_id=department.id,
    )
    return Mandate(department, addressees, actor, is_final, head)


def lock_department(session: Session, department_id: int) -> tuple[Department, list[CallAddressee]]:
    """Lock the department and its open addressees, and return them."""
    department = session.get_one(
        Department, department_id, with_for_update={"key_share": True}, populate_existing=True
    )
    query = (
        select(CallAddressee)
        .join(CallAddressee.call)
        .where(
            CallAddressee.department_id == department_id,
            CallAddressee.answered_at.is_(None),
            NominationCall.closed_at.is_(None),
        )
        .order_by(CallAddressee.id)
    )
    return department, list(session.scalars(query.with_for_update(of=CallAddressee)))


def _spend_link(session: Session, link: Link, *, now: datetime) -> None:
    """Use the link up; the department's other links ended with the nomination."""
    one_time_links.use(session, link=link, now=now)
    head_links.end(session, link.subject_id, now=now)
    session.flush()


def _own_appointment(
    officers: Sequence[Appointment], slot: str, officer: NamedOfficer
) -> Appointment | None:
    """Return this person's appointment if they are an officer already."""
    for holder in officers:
        if holder.person.mobile == officer.mobile or (
            officer.mail and holder.person.mail == officer.mail
        ):
            if holder.person.name_mr != officer.name_mr:
                raise Invalid([FieldError(f"{slot}_name_mr", "kept_otherwise")])
            return holder
    return None


def _record(
    session: Session,
    slot: str,
    officer: NamedOfficer,
    named: OfficersNamed,
    mandate: Mandate,
    *,
    now: datetime,
) -> Appointment:
    try:
        return record_person(
            session,
            actor=mandate.actor,
            now=now,
            name_mr=officer.name_mr,
            designation=officer.designation,
            mail=officer.mail or None,
            mobile=officer.mobile,
            role=Role.OFFICER,
            department_id=mandate.department.id,
            order_number=named.order_number,
            origin={"channel": "paper"} if mandate.letter is not None else None,
        )
    except BadPerson as problem:
        if problem.code in _KEPT_OTHERWISE:
            raise Invalid([FieldError(f"{slot}_{problem.field}", "kept_otherwise")]) from problem
        if problem.code == "shared":
            raise Invalid([FieldError(f"{slot}_mail", "mail_shared")]) from problem
        raise
    except WrongRole as problem:  # the missing address of somebody with an office elsewhere
        raise Invalid([FieldError(f"{slot}_mobile", "kept_otherwise")]) from problem


def _require_all_written(slot: str, officer: NamedOfficer, appointment: Appointment) -> None:
    """Raise `Invalid` if the head would confirm a mail address that the head did not write."""
    # Otherwise a mailbox that somebody recorded for this person would be confirmed unseen.
    is_confirmed_now = appointment.state is AppointmentState.RECORDED
    if is_confirmed_now and appointment.person.mail is not None and not officer.mail:
        raise Invalid([FieldError(f"{slot}_mail", "mail_recorded")])


def _finish(
    session: Session,
    mandate: Mandate,
    appointments: Sequence[Appointment],
    verb: str,
    values: Mapping[str, str],
    *,
    now: datetime,
) -> Nomination:
    """Confirm and invite, answer the calls, and write the history; return the nomination."""
    actor, department = mandate.actor, mandate.department
    if mandate.is_final:
        for appointment in appointments:
            _confirm(session, appointment, actor=actor, now=now)
    session.flush()
    first, second = appointments
    nomination = Nomination(
        department_id=department.id,
        addressee_id=mandate.addressees[-1].id if mandate.addressees else None,
        head=mandate.head,
        made_at=now,
        was_proven=mandate.is_final,
        first_id=first.id,
        second_id=second.id,
        **(asdict(mandate.letter) if mandate.letter is not None else {}),
    )
    session.add(nomination)
    for addressee in mandate.addressees:
        addressee.answered_at = now
    session.flush()
    details = {"nomination": nomination.id, **values}
    transitions.record(session, department, verb, actor=actor, now=now, values=details)
    return nomination


def _confirm(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Confirm an officer who waits, by the head's word."""
    session.flush()
    holder = transitions.lock(session, Appointment, appointment.id)
    if holder is None or holder.state is not AppointmentState.RECORDED:
        return
    confirmation.confirm_locked(session, holder, actor=actor, now=now, origin={})
    confirmation.notify_confirmed(session, holder, actor=actor, now=now)
