"""The kinds of notices, and the values of each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """The kinds of notices; each has a template in every language."""

    INVITATION = "invitation"
    PASSWORD_LINK = "password_link"  # noqa: S105  a kind of notice
    PASSWORD_CODE = "password_code"  # noqa: S105  a kind of notice
    CONTACT_CODE = "contact_code"
    CONTACT_CHANGE = "contact_change"
    ACCESS_CHANGED = "access_changed"
    ACCESS_ENDED = "access_ended"
    SIGN_IN_CODE = "sign_in_code"
    SIGN_INS_REFUSED = "sign_ins_refused"
    ACKNOWLEDGEMENT = "acknowledgement"
    MAIL_ACKNOWLEDGEMENT = "mail_acknowledgement"
    MAIL_NO_APPROVAL = "mail_no_approval"
    MAIL_DEPARTMENT = "mail_department"
    SUBMISSION_DECLINED = "submission_declined"
    SUBMISSION_RETURNED = "submission_returned"
    SUBMISSION_COMPLETED = "submission_completed"
    SUBMISSION_NOTE = "submission_note"
    SUBMISSION_MERGED = "submission_merged"
    SUBMISSION_WITHDRAWN = "submission_withdrawn"
    ORIGINAL_ENDED = "original_ended"
    SUBMISSION_UNDONE = "submission_undone"
    REVIEW_ASKED = "review_asked"
    REVIEW_BLOCKED = "review_blocked"
    HEAD_MAY_DECIDE = "head_may_decide"
    REVIEW_REMINDER = "review_reminder"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    APPROVALS_LAPSED = "approvals_lapsed"
    ANSWER_WAITS = "answer_waits"
    COMMENT_ROUTED = "comment_routed"
    COMMENTS_WAIT = "comments_wait"
    COMMENT_UNDONE = "comment_undone"
    ACCOUNT_PAUSED = "account_paused"
    CREDITS_USED_UP = "credits_used_up"
    ACCESS_ENDS = "access_ends"
    COMMENTS_UNREAD = "comments_unread"
    COMMENTS_READ_AGAIN = "comments_read_again"
    BUDGET_NEAR = "budget_near"
    BUDGET_USED_UP = "budget_used_up"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_MISSED = "delivery_missed"
    DELIVERY_HELD = "delivery_held"
    DUTY_RECORDED = "duty_recorded"
    DUTY_GIVEN = "duty_given"
    DUTY_WAITS = "duty_waits"
    FACTOR_END_WAITS = "factor_end_waits"
    AWAY = "away"
    TEMPLATE_WAITS = "template_waits"
    TEMPLATE_RETURNED = "template_returned"
    EMERGENCY_OWED = "emergency_owed"
    EMERGENCY_OVERDUE = "emergency_overdue"
    EMERGENCY_VOUCHED = "emergency_vouched"
    EMERGENCY_REFUSED = "emergency_refused"
    EMERGENCY_ALERT = "emergency_alert"
    FOUND_GONE = "found_gone"
    FOUND_CHANGED = "found_changed"
    LINK_WRONG = "link_wrong"
    STOPPED = "stopped"
    RELEASED = "released"
    FROZEN = "frozen"
    FREEZE_LIFTED = "freeze_lifted"
    WRONG_TIME = "wrong_time"
    CLOCKS_SILENT = "clocks_silent"
    APPOINTMENTS_WAIT = "appointments_wait"
    APPOINTED = "appointed"
    APPOINTMENT_DOUBTED = "appointment_doubted"
    APPOINTMENT_SENT_BACK = "appointment_sent_back"
    LINK_CODE = "link_code"
    OFFICE_WAITS = "office_waits"
    DEPARTMENT_COPY = "department_copy"
    ADDRESS_CONFIRMED = "address_confirmed"
    IN_OFFICE = "in_office"
    NAME_OFFICERS = "name_officers"
    NOMINATION_CODE = "nomination_code"
    APPROVAL_CODE = "approval_code"
    TRANSFERS_WAIT = "transfers_wait"
    TRANSFERS_CONFIRMED = "transfers_confirmed"
    HANDED_OVER = "handed_over"
    REMINDER_LETTER = "reminder_letter"
    OFFICE_ABOVE_MISSING = "office_above_missing"


FORMER_NAMES: Final[Mapping[str, str]] = {}
"""The present name of each kind and variable that was renamed or merged, by its former name.

