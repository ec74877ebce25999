"""Read the Cell's mailbox: every message once, even after a crash.

How far it was read is stored in the transaction that takes a message in. After a crash before its
commit, the message is read again; after a later one, the next is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from publisher import failpoints
from publisher.database.session import Database
from publisher.mail.mailbox.imap import (
    ImapServer,
    ListedMessage,
    MailboxSignInRefused,
    MailboxUnreachable,
    OpenMailbox,
    WaitEnded,
    open_mailbox,
)
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail, prepare
from publisher.mail.mailbox.receive import receive
from publisher.mail.messages.message import UnreadableMessage, UnreadableReason
from publisher.mail.messages.read import read_message
from publisher.mail.messages.structure import MOST_BYTES
from publisher.media.store import StoreAway
from publisher.models.mailbox import Mailbox
from publisher.readers.limited_process import end_idle

LEASE: Final = timedelta(minutes=5)
"""How long other clocks keep off; it is renewed at each message and each wait."""
AFTER_TROUBLE: Final = timedelta(minutes=1)
AFTER_REFUSAL: Final = timedelta(minutes=15)
"""A server that refuses the password may close the account if it is tried too often."""
LONGEST_LEASE: Final = max(LEASE, AFTER_REFUSAL) + timedelta(minutes=5)
"""Includes the minutes by which the clocks of two computers may differ."""
BEFORE_FIRST: Final = timedelta(days=7)
"""How much older than the first reading an unopened message may be."""
MOST_TRIES: Final = 3
"""How often a message is tried: one that crashes the process each time is kept unread."""
WAIT: Final = 20.0  # seconds in one IDLE, after which a stop of the clock is noticed
ROUNDS: Final = 60

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another clock is reading this mailbox by now."""


@dataclass(frozen=True)
class MailboxReading:
    """A mailbox, and what taking in its messages needs."""

    database: Database
    server: ImapServer
    intake: MailIntake
    now: Callable[[], datetime]
    is_stopping: Callable[[], bool] = lambda: False


def tick_mailbox(reading: MailboxReading, *, waits: bool) -> int:
    """Take in the new messages, and return their number.

    If it `waits`, it stays connected for about twenty minutes, provided the server reports new
    messages. An unreachable mailbox is tried again later, and reported by `doctor`.
    """
    fence, count = _lease(reading), 0
    if fence is None:
        return 0
    try:
        with open_mailbox(reading.server) as mailbox:
            _compare_validity(reading, fence, mailbox.validity)
            stays = waits and mailbox.offers_idle
            for _round in range(ROUNDS if stays else 1):
                count += _read_new(reading, fence, mailbox)
                if reading.is_stopping():
                    break
                if stays:
                    mailbox.wait(WAIT)
    except LeaseLost:
        log.warning("mailbox: another clock reads %s", reading.server.label)
    except WaitEnded:
        _end(reading, fence, None)  # servers may close an idle connection
    except (MailboxUnreachable, StoreAway) as problem:
        _end(reading, fence, problem)
    else:
        _end(reading, fence, None)
    return count


def _lease(reading: MailboxReading) -> int | None:
    """Return the fence of a new lease; None while another clock has one."""
    with reading.database.transaction() as session:
        now = reading.now()
        row = _row(session, reading.server.label)
        if row is None:
            row = Mailbox(label=reading.server.label, first_read_at=now, leased_until=now)
            session.add(row)
            session.flush()
        # A lease that ends later than any can is from a clock that was turned back since.
        if now < row.leased_until <= now + LONGEST_LEASE:
            return None
        row.fence += 1
        row.leased_until = now + LEASE
        return row.fence


def _row(session: Session, label: str) -> Mailbox | None:
    return session.get(Mailbox, label, with_for_update=True, populate_existing=True)


def _renew_lease(session: Session, reading: MailboxReading, fence: int) -> Mailbox:
    """Renew the lease and return the row; raises `LeaseLost`."""
    row = _row(session, reading.server.label)
    if row is None or row.fence != fence:
        raise LeaseLost
    row.leased_until = reading.now() + LEASE
    return row


