"""The answer to a mail's sender: in Marathi and English, in the same thread, not too often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from publisher.mail.mailbox import texts
from publisher.mail.messages.message import MailMessage
from publisher.models.mailbox import ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.notifications import compose, links
from publisher.notifications.kinds import ANSWERS, NoticeKind
from publisher.working_time import day_bounds, local_day

MOST_A_DAY: Final = 5
"""How many answers an address gets on one day: two programs that answer each other stop soon."""
_MOST_IN_THREAD: Final = 20
_MESSAGE_ID: Final = re.compile(r"[!-;=?-~]{1,250}")
"""What our headers may contain: ids with other letters, or longer than a line, are left out."""


def acknowledge(
    session: Session,
    submission: Submission,
    message: MailMessage,
    *,
    programs: Sequence[str],
    now: datetime,
) -> Notice | None:
    """Queue the acknowledgement with the link to the status; None if the address has had enough.

    `programs` are the names of files that were not taken. The caller does not answer automatic
    mails.
    """
    address = message.sender.address
    if not may_be_answered(session, address, now=now):
        return None
    return compose.queue_answer(
        session,
        kind=NoticeKind.MAIL_ACKNOWLEDGEMENT,
        address=address,
        values={
            "number": submission.number,
            "title": submission.title,
            "department": submission.department,
            "received_at": submission.received_at,
            "programs": ", ".join(programs),
        },
        now=now,
        path=links.submission(submission.id),
        in_thread=thread_ids(message),
    )


def ask_for_department(
    session: Session,
    mail: ReceivedMail,
    message: MailMessage,
    *,
    path: str,
    expires_at: datetime,
    now: datetime,
) -> Notice:
    """Queue the question which department the mail is for, with the link that answers it.

    The caller has seen that the address `may_be_answered`.
    """
    return compose.queue_answer(
        session,
        kind=NoticeKind.MAIL_DEPARTMENT,
        address=message.sender.address,
        values={
            "title": texts.mail_title(message),
            "received_at": mail.received_at,
            "expires_at": expires_at,
        },
        now=now,
        path=path,
        in_thread=thread_ids(message),
    )


def may_be_answered(session: Session, address: str, *, now: datetime) -> bool:
    """Return True unless there is no address, or it has had enough answers today."""
    return bool(address) and _answers_today(session, address, now) < MOST_A_DAY


def refuse_to_approve(
    session: Session, post: Post, message: MailMessage, *, now: datetime
) -> Notice | None:
    """Queue the notice that a reply is not an approval, with the link; once per post and day.

    The caller has locked the post, so that only one of two simultaneous replies is answered.
    """
    address = message.sender.address
    begin, end = day_bounds(local_day(now))
    before = select(Notice.id).where(
        Notice.kind == NoticeKind.MAIL_NO_APPROVAL,
        Notice.path == links.review(post.id),
        Notice.queued_at >= begin,
        Notice.queued_at < end,
    )
    if session.scalar(before.limit(1)) or _answers_today(session, address, now) >= MOST_A_DAY:
        return None
    return compose.queue_answer(
        session,
        kind=NoticeKind.MAIL_NO_APPROVAL,
        address=address,
        values={"title": post.title},
        now=now,
        path=links.review(post.id),
        in_thread=thread_ids(message),
    )


def thread_ids(message: MailMessage) -> list[str]:
    """Return the Message-IDs that an answer refers to; the mail's own one is the last."""
    names = [*dict.fromkeys(message.references), message.message_id]
    usable = [name for name in names if _MESSAGE_ID.fullmatch(name)]
    return usable[-_MOST_IN_THREAD:]


def _answers_today(session: Session, address: str, now: datetime) -> int:
    begin, end = day_bounds(local_day(now))
    query = select(func.count()).where(
        Notice.address == address,
        Notice.kind.in_(ANSWERS),
        Notice.queued_at >= begin,
        Notice.queued_at < end,
    )
    return session.scalar(query) or 0
