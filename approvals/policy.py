"""The permissions: one table of roles and actions, used by every use case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from approvals.errors import FreshFactorRequired, FreshSignInRequired, WrongRole


class Role(StrEnum):
    """The role of an appointment."""

    ADMIN = "admin"
    CELL_LEAD = "cell_lead"
    CELL = "cell"
    OFFICER = "officer"
    HEAD = "head"
    MEMBER = "member"
    OVERSIGHT = "oversight"
    AUDITOR = "auditor"


class ActorKind(StrEnum):
    """The kind of an actor."""

    PERSON = "person"
    CLOCK = "clock"  #: The process `nagarvani clock`.
    LINK = "link"  #: The holder of a one-time link.
    MAIL = "mail"  #: A mail of a known sender, for the sender's department.
    SERVICE = "service"  #: A command of `nagarvani`.


class Action(StrEnum):
    """The actions; the same verb is on the button, in the use case and in the history."""

    HAND_IN = "hand_in"
    SEE_SUBMISSION = "see_submission"
    CHANGE_SUBMISSION = "change_submission"
    COMPLETE_SUBMISSION = "complete_submission"
    WITHDRAW_SUBMISSION = "withdraw_submission"
    RETURN_SUBMISSION = "return_submission"
    DECLINE_SUBMISSION = "decline_submission"
    MERGE_SUBMISSION = "merge_submission"
    DRAFT = "draft"
    SEND_FOR_REVIEW = "send_for_review"
    SCHEDULE = "schedule"
    CANCEL = "cancel"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW_APPROVAL = "withdraw_approval"
    WITHDRAW_POST = "withdraw_post"
    ORDER_DELETION = "order_deletion"
    NOTE_FINDING = "note_finding"
    PUBLISH_NOW = "publish_now"
    PUBLISH_BY_HAND = "publish_by_hand"
    SETTLE_HELD = "settle_held"
    SEE_POST = "see_post"
    SEE_COMMENT = "see_comment"
    ANSWER = "answer"
    TRANSFER = "transfer"
    CLOSE = "close"
    REOPEN = "reopen"
    HIDE = "hide"
    UNHIDE = "unhide"
    ASSIGN = "assign"
    RECORD_MEMBER = "record_member"
    RECORD_OFFICER = "record_officer"
    RECORD_HEAD = "record_head"
    RECORD_OTHER_ROLE = "record_other_role"
    CONFIRM_APPOINTMENT = "confirm_appointment"
    DISABLE_PERSON = "disable_person"
    RECORD_DEPARTMENT = "record_department"
    OPEN_CALL = "open_call"
    CONNECT_ACCOUNT = "connect_account"
    SEE_ATTEMPTS = "see_attempts"
    SEE_RAW_ANSWER = "see_raw_answer"
    SEE_REPORT = "see_report"
    SEND_MAIL_AGAIN = "send_mail_again"
    STOP_ALL = "stop_all"
    RELEASE = "release"
    FREEZE = "freeze"
    OVERRIDE_TIME = "override_time"
    PUBLISH_EMERGENCY = "publish_emergency"
    SEE_EMERGENCY = "see_emergency"
    RATIFY = "ratify"
    DRAFT_TEMPLATE = "draft_template"
    APPROVE_TEMPLATE = "approve_template"
    KEEP_ROSTER = "keep_roster"
    RECORD_AWAY = "record_away"
    TRANSFER_PEOPLE = "transfer_people"
    HAND_OVER = "hand_over"


class Scope(StrEnum):
    """The rows to which a role's right to an action applies."""

    ANY = "any"
    OWN = "own"  #: Rows of the actor's department; for oversight, of those that report to it.
    STANDING_IN = "standing_in"  #: As OWN, while no officer of the department can act.
    ON_DUTY = "on_duty"  #: While the person is on the duty roster.


@dataclass(frozen=True)
class Actor:
    """A person under an appointment, or an actor that is not a person.

    `line` holds the ids of the departments that report to an oversight office. `signed_in_at` is
    the moment of the last sign-in (aware UTC), `factor_at` that of the last second factor;
    `has_factor`: the person has an app or a passkey. `vouched_by_id` has read out a code instead,
    for an emergency. A mail came from `mail_sender`. `credential` is how the person was identified.
    """

    kind: ActorKind
    person_id: int | None = None
    appointment_id: int | None = None
    role: Role | None = None
    department_id: int | None = None
    line: frozenset[int] = frozenset()
    signed_in_at: datetime | None = None
    name: str = ""
    factor_at: datetime | None = None
    has_factor: bool = False
    vouched_by_id: int | None = None
    mail_sender: str = ""
    credential: str = "session"