def _compare_validity(reading: MailboxReading, fence: int, validity: int) -> None:
    """Begin at the first message if the server has given all of them new UIDs."""
    with reading.database.transaction() as session:
        row = _renew_lease(session, reading, fence)
        if row.validity != validity:
            row.validity, row.last_uid = validity, 0


def _read_new(reading: MailboxReading, fence: int, mailbox: OpenMailbox) -> int:
    with reading.database.transaction() as session:
        row = _renew_lease(session, reading, fence)
        last_uid, first_read_at = row.last_uid, row.first_read_at
    count = 0
    for message in mailbox.listed_after(last_uid):
        if reading.is_stopping():
            return count
        if _is_wanted(message, first_read_at):
            _receive_message(reading, fence, mailbox, message)
            count += 1
        else:
            with reading.database.transaction() as session:
                _renew_lease(session, reading, fence).last_uid = message.uid
    return count


def _is_wanted(message: ListedMessage, first_read_at: datetime) -> bool:
    """Return False for a message that was there before our first reading and handled by hand."""
    if message.arrived_at >= first_read_at:
        return True
    return not message.is_seen and message.arrived_at >= first_read_at - BEFORE_FIRST


def _receive_message(
    reading: MailboxReading, fence: int, mailbox: OpenMailbox, message: ListedMessage
) -> None:
    tries = _begin(reading, fence, message.uid)
    if tries > MOST_TRIES or message.size > MOST_BYTES:
        prepared = _unread(reading, mailbox, message)
    else:
        raw = mailbox.raw(message.uid)
        failpoints.hit("mailbox.fetched")
        prepared = None
        if raw is not None:
            prepared = prepare(reading.database, raw, intake=reading.intake, now=reading.now())
    with reading.database.transaction() as session:
        row = _renew_lease(session, reading, fence)
        row.last_uid = message.uid
        if prepared is not None:  # else somebody has removed it meanwhile
            receive(session, prepared, intake=reading.intake, now=reading.now())
    failpoints.hit("mailbox.stored")
    mailbox.mark_seen(message.uid)


def _begin(reading: MailboxReading, fence: int, uid: int) -> int:
    """Count and return how often this message was begun."""
    with reading.database.transaction() as session:
        row = _renew_lease(session, reading, fence)
        row.begun_times = row.begun_times + 1 if row.begun_uid == uid else 1
        row.begun_uid = uid
        return row.begun_times


def _unread(
    reading: MailboxReading, mailbox: OpenMailbox, message: ListedMessage
) -> PreparedMail | None:
    """Keep a message as it came, or only its headers if it is too large."""
    is_large = message.size > MOST_BYTES
    raw = mailbox.headers(message.uid) if is_large else mailbox.raw(message.uid)
    if raw is None:
        return None
    digest = reading.intake.store.save(raw)
    if not is_large:
        return PreparedMail(digest, message.size, unreadable=UnreadableReason.FAILED)
    try:
        outline = read_message(raw)
    except UnreadableMessage:
        outline = None
    return PreparedMail(digest, message.size, outline, unreadable=UnreadableReason.TOO_LARGE)


def _end(reading: MailboxReading, fence: int, problem: Exception | None) -> None:
    """Give the lease back, and store whether the mailbox could be read."""
    end_idle()
    with reading.database.transaction() as session:
        now, row = reading.now(), _row(session, reading.server.label)
        if row is None or row.fence != fence:
            return
        if problem is None:
            row.leased_until, row.read_at = now, now
            row.failing_since, row.problem = None, ""
            return
        if row.failing_since is None:
            log.warning("mailbox: %s cannot be read (%s)", reading.server.label, problem)
            row.failing_since = now
        if isinstance(problem, StoreAway):
            # The message has not failed, so it is never kept unread because of that.
            row.begun_times = 0
        is_refused = isinstance(problem, MailboxSignInRefused)
        row.leased_until = now + (AFTER_REFUSAL if is_refused else AFTER_TROUBLE)
        row.problem = str(problem)[:300]
