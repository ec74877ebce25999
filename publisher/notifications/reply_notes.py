"""What the last line of a mail says about a reply to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from publisher.models.notifications import Notice
from publisher.notifications import compose
from publisher.notifications.kinds import ANSWERS, HAS_SECRET, NoticeKind


class ReplyFate(StrEnum):
    """What becomes of a reply to a mail of ours."""

    UNREAD = "unread"  #: No mailbox is read.
    IGNORED = (
        "ignored"  #: A reply may quote the code or link of the mail, so nobody gets to see it.
    )
    JOINS_SUBMISSION = "joins_submission"
    NO_APPROVAL = "no_approval"
    DRAFT_OF_ANSWER = "draft_of_answer"
    REACHES_CELL = "reaches_cell"


_FATES: Final[Mapping[str, ReplyFate]] = {
    **dict.fromkeys(HAS_SECRET, ReplyFate.IGNORED),
    NoticeKind.ACKNOWLEDGEMENT: ReplyFate.JOINS_SUBMISSION,
    NoticeKind.SUBMISSION_RETURNED: ReplyFate.JOINS_SUBMISSION,
    NoticeKind.REVIEW_ASKED: ReplyFate.NO_APPROVAL,
    NoticeKind.HEAD_MAY_DECIDE: ReplyFate.NO_APPROVAL,
    NoticeKind.ANSWER_WAITS: ReplyFate.NO_APPROVAL,
    NoticeKind.COMMENT_ROUTED: ReplyFate.DRAFT_OF_ANSWER,
}


def with_reply_note(body: str, notice: Notice, *, is_read: bool) -> str:
    """Return the text of a mail with what becomes of a reply; `is_read` if a mailbox is read.

    Answers to mails say it themselves, in each of their languages.
    """
    if notice.kind in ANSWERS:
        return body
    fate = _FATES.get(notice.kind, ReplyFate.REACHES_CELL) if is_read else ReplyFate.UNREAD
    return f"{body.rstrip()} {compose.reply_note(notice.language, fate)}\n"
