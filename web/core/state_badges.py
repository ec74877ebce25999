"""The badge of each state: a table of words, tones and icons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from flask import Flask

from publisher.working_time import local_day, preceding_working_day
from web.core.i18n import N_

Tone = Literal["grey", "amber", "teal", "green", "red", "plum"]
Fill = Literal["tint", "filled", "outline"]
DeadlineLook = Literal["later", "near", "over"]


@dataclass(frozen=True)
class StateBadge:
    """The word, tone, Bootstrap icon and fill of a state's badge; the template translates it."""

    word: str
    tone: Tone
    icon: str
    fill: Fill = "tint"


STATE_BADGES: dict[tuple[str, str], StateBadge] = {
    ("submission", "received"): StateBadge(N_("Received"), "amber", "inbox"),
    ("submission", "returned"): StateBadge(
        N_("Returned to be completed"), "amber", "arrow-return-left"
    ),
    ("submission", "drafted"): StateBadge(N_("Draft made"), "teal", "file-earmark-text"),
    ("submission", "declined"): StateBadge(N_("Declined"), "red", "x-circle"),
    ("submission", "merged"): StateBadge(
        N_("Merged into another submission"), "grey", "intersect", "outline"
    ),
    ("submission", "withdrawn"): StateBadge(
        N_("Submission withdrawn"), "grey", "arrow-counterclockwise", "outline"
    ),
    ("post", "draft"): StateBadge(N_("Draft"), "grey", "pencil"),
    ("post", "in_review"): StateBadge(N_("In review"), "amber", "hourglass-split"),
    ("post", "approved"): StateBadge(N_("Approved"), "green", "person-check"),
    ("post", "rejected"): StateBadge(N_("Rejected"), "red", "x-circle"),
    ("post", "returned"): StateBadge(N_("Returned for changes"), "amber", "arrow-return-left"),
    ("post", "withdrawn"): StateBadge(N_("Withdrawn"), "grey", "arrow-counterclockwise", "outline"),
    ("post", "partly_published"): StateBadge(N_("Published in part"), "amber", "check-circle"),
    ("post", "deleted"): StateBadge(N_("Deleted on the platform"), "grey", "trash", "outline"),
    ("post", "blocked"): StateBadge(N_("Nobody can approve"), "red", "person-x-fill", "filled"),
    ("delivery", "scheduled"): StateBadge(N_("Scheduled"), "teal", "calendar-check"),
    ("delivery", "claimed"): StateBadge(N_("About to be published"), "teal", "box-arrow-up"),
    ("delivery", "sending"): StateBadge(N_("Being published"), "teal", "send"),
    ("delivery", "published"): StateBadge(N_("Published"), "green", "check-circle-fill"),
    ("delivery", "by_hand"): StateBadge(N_("Published by hand"), "green", "hand-index-thumb"),
    ("delivery", "unconfirmed"): StateBadge(
        N_("Publication unconfirmed"), "plum", "question-circle"
    ),
    ("delivery", "held"): StateBadge(
        N_("On hold for a decision"), "plum", "question-octagon-fill", "filled"
    ),
    ("delivery", "missed"): StateBadge(N_("Missed its time"), "red", "clock-history", "filled"),
    ("delivery", "failed"): StateBadge(
        N_("Could not be published"), "red", "x-octagon-fill", "filled"
    ),
    ("delivery", "paused"): StateBadge(N_("Paused"), "plum", "pause-circle"),
    ("delivery", "cancelled"): StateBadge(N_("Cancelled"), "grey", "slash-circle", "outline"),
    ("comment", "received"): StateBadge(N_("With the Cell"), "amber", "signpost-split"),
    ("comment", "routed"): StateBadge(N_("With the officer"), "amber", "person"),
    ("comment", "answered"): StateBadge(N_("Answered"), "green", "reply-fill"),
    ("comment", "closed"): StateBadge(N_("Closed"), "grey", "archive", "outline"),
    ("comment", "interim"): StateBadge(N_("Interim answer given"), "teal", "reply"),
    ("comment", "hidden"): StateBadge(N_("Hidden"), "grey", "eye-slash"),
    ("comment", "deleted"): StateBadge(N_("Deleted on the platform"), "grey", "trash", "outline"),
    ("comment", "urgent"): StateBadge(N_("Urgent"), "red", "exclamation-triangle-fill", "filled"),
    ("comment", "overdue"): StateBadge(N_("Overdue"), "red", "alarm-fill", "filled"),
    ("submission", "urgent"): StateBadge(
        N_("Urgent"), "red", "exclamation-triangle-fill", "filled"
    ),
    ("post", "overdue"): StateBadge(N_("Overdue"), "red", "alarm-fill", "filled"),
    ("appointment", "named"): StateBadge(N_("Named"), "amber", "person"),
    ("appointment", "recorded"): StateBadge(
        N_("Waits for confirmation"), "amber", "hourglass-split"
    ),
    ("appointment", "confirmed"): StateBadge(N_("Confirmed, not yet taken up"), "teal", "person"),
    ("appointment", "active"): StateBadge(N_("In office"), "green", "person-check"),
    ("appointment", "closed"): StateBadge(N_("Access closed"), "grey", "slash-circle", "outline"),
    ("appointment", "ended"): StateBadge(N_("Appointment ended"), "grey", "archive", "outline"),
    ("instruction", "open"): StateBadge(N_("Open"), "amber", "inbox"),
    ("instruction", "read"): StateBadge(N_("Confirmed as read"), "teal", "eye"),
    ("instruction", "reported"): StateBadge(N_("Reported"), "amber", "hourglass-split"),
    ("instruction", "returned"): StateBadge(
        N_("Returned to be completed"), "amber", "arrow-return-left"
    ),
    ("instruction", "accepted"): StateBadge(N_("Accepted"), "green", "check-circle-fill"),
    ("notice", "queued"): StateBadge(N_("Waiting to be sent"), "teal", "envelope"),
    ("notice", "sending"): StateBadge(N_("Being sent"), "teal", "send"),
    ("notice", "sent"): StateBadge(N_("Sent"), "green", "check-circle-fill"),
    ("notice", "failed"): StateBadge(N_("Could not be sent"), "red", "x-octagon-fill", "filled"),
    ("notice", "unconfirmed"): StateBadge(
        N_("Unknown whether it was sent"), "plum", "question-circle"
    ),
    ("account", "connected"): StateBadge(N_("Connected"), "green", "check-circle-fill"),
    ("account", "paused"): StateBadge(N_("Switched off for now"), "plum", "pause-circle"),
    ("account", "disconnected"): StateBadge(N_("Disconnected"), "grey", "slash-circle", "outline"),
    ("emergency", "owed"): StateBadge(
        N_("Approval after publishing due"), "amber", "hourglass-split"
    ),
    ("emergency", "overdue"): StateBadge(
        N_("Approval after the fact overdue"), "red", "alarm-fill", "filled"
    ),
    ("emergency", "ratified"): StateBadge(N_("Approved after publishing"), "green", "person-check"),
    ("emergency", "refused"): StateBadge(
        N_("Refused: correction needed"), "red", "exclamation-triangle-fill", "filled"
    ),
    ("emergency", "corrected"): StateBadge(
        N_("Refused, and corrected"), "grey", "check-circle-fill", "outline"
    ),
    ("template", "approved"): StateBadge(N_("Approved"), "green", "person-check"),
    ("template", "waiting"): StateBadge(N_("Waits for approval"), "amber", "hourglass-split"),
    ("template", "returned"): StateBadge(N_("Returned for changes"), "amber", "arrow-return-left"),
    ("template", "withdrawn"): StateBadge(N_("Approval withdrawn"), "red", "x-circle"),
    ("template", "ended"): StateBadge(N_("No longer in use"), "grey", "archive", "outline"),
    ("alert", "open"): StateBadge(
        N_("Nobody has taken it"), "red", "exclamation-triangle-fill", "filled"
    ),
    ("alert", "taken"): StateBadge(N_("Someone has taken charge"), "amber", "person"),
    ("clock", "alive"): StateBadge(N_("Running"), "green", "check-circle-fill"),
    ("clock", "silent"): StateBadge(N_("Not responding"), "grey", "slash-circle", "outline"),
}
# A delivery that deletes, hides or unhides looks like one that publishes, but has its own words.
_ORDER_WORDS: Mapping[str, str] = {
    "scheduled": N_("Scheduled"),
    "claimed": N_("Order about to be carried out"),
    "sending": N_("Order being carried out"),
    "published": N_("Order carried out"),
    "by_hand": N_("Order carried out by hand"),
    "unconfirmed": N_("Order unconfirmed"),
    "held": N_("On hold for a decision"),
    "missed": N_("Missed its time"),
    "failed": N_("Order could not be carried out"),
    "paused": N_("Paused"),
    "cancelled": N_("Cancelled"),
}
STATE_BADGES |= {
    ("order", state): replace(STATE_BADGES["delivery", state], word=word)
    for state, word in _ORDER_WORDS.items()
}


def state_look(subject: str, state: str) -> StateBadge:
    """Return the badge of a state; raises KeyError if the table does not have it."""
    return STATE_BADGES[subject, state]


def state_word(subject: str, state: str) -> str:
    """Return the English msgid of a state; the template translates it."""
    return STATE_BADGES[subject, state].word


def deadline_look(due_at: datetime, now: datetime) -> DeadlineLook:
    """Return whether a deadline is over, on its last working day, or later."""
    if due_at <= now:
        return "over"
    return "near" if local_day(now) >= preceding_working_day(due_at) else "later"


def register(app: Flask) -> None:
    """Register the template functions for states and deadlines."""
    app.jinja_env.globals.update(
        state_look=state_look, state_word=state_word, deadline_look=deadline_look
    )
