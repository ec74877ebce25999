"""Ask the sender of a mail which department it is for, and take it in by one press on a page.

The page publishes nothing, so its link needs no code. Meanwhile the mail waits in quarantine, where
the cell may decide first.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth import one_time_links
from publisher.auth.one_time_links import LinkPurpose, LinkSubject
from publisher.mail.mailbox import acknowledgement
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail
from publisher.mail.mailbox.quarantine import WAITS, office_of_sender, take_in_locked
from publisher.mail.mailbox.senders import OF_A_DEPARTMENT, OF_THE_CELL, WaitReason
from publisher.mail.messages.message import MailMessage
from publisher.models.mailbox import Quarantine
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Link, Person
from publisher.models.submissions import Submission
from publisher.notifications import links
from publisher.people.departments import departments_in_force, is_in_force
from publisher.states import QuarantineState
from publisher.validation import FieldError, Invalid, NotFound


class ChoiceOutlook(StrEnum):
    """What the link does now."""

    OPEN = "open"
    CHOSEN = "chosen"  #: By this link.
    TAKEN_IN = "taken_in"  #: The cell was faster.
    NOT_OURS = "not_ours"
    DELETED = "deleted"
    EXPIRED = "expired"
    DISABLED = "disabled"  #: The person's access is closed.
    OTHER_ADDRESS = "other_address"  #: The address that it went to is no longer the person's.
    NO_OFFICE = "no_office"
    ALL_CLOSED = "all_closed"  #: The departments where the person is in office.


def ask(
    session: Session, quarantine: Quarantine, message: MailMessage, *, person: Person, now: datetime
) -> Notice | None:
    """Ask the person which department the mail is for; None if the address had enough answers."""
    mail, address = quarantine.mail, person.mail or ""
    if not acknowledgement.may_be_answered(session, address, now=now):
        return None
    subject = LinkSubject(
        LinkPurpose.CHOOSE_DEPARTMENT, Quarantine.__tablename__, quarantine.id, person
    )
    token = one_time_links.make(session, subject, to=address, now=now, lasts=WAITS)
    notice = acknowledgement.ask_for_department(
        session,
        mail,
        message,
        path=links.mail_department(token),
        expires_at=now + WAITS,
        now=now,
    )
    mail.notice_id = notice.id
    session.flush()
    return notice


def get_link(session: Session, token: str) -> Link:
    """Return the link behind the token, even one that is over; raises `NotFound`."""
    purpose = LinkPurpose.CHOOSE_DEPARTMENT
    link = one_time_links.find_any(session, token=token, purpose=purpose)
    if link is None:
        raise NotFound(token)
    return link


def get_waiting_mail(session: Session, link: Link) -> Quarantine:
    """Return the waiting mail that the link is about."""
    return session.get_one(Quarantine, link.subject_id)


def outlook(session: Session, link: Link, *, now: datetime) -> ChoiceOutlook:
    """Return what the link does now."""
    if link.used_at is not None:
        return ChoiceOutlook.CHOSEN
    quarantine = get_waiting_mail(session, link)
    if quarantine.state is not QuarantineState.WAITING:
        return ChoiceOutlook(quarantine.state.value)
    if link.ended_at is not None or now >= link.expires_at:
        return ChoiceOutlook.EXPIRED
    if link.person.disabled_at is not None:
        return ChoiceOutlook.DISABLED
    if link.sent_to != link.person.mail:
        return ChoiceOutlook.OTHER_ADDRESS
    if list_choices(session, link, now=now):
        return ChoiceOutlook.OPEN
    has_office = bool(_office_ids(session, link, now))
    return ChoiceOutlook.ALL_CLOSED if has_office else ChoiceOutlook.NO_OFFICE


def list_choices(session: Session, link: Link, *, now: datetime) -> list[Department]:
    """Return the departments in force to choose from: the person's own, or all for the cell."""
    own_ids = _office_ids(session, link, now)
    departments = departments_in_force(session, now=now)
    if own_ids and is_from_cell(session, link):
        return departments
    return [department for department in departments if department.id in own_ids]


def is_from_cell(session: Session, link: Link) -> bool:
    """Return True if somebody of the cell forwarded the mail."""
    return get_waiting_mail(session, link).mail.reason == WaitReason.FROM_CELL


def _office_ids(session: Session, link: Link, now: datetime) -> set[int]:
    """Return the departments where the person holds such an office as when the mail came."""
    roles = OF_THE_CELL if is_from_cell(session, link) else OF_A_DEPARTMENT
    query = select(Appointment.department_id).where(
        Appointment.person_id == link.person_id,
        Appointment.role.in_(roles),
        Appointment.in_force_at(now),
    )
    return set(session.scalars(query))


def choose(
    session: Session,
    prepared: PreparedMail,
    *,
    token: str,
    department_id: int,
    intake: MailIntake,
    now: datetime,
) -> Submission | None:
    """Make the mail a submission of this department, once; return None if the link is over.

    Raises `NotFound`, or `Invalid` if the department is not one of the choices.
    """
    link = get_link(session, token)
    # If somebody is deciding on the mail at this moment, wait for that decision and see it.
    quarantine = transitions.lock(session, Quarantine, link.subject_id)
    session.refresh(link)
    if quarantine is None or outlook(session, link, now=now) is not ChoiceOutlook.OPEN:
        return None
    if department_id not in {row.id for row in list_choices(session, link, now=now)}:
        raise Invalid([FieldError("department_id", _refusal(session, department_id, now))])
    one_time_links.use(session, link=link, now=now)
    office = office_of_sender(session, quarantine.mail, department_id, now=now)
    actor = Actor(
        ActorKind.LINK,
        person_id=link.person_id,
        appointment_id=office.id if office is not None else None,
    )
    return take_in_locked(
        session,
        quarantine,
        prepared,
        actor=actor,
        intake=intake,
        now=now,
        department_id=department_id,
    )


def _refusal(session: Session, department_id: int, now: datetime) -> str:
    """Return why the department is not one of the choices."""
    department = session.get(Department, department_id)
    if department is None:
        return "unknown_department"
    return "no_office" if is_in_force(department, now=now) else "closed"
