"""The states of submissions, deliveries, comments, accounts and others, and their moves."""

from __future__ import annotations

from enum import StrEnum

from approvals.states import Moves


class SubmissionState(StrEnum):
    """The state of a submission."""

    RECEIVED = "received"
    RETURNED = "returned"
    DRAFTED = "drafted"
    DECLINED = "declined"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


SUBMISSION_MOVES: Moves = {
    SubmissionState.RECEIVED: frozenset(
        {
            SubmissionState.RETURNED,
            SubmissionState.DRAFTED,
            SubmissionState.DECLINED,
            SubmissionState.MERGED,
            SubmissionState.WITHDRAWN,
        }
    ),
    SubmissionState.RETURNED: frozenset(
        {SubmissionState.RECEIVED, SubmissionState.DECLINED, SubmissionState.WITHDRAWN}
    ),
    SubmissionState.DRAFTED: frozenset({SubmissionState.WITHDRAWN}),
    # Undone, for a short time, by the person who did it (`publisher.intake.undo`).
    SubmissionState.DECLINED: frozenset({SubmissionState.RECEIVED, SubmissionState.RETURNED}),
    SubmissionState.MERGED: frozenset({SubmissionState.RECEIVED}),
    SubmissionState.WITHDRAWN: frozenset(),
}


# Each submission state is in exactly one of these two classes; a test checks that.
#: The cell or the department still has something to do.
OPEN_SUBMISSION = (SubmissionState.RECEIVED, SubmissionState.RETURNED, SubmissionState.DRAFTED)
#: Nothing more comes of it.
ENDED_SUBMISSION = (
    SubmissionState.DECLINED,
    SubmissionState.MERGED,
    SubmissionState.WITHDRAWN,
)


class DeliveryState(StrEnum):
    """The state of a delivery."""

    SCHEDULED = "scheduled"
    CLAIMED = "claimed"  #: A worker has leased it; nothing has been sent.
    SENDING = "sending"  #: The request may have reached the platform.
    PUBLISHED = "published"
    UNCONFIRMED = "unconfirmed"  #: The platform's answer is unknown; it is being looked for.
    HELD = "held"  #: It could not be confirmed; a person decides.
    MISSED = "missed"  #: Its late limit passed before it could be sent.
    FAILED = "failed"
    CANCELLED = "cancelled"


DELIVERY_MOVES: Moves = {
    DeliveryState.SCHEDULED: frozenset(
        {
            DeliveryState.CLAIMED,
            DeliveryState.CANCELLED,
            DeliveryState.MISSED,
            DeliveryState.PUBLISHED,
            DeliveryState.UNCONFIRMED,
        }
    ),
    DeliveryState.CLAIMED: frozenset(
        {
            DeliveryState.SENDING,
            DeliveryState.SCHEDULED,
            DeliveryState.FAILED,
            DeliveryState.CANCELLED,
            DeliveryState.UNCONFIRMED,
        }
    ),
    DeliveryState.SENDING: frozenset(
        {
            DeliveryState.PUBLISHED,
            DeliveryState.UNCONFIRMED,
            DeliveryState.FAILED,
            DeliveryState.SCHEDULED,
        }
    ),
    DeliveryState.UNCONFIRMED: frozenset({DeliveryState.PUBLISHED, DeliveryState.HELD}),
    DeliveryState.HELD: frozenset({DeliveryState.PUBLISHED, DeliveryState.SCHEDULED}),
    DeliveryState.FAILED: frozenset(
        {DeliveryState.SCHEDULED, DeliveryState.PUBLISHED, DeliveryState.CANCELLED}
    ),
    DeliveryState.MISSED: frozenset(
        {DeliveryState.SCHEDULED, DeliveryState.PUBLISHED, DeliveryState.CANCELLED}
    ),
    DeliveryState.CANCELLED: frozenset({DeliveryState.SCHEDULED}),
    DeliveryState.PUBLISHED: frozenset(),
}


# Each delivery state is in exactly one of these five classes; a test checks that.
#: Nothing has left this machine: a person may still cancel.
UNSENT = (DeliveryState.SCHEDULED, DeliveryState.CLAIMED)
#: A request may be under way.
IN_FLIGHT = (DeliveryState.SENDING,)
#: A request was made, and no receipt says what became of it.
UNCERTAIN = (DeliveryState.UNCONFIRMED, DeliveryState.HELD)
#: A receipt says that it was carried out.
LIVE = (DeliveryState.PUBLISHED,)
#: It was not carried out; a person may schedule it again.
NOT_PUBLISHED = (DeliveryState.MISSED, DeliveryState.FAILED, DeliveryState.CANCELLED)