A template that a city has registered under the former name keeps working."""


SMS_OF_ANOTHER: Final[Mapping[str, NoticeKind]] = {
    NoticeKind.COMMENTS_WAIT: NoticeKind.COMMENT_ROUTED,
}
"""The kinds that are sent with the registered text of another kind, which says enough."""


_OF_A_REVISION = "title revision department wished_at? from_at? until_at?"
_OF_A_FREEZE = "from_at until_at reason account? platform? department? kind? by? posts?"

# What each kind says; what ends in "?" may be left out. `department` may come as one row, or as
# `department_mr` and `department_en`; a person as the row.
VALUES: Mapping[NoticeKind, str] = {
    NoticeKind.INVITATION: "role department expires_at by? again?",
    NoticeKind.PASSWORD_LINK: "expires_at",
    NoticeKind.PASSWORD_CODE: "secret expires_at",
    NoticeKind.CONTACT_CODE: "secret expires_at",
    NoticeKind.CONTACT_CHANGE: "person changed contact at by? own?",
    NoticeKind.ACCESS_CHANGED: "changed at calendar?",
    NoticeKind.ACCESS_ENDED: "at by? role? department?",
    NoticeKind.SIGN_IN_CODE: "secret expires_at",
    NoticeKind.SIGN_INS_REFUSED: "at",
    NoticeKind.ACKNOWLEDGEMENT: "number title department received_at wished_at?",
    NoticeKind.MAIL_ACKNOWLEDGEMENT: "number title department received_at programs?",
    NoticeKind.MAIL_NO_APPROVAL: "title",
    NoticeKind.MAIL_DEPARTMENT: "title received_at expires_at",
    NoticeKind.SUBMISSION_DECLINED: "number title reason by?",
    NoticeKind.SUBMISSION_RETURNED: "number title reason by?",
    NoticeKind.SUBMISSION_COMPLETED: "number title answer by?",
    NoticeKind.SUBMISSION_NOTE: "number title answer by?",
    NoticeKind.SUBMISSION_MERGED: "number title into reason by?",
    NoticeKind.SUBMISSION_WITHDRAWN: "number title department reason by? approval?",
    NoticeKind.ORIGINAL_ENDED: "number title into reason by? declined?",
    NoticeKind.SUBMISSION_UNDONE: "number title by? into? returned?",
    NoticeKind.REVIEW_ASKED: f"{_OF_A_REVISION} by? due_at? standing_in?",
    NoticeKind.REVIEW_BLOCKED: "title department revision? why?",
    NoticeKind.HEAD_MAY_DECIDE: f"{_OF_A_REVISION} comment? why?",
    NoticeKind.REVIEW_REMINDER: f"{_OF_A_REVISION} comment? due_at? head_too?",
    NoticeKind.APPROVED: "title revision department by?",
    NoticeKind.RETURNED: "title revision department reason by?",
    NoticeKind.REJECTED: "title revision department reason by?",
    NoticeKind.APPROVAL_WITHDRAWN: "title revision department reason by?",
    NoticeKind.APPROVALS_LAPSED: "person role department waiting? gone? left?",
    NoticeKind.ANSWER_WAITS: "answer comment department by? due_at?",
    NoticeKind.COMMENT_ROUTED: "comment author department due_at platform? title? by? reason?",
    NoticeKind.COMMENTS_WAIT: "count comments due_at more?",
    NoticeKind.COMMENT_UNDONE: "comment department?",
    NoticeKind.ACCOUNT_PAUSED: "account platform? handle? reason?",
    NoticeKind.CREDITS_USED_UP: "since_at platform?",
    NoticeKind.ACCESS_ENDS: "account ends_at about platform? handle?",
    NoticeKind.COMMENTS_UNREAD: "account since_at platform? handle?",
    NoticeKind.COMMENTS_READ_AGAIN: "account platform? handle?",
    NoticeKind.BUDGET_NEAR: "spent budget estimate platform?",
    NoticeKind.BUDGET_USED_UP: "spent budget estimate platform?",
    NoticeKind.DELIVERY_FAILED: "title account due_at platform? language? code?",
    NoticeKind.DELIVERY_MISSED: "title account due_at platform? language? code?",
    NoticeKind.DELIVERY_HELD: "title account due_at platform? language? code?",
    NoticeKind.DUTY_RECORDED: "from_at until_at",
    NoticeKind.DUTY_GIVEN: "name from_at until_at by?",
    NoticeKind.DUTY_WAITS: "name from_at until_at by?",
    NoticeKind.FACTOR_END_WAITS: "name expires_at by?",
    NoticeKind.AWAY: "name from_on until_on by? ended?",
    NoticeKind.TEMPLATE_WAITS: "template revision department",
    NoticeKind.TEMPLATE_RETURNED: "template revision department reason",
    NoticeKind.EMERGENCY_OWED: "template department at due_at by?",
    NoticeKind.EMERGENCY_OVERDUE: "template department at due_at by?",
    NoticeKind.EMERGENCY_VOUCHED: "template at helper by?",
    NoticeKind.EMERGENCY_REFUSED: "template department at reason by?",
    NoticeKind.EMERGENCY_ALERT: "title account trouble due_at since_at platform? language?",
    NoticeKind.FOUND_GONE: "title account at platform? language?",
    NoticeKind.FOUND_CHANGED: "title account at platform? language?",
    NoticeKind.LINK_WRONG: "title account at platform? code?",
    NoticeKind.STOPPED: "at reason by?",
    NoticeKind.RELEASED: "at reason by?",
    NoticeKind.FROZEN: _OF_A_FREEZE,
    NoticeKind.FREEZE_LIFTED: _OF_A_FREEZE,
    NoticeKind.WRONG_TIME: "machine minutes is_ahead?",
    NoticeKind.CLOCKS_SILENT: "since_at",
    NoticeKind.APPOINTMENTS_WAIT: "people count by? again?",
    NoticeKind.APPOINTED: "people count by?",
    NoticeKind.APPOINTMENT_DOUBTED: "person role department doubter put_back?",
    NoticeKind.APPOINTMENT_SENT_BACK: "person role department reason by?",
    NoticeKind.OFFICE_WAITS: "role department",
    NoticeKind.IN_OFFICE: "role department on by? without_password?",
    NoticeKind.TRANSFERS_WAIT: "people count on number by?",
    NoticeKind.TRANSFERS_CONFIRMED: "people count on number by? cancelled?",
    NoticeKind.HANDED_OVER: "giver taker department comments drafts texts posts? taken?",
    NoticeKind.LINK_CODE: "secret act person department expires_at",
    NoticeKind.NAME_OFFICERS: "department order_number nominate_by",
    NoticeKind.NOMINATION_CODE: "secret first second department expires_at",
    NoticeKind.APPROVAL_CODE: "secret title revision department expires_at",
    NoticeKind.REMINDER_LETTER: "number department letter_text nominate_by?",
    NoticeKind.OFFICE_ABOVE_MISSING: "count order_number",
    NoticeKind.DEPARTMENT_COPY: "department person title? due_at?",
    NoticeKind.ADDRESS_CONFIRMED: "contact department by?",
}

ABOUT_TEXTS: Final = frozenset(
    {
        *(NoticeKind.DELIVERY_FAILED, NoticeKind.DELIVERY_MISSED, NoticeKind.DELIVERY_HELD),
        *(NoticeKind.FOUND_GONE, NoticeKind.FOUND_CHANGED, NoticeKind.EMERGENCY_ALERT),
    }
)
"""Kinds about one text of a post: several of one post are gathered, with a row for each text."""

ANSWERS: Final = frozenset(
    {
        NoticeKind.MAIL_ACKNOWLEDGEMENT,
        NoticeKind.MAIL_NO_APPROVAL,
        NoticeKind.MAIL_DEPARTMENT,
    }
)
"""Kinds that answer a mail, to the address that wrote it; an answer to them is read again."""

HAS_SECRET: Final = frozenset(
    {
        *(NoticeKind.INVITATION, NoticeKind.PASSWORD_LINK, NoticeKind.MAIL_DEPARTMENT),
        *(kind for kind, names in VALUES.items() if "secret" in names.split()),
    }
)
"""Kinds with a one-time link or code, sent only to the address or number it was made for.

