"""Mails that wait for a person of the cell: nothing is published from them, and none is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import CLOCK, Action, Actor, require
from publisher import transitions
from publisher.intake.form import LONGEST_NAME
from publisher.mail.mailbox import texts
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail
from publisher.mail.mailbox.senders import (
    OF_A_DEPARTMENT,
    OF_THE_CELL,
    UNPROVEN,
    WaitReason,
    mail_actor,
)
from publisher.mail.mailbox.take_in import take_in
from publisher.mail.messages.message import MailMessage
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail
from publisher.models.people import Appointment, Person
from publisher.models.submissions import Submission
from publisher.people import shared_addresses
from publisher.states import QuarantineState
from publisher.validation import FieldError, Invalid, NotFound, clean_reason, existing, person_of

WAITS: Final = timedelta(days=30)
"""How long a mail without a known sender waits before it ends by itself."""

END_BY_THEMSELVES: Final = UNPROVEN | {WaitReason.UNKNOWN_SENDER}
"""Reasons of waiting mails that end by themselves; a known sender's waits for a decision."""


def wait(session: Session, mail: ReceivedMail, reason: WaitReason, *, now: datetime) -> Quarantine:
    """Make the mail wait for a person of the cell."""
    mail.outcome, mail.reason = MailOutcome.QUARANTINED, reason.value
    quarantine = Quarantine(mail=mail, since_at=now, state_at=now)
    session.add_all([mail, quarantine])
    # Without the address: what is recorded outlives the mail.
    transitions.record(session, quarantine, "wait", actor=CLOCK, now=now)
    return quarantine


def is_waiting() -> ColumnElement[bool]:
    """Return the condition that the mail waits for somebody to decide on it."""
    return Quarantine.state == QuarantineState.WAITING


def is_unreadable() -> ColumnElement[bool]:
    """Return the condition that the mail could not be read, and nobody has marked it as seen."""
    return and_(ReceivedMail.outcome == MailOutcome.REFUSED, ReceivedMail.seen_at.is_(None))


def waiting() -> Select[Quarantine]:
    """Return the query of the mails that wait, the oldest first."""
    return (
        select(Quarantine)
        .where(is_waiting())
        .options(joinedload(Quarantine.mail).joinedload(ReceivedMail.notice))
        .order_by(Quarantine.since_at, Quarantine.id)
    )


def quarantine_end(quarantine: Quarantine) -> datetime | None:
    """Return when the mail ends by itself, if nobody decides; None if it never does."""
    return quarantine.since_at + WAITS if quarantine.mail.reason in END_BY_THEMSELVES else None


def unreadable() -> Select[ReceivedMail]:
    """Return the query of the mails that could not be read and that nobody has marked as seen."""
    return (
        select(ReceivedMail)
        .where(is_unreadable())
        .order_by(ReceivedMail.received_at, ReceivedMail.id)
    )


def waiting_mail(
    session: Session, *, actor: Actor, now: datetime, quarantine_id: int
) -> Quarantine:
    """Return a mail in quarantine; raises `WrongRole` or `NotFound`."""
    require_sorting(actor, now=now)
    return existing(session.get(Quarantine, quarantine_id), quarantine_id)


def require_sorting(actor: Actor, *, now: datetime) -> None:
    """Raise `WrongRole` unless the actor may hand in for any department, as the cell may."""
    require(actor, Action.HAND_IN, None, now=now)


def lock_waiting(
    session: Session, *, actor: Actor, now: datetime, quarantine_id: int
) -> Quarantine:
    """Return a mail in quarantine, locked; raises `WrongRole` or `NotFound`."""
    require_sorting(actor, now=now)
    return existing(transitions.lock(session, Quarantine, quarantine_id), quarantine_id)


def reject(
    session: Session, *, actor: Actor, now: datetime, quarantine_id: int, word: str
) -> Quarantine:
    """Decide that the mail is not ours; `word` is the reason. Raises `Invalid` or `WrongState`."""
    quarantine = lock_waiting(session, actor=actor, now=now, quarantine_id=quarantine_id)
    columns = {"word": clean_reason(word, field="word"), **decider(actor)}
    to = QuarantineState.NOT_OURS
    transitions.apply(
        session, quarantine, to, actor=actor, now=now, verb="not_ours", columns=columns
    )
    return quarantine


def delete(session: Session, *, actor: Actor, now: datetime, quarantine_id: int) -> Quarantine:
    """Delete the mail: its texts at once, its raw bytes by the next tick of retention."""
    quarantine = lock_waiting(session, actor=actor, now=now, quarantine_id=quarantine_id)
    to = QuarantineState.DELETED
    transitions.apply(
        session, quarantine, to, actor=actor, now=now, verb="delete", columns=decider(actor)
    )
    _forget(quarantine.mail)
    return quarantine


