"""A person of the cell takes a mail out of quarantine, for a department."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.intake.form import LONGEST_NAME
from publisher.mail_messages.message import MailMessage
from publisher.mailbox import texts
from publisher.mailbox.preparation import MailIntake, PreparedMail
from publisher.mailbox.quarantine import decided_by, lock_waiting
from publisher.mailbox.senders import OF_A_DEPARTMENT, WaitReason, mail_actor
from publisher.mailbox.take_in import take_in
from publisher.models.mailbox import ReceivedMail
from publisher.models.people import Appointment, Person
from publisher.models.submissions import Submission
from publisher.people import shared_addresses
from publisher.states import QuarantineState
from publisher.validation import FieldError, Invalid

_UNPROVEN = frozenset({WaitReason.UNPROVEN_SENDER, WaitReason.SEVERAL_SENDERS})


def take_in_for(
    session: Session,
    prepared: PreparedMail,
    *,
    actor: Actor,
    intake: MailIntake,
    now: datetime,
    quarantine_id: int,
    department_id: int,
    remembers: bool = False,
) -> Submission:
    """Make a submission of a waiting mail; `remembers` records its address for the department.

    The submitter is the sender if the sender is in office there, else nobody. Raises `WrongRole`,
    `NotFound`, `WrongState`, `Invalid`, or `BadPerson` if the address is somebody's.
    """
    quarantine = lock_waiting(session, actor=actor, now=now, quarantine_id=quarantine_id)
    require(actor, Action.HAND_IN, department_id, now=now)
    mail, message = quarantine.mail, prepared.message
    if message is None or prepared.raw_sha256 != mail.raw_sha256:
        raise Invalid([FieldError("department_id", "mail_gone")])
    transitions.apply(
        session,
        quarantine,
        QuarantineState.TAKEN_IN,
        actor=actor,
        now=now,
        verb="take_in",
        columns=decided_by(actor),
    )
    if remembers:
        shared_addresses.add(
            session, actor=actor, department_id=department_id, mail_text=mail.sender, now=now
        )
    is_proven = mail.reason not in _UNPROVEN
    office = _office(session, mail, department_id, now) if is_proven else None
    return take_in(
        session,
        mail,
        message,
        prepared,
        actor=mail_actor(department_id, mail.sender, office),
        intake=intake,
        now=now,
        brought_by=_forwarded_from(message) if mail.reason == WaitReason.FROM_CELL else "",
        answers=is_proven,
    )


def _office(
    session: Session, mail: ReceivedMail, department_id: int, now: datetime
) -> Appointment | None:
    """Return the sender's appointment in the department; None if the sender has none there."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Person.mail == mail.sender,
            Person.disabled_at.is_(None),
            Appointment.department_id == department_id,
            Appointment.role.in_(OF_A_DEPARTMENT),
            Appointment.in_force_at(now),
        )
        .order_by(Appointment.id)
    )
    return session.scalars(query.limit(1)).first()


def _forwarded_from(message: MailMessage) -> str:
    """Return who brought the mail to the cell: whose mail was sent on, else who sent it."""
    sender = message.forwarded_from or message.sender
    names = [texts.line(sender.name), sender.address]
    return ", ".join(filter(None, names))[:LONGEST_NAME]
