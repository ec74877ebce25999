"""The tick that sends the mails: claimed in one transaction, handed over, recorded in another.

What was lost on the way may have gone. Such a mail is sent once more, under the same Message-ID:
a mail twice is less bad than none. Lost a second time, it stays unconfirmed for a person to see.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import moving
from publisher.checkpoints import reach
from publisher.database import Database
from publisher.lifecycle import NoticeState
from publisher.models.history import Event
from publisher.models.notices import Notice
from publisher.notices import paths
from publisher.notices.smtp import (
    MailServer,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unreachable,
    hand_over,
    mail_server,
)

LEASE = timedelta(minutes=5)
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
GIVEN_UP_AFTER = timedelta(days=5)
_LOST = "mail_unconfirmed"


@dataclass(frozen=True)
class _Office:
    """What the tick sends with."""

    database: Database
    server: MailServer
    mail_from: str
    base_url: str
    now: Callable[[], datetime]


def tick_mail(
    database: Database,
    *,
    smtp_url: str,
    mail_from: str,
    base_url: str,
    now: Callable[[], datetime],
    limit: int = 50,
    context: ssl.SSLContext | None = None,
) -> int:
    """Send up to `limit` mails that are due; returns how many the server accepted.

    Where the server cannot be reached, the tick ends and the rest waits untouched.
    """
    office = _Office(database, mail_server(smtp_url, context), mail_from, base_url, now)
    if not _is_anything_due(office):
        return 0
    with database.transaction() as session:
        _settle_ended_leases(session, now=now())
    sent = 0
    for _ in range(limit):
        notice = _claim(office)
        if notice is None:
            break
        reach("mail.claimed")
        problem = _send(office, notice)
        with database.transaction() as session:
            _record(session, notice, problem, now=now())
        if isinstance(problem, Unreachable):
            break
        sent += problem is None
    return sent


def _is_anything_due(office: _Office) -> bool:
    """Looked up first, so that a tick with nothing to do holds up no writer."""
    now = office.now()
    due = or_(
        (Notice.state == NoticeState.QUEUED) & (Notice.send_at <= now),
        (Notice.state == NoticeState.SENDING) & (Notice.leased_until <= now),
    )
    with office.database.reading() as session:
        return bool(session.scalar(select(exists().where(due))))


def _settle_ended_leases(session: Session, *, now: datetime) -> None:
    """Whoever claimed these is gone, or slower than any mail server: nobody knows of the mail."""
    lost = (
        select(Notice)
        .where(Notice.state == NoticeState.SENDING, Notice.leased_until <= now)
        .with_for_update(skip_locked=True)
    )
    for notice in session.scalars(lost):
        _lose(session, notice, "the sender stopped on the way", now=now)


def _claim(office: _Office) -> Notice | None:
    """Take the mail that has waited longest; until its lease ends nobody else does."""
    now = office.now()
    longest = (
        select(Notice)
        .where(Notice.state == NoticeState.QUEUED, Notice.send_at <= now)
        .order_by(Notice.send_at, Notice.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with office.database.transaction() as session:
        notice = session.scalars(longest).first()
        if notice is None:
            return None
        _move(session, notice, NoticeState.SENDING, "send_mail", now)
        notice.tries += 1
        notice.leased_until = now + LEASE
        return notice


def _send(office: _Office, notice: Notice) -> NotSent | None:
    """Hand the mail over, outside any transaction; gives what was wrong, or None."""
    try:
        hand_over(office.server, _letter(office, notice))
    except NotSent as problem:
        return problem
    reach("mail.accepted_unstored")
    return None


def _letter(office: _Office, notice: Notice) -> EmailMessage:
    domain = parseaddr(office.mail_from)[1].rpartition("@")[2] or "localhost"
    letter = EmailMessage(policy=WIRE)
    letter["From"] = office.mail_from
    letter["To"] = notice.address
    letter["Subject"] = notice.subject
    letter["Date"] = format_datetime(office.now())
    letter["Message-ID"] = f"<{notice.mail_id}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    body = paths.with_base(notice.body, office.base_url)
    letter.set_content(body, charset="utf-8", cte="base64")  # any server takes it as it is
    letter["Content-Language"] = notice.language
    return letter


def _record(session: Session, claimed: Notice, problem: NotSent | None, *, now: datetime) -> None:
    notice = moving.lock(session, Notice, claimed.id)
    if notice is None or notice.tries != claimed.tries:
        return  # the lease ended meanwhile, and another try has it
    if problem is None:
        _record_sent(session, notice, now=now)
    elif notice.state is not NoticeState.SENDING:
        return  # it was settled as lost meanwhile
    elif isinstance(problem, OutcomeUnknown):
        _lose(session, notice, problem.reason, now=now)
    elif isinstance(problem, Refused) or now - notice.queued_at >= GIVEN_UP_AFTER:
        _end(session, notice, NoticeState.FAILED, "mail_failed", problem.reason, now=now)
    else:
        _wait(session, notice, problem.reason, "mail_later", now=now)


def _record_sent(session: Session, notice: Notice, *, now: datetime) -> None:
    if notice.state is NoticeState.QUEUED:  # queued again after its lease: no need any more
        _move(session, notice, NoticeState.SENDING, "send_mail", now)
    notice.sent_at = now
    _end(session, notice, NoticeState.SENT, "mail_sent", "", now=now)


def _lose(session: Session, notice: Notice, reason: str, *, now: datetime) -> None:
    before = select(func.count()).where(
        Event.subject == Notice.__tablename__, Event.subject_id == notice.id, Event.verb == _LOST
    )
    is_first_time = not session.scalar(before)
    _end(session, notice, NoticeState.UNCONFIRMED, _LOST, reason, now=now, keep=is_first_time)
    if is_first_time:
        _wait(session, notice, reason, "mail_again", now=now)


def _wait(session: Session, notice: Notice, reason: str, verb: str, *, now: datetime) -> None:
    _move(session, notice, NoticeState.QUEUED, verb, now)
    notice.send_at = now + WAITS[min(notice.tries, len(WAITS)) - 1]
    notice.reason = reason
    notice.leased_until = None


def _end(
    session: Session,
    notice: Notice,
    state: NoticeState,
    verb: str,
    reason: str,
    *,
    now: datetime,
    keep: bool = False,
) -> None:
    """Where a mail comes to rest, no one-use link rests with it."""
    _move(session, notice, state, verb, now)
    notice.reason = reason
    notice.leased_until = None
    if not keep:
        notice.body = paths.without_secrets(notice.body)


def _move(session: Session, notice: Notice, to: NoticeState, verb: str, now: datetime) -> None:
    moving.apply(session, notice, to, actor=CLOCK, now=now, verb=verb)