# Unions and parts of those classes, each needed in several places.
#: A clock works on it and holds a lease.
CLAIMED_OR_SENDING = (DeliveryState.CLAIMED, DeliveryState.SENDING)
#: It may be on the platform although no receipt says so; a late answer still settles it.
MAY_BE_LIVE = (*IN_FLIGHT, *UNCERTAIN)
#: It can no longer be cancelled.
SENT = (*MAY_BE_LIVE, *LIVE)
#: Neither carried out nor given up.
OPEN_DELIVERY = (*UNSENT, *MAY_BE_LIVE)
#: It waits until a person gives it a new time.
STUCK = (DeliveryState.MISSED, DeliveryState.FAILED)
#: It goes on only when a person decides.
NEEDS_PERSON = (DeliveryState.HELD, *STUCK)
#: A person may give it a new time.
RESCHEDULABLE = (DeliveryState.SCHEDULED, *NOT_PUBLISHED)
#: A person may post it by hand: no clock works on it, and nobody cancelled it.
PUBLISHABLE_BY_HAND = (DeliveryState.SCHEDULED, *STUCK, *UNCERTAIN)
#: Nothing is left to do.
FINAL = (DeliveryState.PUBLISHED, DeliveryState.CANCELLED)


class CommentState(StrEnum):
    """The state of a citizen's comment."""

    RECEIVED = "received"
    ROUTED = "routed"
    ANSWERED = "answered"
    CLOSED = "closed"


COMMENT_MOVES: Moves = {
    CommentState.RECEIVED: frozenset({CommentState.ROUTED, CommentState.CLOSED}),
    CommentState.ROUTED: frozenset(
        {CommentState.ANSWERED, CommentState.CLOSED, CommentState.RECEIVED}
    ),
    CommentState.ANSWERED: frozenset({CommentState.CLOSED, CommentState.ROUTED}),
    # To *received* only by an undo of a close before routing (`publisher.inbox.undo`).
    CommentState.CLOSED: frozenset({CommentState.ROUTED, CommentState.RECEIVED}),
}


class AccountState(StrEnum):
    """The state of a social media account."""

    CONNECTED = "connected"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"


ACCOUNT_MOVES: Moves = {
    AccountState.CONNECTED: frozenset({AccountState.PAUSED, AccountState.DISCONNECTED}),
    AccountState.PAUSED: frozenset({AccountState.CONNECTED, AccountState.DISCONNECTED}),
    AccountState.DISCONNECTED: frozenset({AccountState.CONNECTED}),
}


class AppointmentState(StrEnum):
    """The state of an appointment, which decides what rights it grants between its dates."""

    RECORDED = "recorded"  #: It holds its place, and waits for somebody else to confirm it.
    CONFIRMED = "confirmed"  #: It gets messages; its person has yet to set a password.
    ACTIVE = "active"  #: It grants all rights of its role.
    ENDED = "ended"


APPOINTMENT_MOVES: Moves = {
    AppointmentState.RECORDED: frozenset({AppointmentState.CONFIRMED, AppointmentState.ENDED}),
    AppointmentState.CONFIRMED: frozenset(
        {AppointmentState.ACTIVE, AppointmentState.RECORDED, AppointmentState.ENDED}
    ),
    AppointmentState.ACTIVE: frozenset({AppointmentState.RECORDED, AppointmentState.ENDED}),
    AppointmentState.ENDED: frozenset(),
}


class NoticeState(StrEnum):
    """The state of an outgoing mail or SMS."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


NOTICE_MOVES: Moves = {
    NoticeState.QUEUED: frozenset({NoticeState.SENDING}),
    NoticeState.SENDING: frozenset(
        {NoticeState.SENT, NoticeState.QUEUED, NoticeState.FAILED, NoticeState.UNCONFIRMED}
    ),
    NoticeState.SENT: frozenset(),
    NoticeState.FAILED: frozenset({NoticeState.QUEUED}),
    NoticeState.UNCONFIRMED: frozenset({NoticeState.SENT, NoticeState.QUEUED}),
}


class QuarantineState(StrEnum):
    """The state of a mail that waits for a person of the cell."""

    WAITING = "waiting"
    TAKEN_IN = "taken_in"
    NOT_OURS = "not_ours"
    DELETED = "deleted"


QUARANTINE_MOVES: Moves = {
    QuarantineState.WAITING: frozenset(
        {QuarantineState.TAKEN_IN, QuarantineState.NOT_OURS, QuarantineState.DELETED}
    ),
    QuarantineState.TAKEN_IN: frozenset(),
    QuarantineState.NOT_OURS: frozenset(),
    QuarantineState.DELETED: frozenset(),
}