Links that also need a sign-in or a code are not among these."""


class ReplyFate(StrEnum):
    """What becomes of a reply to a mail of ours."""

    UNREAD = "unread"  #: No mailbox is read.
    IGNORED = (
        "ignored"  #: A reply may quote the code or link of the mail, so it is shown to nobody.
    )
    JOINS_SUBMISSION = "joins_submission"
    NO_APPROVAL = "no_approval"
    DRAFT_OF_ANSWER = "draft_of_answer"
    REACHES_CELL = "reaches_cell"


REPLY_FATES: Final[Mapping[str, ReplyFate]] = {
    **dict.fromkeys(HAS_SECRET, ReplyFate.IGNORED),
    NoticeKind.ACKNOWLEDGEMENT: ReplyFate.JOINS_SUBMISSION,
    NoticeKind.SUBMISSION_RETURNED: ReplyFate.JOINS_SUBMISSION,
    NoticeKind.REVIEW_ASKED: ReplyFate.NO_APPROVAL,
    NoticeKind.HEAD_MAY_DECIDE: ReplyFate.NO_APPROVAL,
    NoticeKind.REVIEW_REMINDER: ReplyFate.NO_APPROVAL,
    NoticeKind.ANSWER_WAITS: ReplyFate.NO_APPROVAL,
    NoticeKind.COMMENT_ROUTED: ReplyFate.DRAFT_OF_ANSWER,
}
"""What applies if a mailbox is read; replies to mails of other kinds reach the Cell."""


def sms_variables(kind: NoticeKind) -> frozenset[str]:
    """Return the variables that an SMS of this kind may use."""
    names = {name.removesuffix("?") for name in VALUES[kind].split()}
    texts = {"count"} if kind in ABOUT_TEXTS else set()
    moments = {f"{name}_short" for name in names if name.endswith("_at")}
    return frozenset({"link", *names, *texts, *moments})