CLOCK = Actor(kind=ActorKind.CLOCK)
FRESH = timedelta(minutes=10)
NEEDS_FRESH_SIGN_IN = frozenset(
    {
        Action.PUBLISH_NOW,
        Action.SETTLE_HELD,
        Action.CONNECT_ACCOUNT,
        Action.CONFIRM_APPOINTMENT,
        Action.PUBLISH_EMERGENCY,
    }
)

NEEDS_FRESH_FACTOR = frozenset({Action.CONFIRM_APPOINTMENT, Action.CONNECT_ACCOUNT, Action.RELEASE})
"""The actions for which a person with an app types its code again; approving is not one of them."""

_READ_OWN = {
    Action.SEE_SUBMISSION: Scope.OWN,
    Action.SEE_POST: Scope.OWN,
    Action.SEE_COMMENT: Scope.OWN,
    Action.SEE_ATTEMPTS: Scope.OWN,
    Action.SEE_EMERGENCY: Scope.OWN,
}
_READ_ALL = dict.fromkeys(_READ_OWN, Scope.ANY)
_BY_MAIL = {
    Action.SEE_SUBMISSION: Scope.OWN,
    Action.HAND_IN: Scope.OWN,
    Action.CHANGE_SUBMISSION: Scope.OWN,
    Action.COMPLETE_SUBMISSION: Scope.OWN,
}
"""What a mail may do, whoever sent it: a mail is never an approval."""

_MEMBER = _READ_OWN | _BY_MAIL | {Action.WITHDRAW_SUBMISSION: Scope.OWN}
_DESK_OF_DEPARTMENT = _MEMBER | {
    Action.CANCEL: Scope.OWN,
    Action.WITHDRAW_POST: Scope.OWN,
    Action.ORDER_DELETION: Scope.OWN,
    Action.NOTE_FINDING: Scope.OWN,
    Action.SETTLE_HELD: Scope.OWN,
    Action.ANSWER: Scope.OWN,
    Action.TRANSFER: Scope.OWN,
    Action.CLOSE: Scope.OWN,
    Action.REOPEN: Scope.OWN,
    Action.HIDE: Scope.OWN,
    Action.UNHIDE: Scope.OWN,
    Action.RECORD_AWAY: Scope.OWN,
}
_DECIDE = (
    Action.APPROVE,
    Action.RETURN,
    Action.REJECT,
    Action.WITHDRAW_APPROVAL,
    Action.RATIFY,
    Action.APPROVE_TEMPLATE,
)
_AT_THE_CELL = (
    Action.HAND_IN,
    Action.CHANGE_SUBMISSION,  # of what it recorded at its own desk
    Action.COMPLETE_SUBMISSION,  # likewise
    Action.RETURN_SUBMISSION,
    Action.DECLINE_SUBMISSION,
    Action.MERGE_SUBMISSION,
    Action.DRAFT,
    Action.SEND_FOR_REVIEW,
    Action.SCHEDULE,
    Action.CANCEL,
    Action.PUBLISH_NOW,
    Action.PUBLISH_BY_HAND,
    Action.ANSWER,
    Action.TRANSFER,
    Action.CLOSE,
    Action.REOPEN,
    Action.HIDE,
    Action.UNHIDE,
    Action.NOTE_FINDING,
    Action.ASSIGN,
    Action.DRAFT_TEMPLATE,
    Action.RECORD_AWAY,
    Action.HAND_OVER,
)
_RECORDS = (
    Action.RECORD_MEMBER,
    Action.RECORD_OFFICER,
    Action.RECORD_HEAD,
    Action.DISABLE_PERSON,
    Action.RECORD_DEPARTMENT,
    Action.OPEN_CALL,
    Action.TRANSFER_PEOPLE,
    Action.HAND_OVER,
    Action.KEEP_ROSTER,
    Action.CONFIRM_APPOINTMENT,
    Action.SEND_MAIL_AGAIN,
)
_CELL = _READ_ALL | dict.fromkeys(
    (*_AT_THE_CELL, Action.SEE_REPORT, Action.SEE_RAW_ANSWER), Scope.ANY
)
_RECORD = dict.fromkeys(_RECORDS, Scope.ANY)
_BRAKE = dict.fromkeys((Action.STOP_ALL, Action.RELEASE, Action.FREEZE), Scope.ANY)
_BRAKE_ON_DUTY = {Action.STOP_ALL: Scope.ON_DUTY}
_LANE = dict.fromkeys((Action.PUBLISH_EMERGENCY, Action.OVERRIDE_TIME), Scope.ON_DUTY)

