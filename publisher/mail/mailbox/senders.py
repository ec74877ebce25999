"""Find a mail's sender: which department it is handed in for, or why it waits for a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals.policy import Actor, ActorKind, Role
from publisher.mail.messages.message import AuthenticationResult, MailMessage, MailNoteCode
from publisher.models.departments import DepartmentAddress
from publisher.models.people import Appointment, Department, Person
from publisher.people.departments import is_in_force

OF_A_DEPARTMENT: Final = frozenset({Role.MEMBER, Role.OFFICER, Role.HEAD})
OF_THE_CELL: Final = frozenset({Role.CELL, Role.CELL_LEAD})

_PASSED: Final = "pass"
_NO_POLICY: Final = frozenset({"none", ""})
_MOST_CLAIMED: Final = 5


class WaitReason(StrEnum):
    """Why a mail waits for a person of the cell."""

    UNKNOWN_SENDER = "unknown_sender"
    UNPROVEN_SENDER = "unproven_sender"  #: Our own mail server could not confirm the sender.
    SEVERAL_SENDERS = "several_senders"
    SEVERAL_DEPARTMENTS = "several_departments"
    FROM_CELL = "from_cell"  #: Somebody of the cell forwarded it: the department has to be named.
    UNCONFIRMED_ADDRESS = "unconfirmed_address"
    CLOSED_DEPARTMENT = "closed_department"
    TOO_MANY_MAILS = "too_many_mails"
    UNJOINED_REPLY = "unjoined_reply"  #: It answers a mail of ours, and joins nothing by itself.
    UNUSABLE = "unusable"  #: A known sender's mail that the form would refuse.
    INFECTED = "infected"  #: A known sender's mail, one of whose files carries a virus.
    VIA_LIST = "via_list"  #: A known sender's mail that a mailing list has passed on.


UNPROVEN: Final = frozenset({WaitReason.UNPROVEN_SENDER, WaitReason.SEVERAL_SENDERS})
"""The reasons for which the sender is uncertain, so that the mail counts as nobody's."""


@dataclass(frozen=True)
class MailSender:
    """The sender of a mail: `actor` hands it in, or it waits for `reason`.

    `chooser` is the sender who can say which department it is for.
    """

    actor: Actor | None = None
    reason: WaitReason | None = None
    is_checked: bool = False
    chooser: Person | None = None

    @property
    def department_id(self) -> int | None:
        """The department that it is handed in for."""
        return self.actor.department_id if self.actor is not None else None


def sender_of(
    session: Session, message: MailMessage, *, mail_server: str, hops: int = 0, now: datetime
) -> MailSender:
    """Return the sender of the mail, by the register at `now`."""
    verdict = check_authenticity(message, mail_server=mail_server, hops=hops)
    is_checked = verdict is Authenticity.PASSED
    if any(note.code is MailNoteCode.SEVERAL_SENDERS for note in message.notes):
        return MailSender(reason=WaitReason.SEVERAL_SENDERS)
    if verdict is Authenticity.FAILED:
        return MailSender(reason=WaitReason.UNPROVEN_SENDER)
    sender = _sender_by_person(session, message, now) or _sender_by_department(
        session, message, now
    )
    return replace(sender, is_checked=is_checked)


def claims_known_sender(session: Session, message: MailMessage, *, now: datetime) -> bool:
    """Return True if an address that it claims to be from is known, forged or not.

    A list may put its own address in From, and leave the writer's in Reply-To.
    """
    claimed = [message.sender, *message.reply_to[:_MOST_CLAIMED]]
    senders = (
        sender_of(session, replace(message, sender=address), mail_server="", now=now)
        for address in claimed
    )
    return any(sender.reason is not WaitReason.UNKNOWN_SENDER for sender in senders)


def _sender_by_person(session: Session, message: MailMessage, now: datetime) -> MailSender | None:
    """Return the person's department; None if nobody in office has this address."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Person.mail == message.sender.address,
            Person.disabled_at.is_(None),
            Appointment.in_force_at(now),
        )
        .options(joinedload(Appointment.department), contains_eager(Appointment.person))
        .order_by(Appointment.id)
    )
    appointments = session.scalars(query).all()
    if any(appointment.role in OF_THE_CELL for appointment in appointments):
        return MailSender(reason=WaitReason.FROM_CELL, chooser=appointments[0].person)
    offices = [row for row in appointments if row.role in OF_A_DEPARTMENT]
    if not offices:
        return None
    choices = [row for row in offices if is_in_force(row.department, now=now)]
    if len({office.department_id for office in choices}) > 1:
        return MailSender(reason=WaitReason.SEVERAL_DEPARTMENTS, chooser=choices[0].person)
    office = (choices or offices)[0]
    return _department_sender(office.department, message, now, office)


def _sender_by_department(session: Session, message: MailMessage, now: datetime) -> MailSender:
    query = (
        select(DepartmentAddress)
        .where(DepartmentAddress.mail == message.sender.address)
        .options(joinedload(DepartmentAddress.department))
    )
    address = session.scalars(query).one_or_none() if message.sender.address else None
    if address is None:
        return MailSender(reason=WaitReason.UNKNOWN_SENDER)
    if address.confirmed_at is None:
        return MailSender(reason=WaitReason.UNCONFIRMED_ADDRESS)
    return _department_sender(address.department, message, now)


def _department_sender(
    department: Department, message: MailMessage, now: datetime, office: Appointment | None = None
) -> MailSender:
    if not is_in_force(department, now=now):
        return MailSender(reason=WaitReason.CLOSED_DEPARTMENT)
    return MailSender(mail_actor(department.id, message.sender.address, office))


def mail_actor(department_id: int, address: str, office: Appointment | None = None) -> Actor:
    """Return the actor of a mail for this department, with the person who wrote it if known."""
    return Actor(
        ActorKind.MAIL,
        person_id=office.person_id if office is not None else None,
        appointment_id=office.id if office is not None else None,
        department_id=department_id,
        name=address,
        mail_sender=address,
    )


class Authenticity(StrEnum):
    """What our own server's Authentication-Results say about the sender."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "unchecked"  #: No server of ours is set whose results could be trusted.


def check_authenticity(message: MailMessage, *, mail_server: str, hops: int = 0) -> Authenticity:
    """Return what the server with this authserv-id found; results of others are ignored.

    So are results below more than `hops` Received headers: those came from outside.
    """
    if not mail_server:
        return Authenticity.UNCHECKED
    # A server puts its results on top: the first of a method is ours, another may be forged.
    ours: dict[str, AuthenticationResult] = {}
    for finding in message.results:
        if finding.server.lower() == mail_server.lower() and finding.received <= hops:
            ours.setdefault(finding.method, finding)
    domain = message.sender.address.rpartition("@")[2]
    dmarc = ours.get("dmarc")
    if dmarc is not None and dmarc.outcome not in _NO_POLICY:
        return _verdict(dmarc.outcome == _PASSED and _covers(dmarc.domain or domain, domain))
    proofs = [ours[method] for method in ("dkim", "spf") if method in ours]
    passed = [proof for proof in proofs if proof.outcome == _PASSED]
    return _verdict(any(_covers(proof.domain, domain) for proof in passed))


def _verdict(is_proven: bool) -> Authenticity:
    return Authenticity.PASSED if is_proven else Authenticity.FAILED


def _covers(proven: str, domain: str) -> bool:
    """Return True if the proof for one domain holds for the sender's, or for one above it."""
    proven, domain = proven.lower().rpartition("@")[2], domain.lower()
    return "." in proven and (domain == proven or domain.endswith("." + proven))