def decider(actor: Actor) -> dict[str, object]:
    """Return the columns that say who decided."""
    return {"decided_by_id": person_of(actor), "decided_under_id": actor.appointment_id}


def end_expired(session: Session, *, now: datetime, most: int) -> int:
    """Delete the mails whose time is over, and return how many."""
    is_nobodys = Quarantine.mail.has(ReceivedMail.reason.in_(END_BY_THEMSELVES))
    expired = waiting().where(Quarantine.since_at <= now - WAITS, is_nobodys)
    quarantines = session.scalars(expired.limit(most)).all()
    to = QuarantineState.DELETED
    transitions.apply(session, quarantines, to, actor=CLOCK, now=now, verb="delete")
    for quarantine in quarantines:
        _forget(quarantine.mail)
    return len(quarantines)


def _forget(mail: ReceivedMail) -> None:
    """Keep the fact that the mail came, but none of its contents."""
    mail.subject, mail.text, mail.sender_name, mail.files, mail.notes = "", "", "", [], []


def mark_seen(session: Session, *, actor: Actor, now: datetime, mail_id: int) -> ReceivedMail:
    """Mark a mail that could not be read as seen, once; raises `WrongRole` or `NotFound`."""
    require_sorting(actor, now=now)
    mail = existing(session.get(ReceivedMail, mail_id), mail_id)
    if mail.outcome is not MailOutcome.REFUSED:
        raise NotFound(mail_id)
    if mail.seen_at is not None:
        return mail
    mail.seen_at, mail.seen_by_id = now, person_of(actor)
    transitions.record(session, mail, "mark_seen", actor=actor, now=now)
    return mail


def take_in_waiting_mail(
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
    """Make a waiting mail a submission; `remembers` records its address for the department.

    The submitter is the sender if the sender is in office there, else nobody. Raises `WrongRole`,
    `NotFound`, `WrongState`, `Invalid`, or `BadPerson` if the address is somebody's.
    """
    quarantine = lock_waiting(session, actor=actor, now=now, quarantine_id=quarantine_id)
    require(actor, Action.HAND_IN, department_id, now=now)
    submission = take_in_locked(
        session,
        quarantine,
        prepared,
        actor=actor,
        intake=intake,
        now=now,
        department_id=department_id,
    )
    if remembers:
        shared_addresses.add(
            session,
            actor=actor,
            department_id=department_id,
            mail_text=quarantine.mail.sender,
            now=now,
            of_a_mail=True,
        )
    return submission


def take_in_locked(
    session: Session,
    quarantine: Quarantine,
    prepared: PreparedMail,
    *,
    actor: Actor,
    intake: MailIntake,
    now: datetime,
    department_id: int,
) -> Submission:
    """Make a locked mail a submission, by somebody who may. Raises `WrongState` or `Invalid`."""
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
        columns=decider(actor),
    )
    is_proven = mail.reason not in UNPROVEN
    office = office_of_sender(session, mail, department_id, now=now) if is_proven else None
    return take_in(
        session,
        mail,
        message,
        prepared,
        actor=mail_actor(department_id, mail.sender, office),
        intake=intake,
        now=now,
        brought_by=_original_sender(message) if mail.reason == WaitReason.FROM_CELL else "",
        answers=is_proven and mail.reason != WaitReason.VIA_LIST,
    )


def office_of_sender(
    session: Session, mail: ReceivedMail, department_id: int, *, now: datetime
) -> Appointment | None:
    """Return the appointment under which the sender hands in there: in the department, or the Cell.

    None if the sender has neither.
    """
    of_the_cell = mail.reason == WaitReason.FROM_CELL
    is_there = (
        Appointment.role.in_(OF_THE_CELL)
        if of_the_cell
        else and_(Appointment.department_id == department_id, Appointment.role.in_(OF_A_DEPARTMENT))
    )
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Person.mail == mail.sender,
            Person.disabled_at.is_(None),
            is_there,
            Appointment.in_force_at(now),
        )
        .order_by(Appointment.id)
    )
    return session.scalars(query.limit(1)).first()


def _original_sender(message: MailMessage) -> str:
    """Return who brought the mail to the cell: the forwarded mail's sender, else its own."""
    sender = message.forwarded_from or message.sender
    names = [texts.line(sender.name), sender.address]
    return ", ".join(filter(None, names))[:LONGEST_NAME]