TABLE: Mapping[Role, Mapping[Action, Scope]] = {
    Role.ADMIN: {
        **_RECORD,
        **_BRAKE,
        **_LANE,
        Action.SEE_EMERGENCY: Scope.ANY,
        Action.SEE_REPORT: Scope.ANY,
        Action.SEE_POST: Scope.ANY,
        Action.SEE_ATTEMPTS: Scope.ANY,
        Action.SEE_RAW_ANSWER: Scope.ANY,
        Action.RECORD_OTHER_ROLE: Scope.ANY,
        Action.CONNECT_ACCOUNT: Scope.ANY,
    },
    Role.CELL_LEAD: {
        **_CELL,
        **_RECORD,
        **_BRAKE,
        **_LANE,
        Action.OVERRIDE_TIME: Scope.ANY,
        Action.WITHDRAW_POST: Scope.ANY,
        Action.ORDER_DELETION: Scope.ANY,
        Action.SETTLE_HELD: Scope.ANY,
    },
    Role.CELL: _CELL | _BRAKE_ON_DUTY | _LANE,
    Role.OFFICER: {
        **_DESK_OF_DEPARTMENT,
        **dict.fromkeys(_DECIDE, Scope.OWN),
        **_BRAKE_ON_DUTY,
        **_LANE,
    },
    Role.HEAD: {
        **_DESK_OF_DEPARTMENT,
        **dict.fromkeys(_DECIDE, Scope.STANDING_IN),
        **_LANE,
        Action.SEE_REPORT: Scope.OWN,
        Action.CONFIRM_APPOINTMENT: Scope.OWN,
        Action.RECORD_OFFICER: Scope.OWN,
        Action.RECORD_MEMBER: Scope.OWN,
        Action.HAND_OVER: Scope.OWN,
    },
    Role.MEMBER: _MEMBER | _LANE,
    Role.OVERSIGHT: _READ_OWN | _LANE | {Action.SEE_REPORT: Scope.OWN},
    Role.AUDITOR: _READ_ALL | _LANE | {Action.SEE_REPORT: Scope.ANY},
}


def scope_of(actor: Actor, action: Action) -> Scope | None:
    """Return the scope of the actor's role for this action; None if the role has no such right."""
    if actor.kind is ActorKind.MAIL:
        return _BY_MAIL.get(action)
    if actor.kind is not ActorKind.PERSON or actor.role is None:
        return None
    return TABLE[actor.role].get(action)


def may(
    actor: Actor,
    action: Action,
    department_id: int | None,
    *,
    standing_in: bool = False,
    on_duty: bool = False,
) -> bool:
    """Return True if the actor may do this to a row of that department.

    `standing_in` is true if no officer of the department can act, so that its head may;
    `on_duty` if the person is on the duty roster now.
    """
    match scope_of(actor, action):
        case Scope.ANY:
            return True
        case Scope.OWN:
            return _is_own(actor, department_id)
        case Scope.STANDING_IN:
            return standing_in and _is_own(actor, department_id)
        case Scope.ON_DUTY:
            return on_duty
        case _:
            return False


def _is_own(actor: Actor, department_id: int | None) -> bool:
    if department_id is None:
        return False
    sees_line = actor.kind is ActorKind.PERSON and actor.role is Role.OVERSIGHT
    return (sees_line and department_id in actor.line) or department_id == actor.department_id


def require(
    actor: Actor,
    action: Action,
    department_id: int | None,
    *,
    now: datetime,
    standing_in: bool = False,
    on_duty: bool = False,
) -> None:
    """Raise `WrongRole`, or `FreshSignInRequired` if the action needs a recent sign-in.

    Raises `FreshFactorRequired` if it needs a recent second factor and the person has one.
    """
    if not may(actor, action, department_id, standing_in=standing_in, on_duty=on_duty):
        raise WrongRole(role=actor.role, action=action)
    if action in NEEDS_FRESH_FACTOR:
        require_fresh_factor(actor, now=now)
    if action in NEEDS_FRESH_SIGN_IN and not is_fresh(actor, now=now):
        raise FreshSignInRequired(action=action)


def require_fresh_factor(actor: Actor, *, now: datetime) -> None:
    """Raise `FreshFactorRequired` unless the actor has no factor, or has just proved it."""
    if actor.has_factor and (actor.factor_at is None or now - actor.factor_at > FRESH):
        raise FreshFactorRequired


def is_fresh(actor: Actor, *, now: datetime) -> bool:
    """Return True if the actor signed in within the last few minutes."""
    return actor.signed_in_at is not None and now - actor.signed_in_at <= FRESH
