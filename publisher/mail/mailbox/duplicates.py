"""Recognise duplicates: a second mail with the same content within a time."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from publisher.mail.messages.message import MailMessage
from publisher.models.mailbox import MailOutcome, ReceivedMail

SAME_WITHIN: Final = timedelta(days=30)


def content_digest(message: MailMessage, *, taken_as: str) -> str:
    """Return the digest of sender, subject, text and files, regardless of the Message-ID.

    `taken_as` says whose mail it is: one that waits because its sender is not proven must not make
    the sender's own mail a duplicate.
    """
    content = [
        taken_as,
        message.sender.address,
        message.subject,
        message.text,
        [sha256(file.content).hexdigest() for file in message.files],
    ]
    return sha256(json.dumps(content).encode()).hexdigest()


def find_original(session: Session, mail: ReceivedMail) -> ReceivedMail | None:
    """Return the mail that this one repeats, if there is one."""
    again = ReceivedMail.message_id == mail.message_id if mail.message_id else None
    is_recent = ReceivedMail.received_at > mail.received_at - SAME_WITHIN
    same_content = and_(
        ReceivedMail.content_digest == mail.content_digest,
        is_recent if again is None else or_(is_recent, again),
    )
    # If a mailbox gives all its mails new UIDs, each is read again. Its sender may be known by now,
    # which changes `taken_as` and so the digest, but not the bytes.
    same_bytes = ReceivedMail.raw_sha256 == mail.raw_sha256
    query = (
        select(ReceivedMail)
        .where(or_(same_content, same_bytes), ReceivedMail.outcome != MailOutcome.DUPLICATE)
        .order_by(ReceivedMail.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def claim(session: Session, mail: ReceivedMail) -> bool:
    """Store the mail as the first of its content; return False if another reader was faster."""
    session.execute(
        update(ReceivedMail)
        .where(
            ReceivedMail.content_key == mail.content_digest,
            ReceivedMail.received_at <= mail.received_at - SAME_WITHIN,
        )
        .values(content_key=None)
    )
    mail.content_key = mail.content_digest
    try:
        with session.begin_nested():
            session.add(mail)
    except IntegrityError:
        mail.content_key = None
        return False
    return True
