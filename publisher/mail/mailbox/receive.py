"""Decide about a mail: it becomes a submission, waits, is ignored, a duplicate, or refused.

The row of the mail and all its effects are stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK, Actor
from publisher import transitions
from publisher.mail.mailbox import department_choice, duplicates, quarantine, replies, texts
from publisher.mail.mailbox.mail_files import attachment_kind
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail
from publisher.mail.mailbox.replies import CannotJoin, ReplyTarget, TargetKind
from publisher.mail.mailbox.senders import (
    UNPROVEN,
    MailSender,
    WaitReason,
    claims_known_sender,
    sender_of,
)
from publisher.mail.mailbox.take_in import take_in
from publisher.mail.messages.message import AutomaticKind, MailMessage
from publisher.media.store_in_use import require_in_use
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.validation import Invalid
from publisher.working_time import day_bounds, local_day

MOST_A_DAY = 100
"""How many mails of one sender are taken in on one day; further ones wait for a person."""
OWN_MAIL = "own_mail"
SECRET_MAIL = "secret_mail"  # noqa: S105  why a mail is ignored


def receive(
    session: Session, prepared: PreparedMail, *, intake: MailIntake, now: datetime
) -> ReceivedMail:
    """Store the mail with its outcome; a second mail with the same content is a duplicate.

    Raises `StoreAway` if the database names a store other than the one that its files are in.
    """
    require_in_use(session, intake.store_identity)
    message = prepared.message
    if message is None or prepared.unreadable is not None:
        return _keep_unreadable(session, prepared, now)
    mail = _make_mail(prepared, message, now)
    if reason := _reason_to_ignore(session, message, intake, now):
        return _end_mail(session, mail, MailOutcome.IGNORED, reason)
    target = replies.find_target(session, message)
    if target is not None and target.kind is TargetKind.SECRET:
        # That it came is kept, but it may quote a code or link that nobody else must see.
        mail.subject, mail.text, mail.files, mail.notes = "", "", [], []
        return _end_mail(session, mail, MailOutcome.IGNORED, SECRET_MAIL)
    sender = _identify_sender(session, prepared, message, target, intake=intake, now=now)
    taken_as = f"{sender.department_id or ''} {target or ''}"
    mail.content_digest = duplicates.content_digest(message, taken_as=taken_as)
    mail.is_sender_checked, mail.department_id = sender.is_checked, sender.department_id
    if _is_repeated(session, mail):
        return mail
    if sender.actor is None:
        waiting = quarantine.wait(
            session, mail, sender.reason or WaitReason.UNKNOWN_SENDER, now=now
        )
        if sender.chooser is not None and target is None:
            department_choice.ask(session, waiting, message, person=sender.chooser, now=now)
        return mail
    act = _act(prepared, message, target, actor=sender.actor, intake=intake, now=now)
    _do_or_wait(session, mail, act, now)
    if target is not None:
        replies.refuse_approval(session, mail, message, target, actor=sender.actor, now=now)
    return mail


def _identify_sender(
    session: Session,
    prepared: PreparedMail,
    message: MailMessage,
    target: ReplyTarget | None,
    *,
    intake: MailIntake,
    now: datetime,
) -> MailSender:
    """Return the mail's sender, or why even a known sender's mail waits."""
    sender = sender_of(session, message, mail_server=intake.mail_server, hops=intake.hops, now=now)
    if target is not None:
        sender = replies.narrow_sender(session, message, sender, target, now=now)
    if message.automatic is not None and sender.reason not in UNPROVEN:
        return MailSender(reason=WaitReason.VIA_LIST, is_checked=sender.is_checked)
    if sender.actor is None:
        return sender
    if prepared.files.has_virus:
        return MailSender(reason=WaitReason.INFECTED, is_checked=sender.is_checked)
    # Only for a trusted sender: a forged mail must not use up the quota of the real one.
    if _is_over_quota(session, message, now):
        return MailSender(reason=WaitReason.TOO_MANY_MAILS, is_checked=sender.is_checked)
    return sender


Act = Callable[[Session, ReceivedMail], object]


def _act(
    prepared: PreparedMail,
    message: MailMessage,
    target: ReplyTarget | None,
    *,
    actor: Actor,
    intake: MailIntake,
    now: datetime,
) -> Act:
    """Return what is done with the mail of a known sender."""
    if target is not None:
        return lambda session, mail: replies.join(
            session, mail, message, prepared, target, actor=actor, now=now
        )
    return lambda session, mail: take_in(
        session, mail, message, prepared, actor=actor, intake=intake, now=now
    )


def _do_or_wait(session: Session, mail: ReceivedMail, act: Act, now: datetime) -> None:
    """Carry out the act, or undo all of it and make the mail wait for a person."""
    try:
        with session.begin_nested():
            act(session, mail)
    except CannotJoin:
        quarantine.wait(session, mail, WaitReason.UNJOINED_REPLY, now=now)
    except Invalid as refusal:
        problems = [{"code": problem.code, "field": problem.field} for problem in refusal.problems]
        mail.notes = [*mail.notes, *problems]
        quarantine.wait(session, mail, WaitReason.UNUSABLE, now=now)


def _make_mail(prepared: PreparedMail, message: MailMessage, now: datetime) -> ReceivedMail:
    notes: list[dict[str, Any]] = [
        {"code": note.code.value, **note.values} for note in message.notes
    ]
    return ReceivedMail(
        raw_sha256=prepared.raw_sha256,
        size=prepared.size,
        message_id=message.message_id,
        content_digest=_digest_of_raw(prepared),
        sender=message.sender.address[:254],
        sender_name=texts.line(message.sender.name)[:200],
        subject=texts.line(message.subject)[:1000],
        text=texts.clean_text(message.text),
        files=[{"kind": attachment_kind(file), "name": file.name} for file in prepared.files.files],
        notes=[*notes, *prepared.files.notes],
        received_at=now,
        outcome=MailOutcome.SUBMISSION,
    )


def _digest_of_raw(prepared: PreparedMail) -> str:
    """Return the digest used for a mail that was not read, or that no person wrote."""
    return sha256(f"raw {prepared.raw_sha256}".encode()).hexdigest()


def _keep_unreadable(session: Session, prepared: PreparedMail, now: datetime) -> ReceivedMail:
    """Keep a mail that cannot be read until somebody marks it as seen; the same one once."""
    if prepared.message is not None:
        mail = _make_mail(prepared, prepared.message, now)
    else:
        mail = ReceivedMail(
            raw_sha256=prepared.raw_sha256,
            size=prepared.size,
            message_id="",
            content_digest=_digest_of_raw(prepared),
            received_at=now,
        )
    mail.outcome = MailOutcome.REFUSED
    mail.reason = prepared.unreadable.value if prepared.unreadable is not None else ""
    if not _is_repeated(session, mail):
        transitions.record(session, mail, "wait", actor=CLOCK, now=now)
    return mail


def _reason_to_ignore(
    session: Session, message: MailMessage, intake: MailIntake, now: datetime
) -> str:
    """Return why to ignore the mail: no person wrote it, or it is our own; else an empty text.

    A department may write by its list: a mail that claims to be from a known sender waits.
    """
    if message.automatic is not None:
        is_list = message.automatic is AutomaticKind.LIST
        is_known = is_list and claims_known_sender(session, message, now=now)
        return "" if is_known else message.automatic.value
    own = parseaddr(intake.mail_from)[1].lower()
    return OWN_MAIL if own and message.sender.address == own else ""


def _is_over_quota(session: Session, message: MailMessage, now: datetime) -> bool:
    """Return True if as many mails of the sender were taken in today as are allowed."""
    begin, end = day_bounds(local_day(now))
    query = select(func.count()).where(
        ReceivedMail.sender == message.sender.address,
        ReceivedMail.received_at >= begin,
        ReceivedMail.received_at < end,
        ReceivedMail.outcome.in_((MailOutcome.SUBMISSION, MailOutcome.JOINED)),
    )
    return (session.scalar(query) or 0) >= MOST_A_DAY


def _is_repeated(session: Session, mail: ReceivedMail) -> bool:
    """Store the mail, as a duplicate if another with its content came first; return True if so."""
    if duplicates.find_original(session, mail) is None and duplicates.claim(session, mail):
        return False
    first = duplicates.find_original(session, mail)
    mail.submission_id = first.submission_id if first is not None else None
    _end_mail(session, mail, MailOutcome.DUPLICATE, mail.reason)
    return True


def _end_mail(
    session: Session, mail: ReceivedMail, outcome: MailOutcome, reason: str
) -> ReceivedMail:
    mail.outcome, mail.reason = outcome, reason
    session.add(mail)
    session.flush()
    return mail
