"""The badge of each state: a table of tones and icons, and a table of words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from flask import Flask

from publisher.working_time import last_working_day_before, local_day
from web.core.i18n import N_

Tone = Literal["grey", "amber", "teal", "green", "red", "plum"]
Fill = Literal["tint", "filled", "outline"]
DeadlineLook = Literal["later", "near", "over"]


@dataclass(frozen=True)
class BadgeStyle:
    """Tone, Bootstrap icon and fill of a state's badge."""

    tone: Tone
    icon: str
    fill: Fill = "tint"


WITHDRAWN = BadgeStyle("grey", "arrow-counterclockwise", "outline")

STATE_LOOK: dict[tuple[str, str], BadgeStyle] = {
    ("submission", "received"): BadgeStyle("amber", "inbox"),
    ("submission", "returned"): BadgeStyle("amber", "arrow-return-left"),
    ("submission", "drafted"): BadgeStyle("teal", "file-earmark-text"),
    ("submission", "declined"): BadgeStyle("red", "x-circle"),
    ("submission", "merged"): BadgeStyle("grey", "intersect", "outline"),
    ("submission", "withdrawn"): WITHDRAWN,
    ("post", "draft"): BadgeStyle("grey", "pencil"),
    ("post", "in_review"): BadgeStyle("amber", "hourglass-split"),
    ("post", "approved"): BadgeStyle("green", "person-check"),
    ("post", "rejected"): BadgeStyle("red", "x-circle"),
    ("post", "returned"): BadgeStyle("amber", "arrow-return-left"),
    ("post", "withdrawn"): WITHDRAWN,
    ("post", "partly_published"): BadgeStyle("amber", "check-circle"),
    ("post", "deleted"): BadgeStyle("grey", "trash", "outline"),
    ("post", "blocked"): BadgeStyle("red", "person-x-fill", "filled"),
    ("delivery", "scheduled"): BadgeStyle("teal", "calendar-check"),
    ("delivery", "claimed"): BadgeStyle("teal", "box-arrow-up"),
    ("delivery", "sending"): BadgeStyle("teal", "send"),
    ("delivery", "published"): BadgeStyle("green", "check-circle-fill"),
    ("delivery", "by_hand"): BadgeStyle("green", "hand-index-thumb"),
    ("delivery", "unconfirmed"): BadgeStyle("plum", "question-circle"),
    ("delivery", "held"): BadgeStyle("plum", "question-octagon-fill", "filled"),
    ("delivery", "missed"): BadgeStyle("red", "clock-history", "filled"),
    ("delivery", "failed"): BadgeStyle("red", "x-octagon-fill", "filled"),
    ("delivery", "paused"): BadgeStyle("plum", "pause-circle"),
    ("delivery", "cancelled"): BadgeStyle("grey", "slash-circle", "outline"),
    ("comment", "received"): BadgeStyle("amber", "signpost-split"),
    ("comment", "routed"): BadgeStyle("amber", "person"),
    ("comment", "answered"): BadgeStyle("green", "reply-fill"),
    ("comment", "closed"): BadgeStyle("grey", "archive", "outline"),
    ("comment", "interim"): BadgeStyle("teal", "reply"),
    ("comment", "hidden"): BadgeStyle("grey", "eye-slash"),
    ("comment", "deleted"): BadgeStyle("grey", "trash", "outline"),
    ("comment", "urgent"): BadgeStyle("red", "exclamation-triangle-fill", "filled"),
    ("comment", "overdue"): BadgeStyle("red", "alarm-fill", "filled"),
    ("submission", "urgent"): BadgeStyle("red", "exclamation-triangle-fill", "filled"),
    ("post", "overdue"): BadgeStyle("red", "alarm-fill", "filled"),
    ("appointment", "named"): BadgeStyle("amber", "person"),
    ("appointment", "recorded"): BadgeStyle("amber", "hourglass-split"),
    ("appointment", "confirmed"): BadgeStyle("teal", "person"),
    ("appointment", "active"): BadgeStyle("green", "person-check"),
    ("appointment", "closed"): BadgeStyle("grey", "slash-circle", "outline"),
    ("appointment", "ended"): BadgeStyle("grey", "archive", "outline"),
    ("instruction", "open"): BadgeStyle("amber", "inbox"),
    ("instruction", "read"): BadgeStyle("teal", "eye"),
    ("instruction", "reported"): BadgeStyle("amber", "hourglass-split"),
    ("instruction", "returned"): BadgeStyle("amber", "arrow-return-left"),
    ("instruction", "accepted"): BadgeStyle("green", "check-circle-fill"),
    ("notice", "queued"): BadgeStyle("teal", "envelope"),
    ("notice", "sending"): BadgeStyle("teal", "send"),
    ("notice", "sent"): BadgeStyle("green", "check-circle-fill"),
    ("notice", "failed"): BadgeStyle("red", "x-octagon-fill", "filled"),
    ("notice", "unconfirmed"): BadgeStyle("plum", "question-circle"),
    ("account", "connected"): BadgeStyle("green", "check-circle-fill"),
    ("account", "paused"): BadgeStyle("plum", "pause-circle"),
    ("account", "disconnected"): BadgeStyle("grey", "slash-circle", "outline"),
    ("emergency", "owed"): BadgeStyle("amber", "hourglass-split"),
    ("emergency", "overdue"): BadgeStyle("red", "alarm-fill", "filled"),
    ("emergency", "ratified"): BadgeStyle("green", "person-check"),
    ("emergency", "refused"): BadgeStyle("red", "exclamation-triangle-fill", "filled"),
    ("emergency", "corrected"): BadgeStyle("grey", "check-circle-fill", "outline"),
    ("template", "approved"): BadgeStyle("green", "person-check"),
    ("template", "waiting"): BadgeStyle("amber", "hourglass-split"),
    ("template", "returned"): BadgeStyle("amber", "arrow-return-left"),
    ("template", "withdrawn"): BadgeStyle("red", "x-circle"),
    ("template", "ended"): BadgeStyle("grey", "archive", "outline"),
    ("alert", "open"): BadgeStyle("red", "exclamation-triangle-fill", "filled"),
    ("alert", "taken"): BadgeStyle("amber", "person"),
    ("clock", "alive"): BadgeStyle("green", "check-circle-fill"),
    ("clock", "silent"): BadgeStyle("grey", "slash-circle", "outline"),
}
# A delivery that deletes, hides or unhides looks as one that publishes, but has its own words.
STATE_LOOK |= {
    ("order", state): style
    for (subject, state), style in STATE_LOOK.items()
    if subject == "delivery"
}

STATE_WORDS: dict[tuple[str, str], str] = {
    ("clock", "alive"): N_("Running"),
    ("clock", "silent"): N_("Not responding"),
    ("submission", "received"): N_("Received"),
    ("submission", "returned"): N_("Returned to be completed"),
    ("submission", "drafted"): N_("Draft made"),
    ("submission", "declined"): N_("Declined"),
    ("submission", "merged"): N_("Merged into another submission"),
    ("submission", "withdrawn"): N_("Submission withdrawn"),
    ("submission", "urgent"): N_("Urgent"),
    ("post", "draft"): N_("Draft"),
    ("post", "in_review"): N_("In review"),
    ("post", "approved"): N_("Approved"),
    ("post", "rejected"): N_("Rejected"),
    ("post", "returned"): N_("Returned for changes"),
    ("post", "withdrawn"): N_("Withdrawn"),
    ("post", "partly_published"): N_("Published in part"),
    ("post", "deleted"): N_("Deleted on the platform"),
    ("post", "blocked"): N_("Nobody can approve"),
    ("post", "overdue"): N_("Overdue"),
    ("delivery", "scheduled"): N_("Scheduled"),
    ("delivery", "claimed"): N_("About to be published"),
    ("delivery", "sending"): N_("Being published"),
    ("delivery", "published"): N_("Published"),
    ("delivery", "by_hand"): N_("Published by hand"),
    ("delivery", "unconfirmed"): N_("Publication unconfirmed"),
    ("delivery", "held"): N_("On hold for a decision"),
    ("delivery", "missed"): N_("Missed its time"),
    ("delivery", "failed"): N_("Could not be published"),
    ("delivery", "paused"): N_("Paused"),
    ("delivery", "cancelled"): N_("Cancelled"),
    ("order", "scheduled"): N_("Scheduled"),
    ("order", "claimed"): N_("Order about to be carried out"),
    ("order", "sending"): N_("Order being carried out"),
    ("order", "published"): N_("Order carried out"),
    ("order", "by_hand"): N_("Order carried out by hand"),
    ("order", "unconfirmed"): N_("Order unconfirmed"),
    ("order", "held"): N_("On hold for a decision"),
    ("order", "missed"): N_("Missed its time"),
    ("order", "failed"): N_("Order could not be carried out"),
    ("order", "paused"): N_("Paused"),
    ("order", "cancelled"): N_("Cancelled"),
    ("comment", "received"): N_("With the Cell"),
    ("comment", "routed"): N_("With the officer"),
    ("comment", "answered"): N_("Answered"),
    ("comment", "closed"): N_("Closed"),
    ("comment", "interim"): N_("Interim answer given"),
    ("comment", "hidden"): N_("Hidden"),
    ("comment", "deleted"): N_("Deleted on the platform"),
    ("comment", "urgent"): N_("Urgent"),
    ("comment", "overdue"): N_("Overdue"),
    ("appointment", "named"): N_("Named"),
    ("appointment", "recorded"): N_("Waits for confirmation"),
    ("appointment", "confirmed"): N_("Confirmed, not yet taken up"),
    ("appointment", "active"): N_("In office"),
    ("appointment", "closed"): N_("Access closed"),
    ("appointment", "ended"): N_("Appointment ended"),
    ("instruction", "open"): N_("Open"),
    ("instruction", "read"): N_("Confirmed as read"),
    ("instruction", "reported"): N_("Reported"),
    ("instruction", "returned"): N_("Returned to be completed"),
    ("instruction", "accepted"): N_("Accepted"),
    ("notice", "queued"): N_("Waiting to be sent"),
    ("notice", "sending"): N_("Being sent"),
    ("notice", "sent"): N_("Sent"),
    ("notice", "failed"): N_("Could not be sent"),
    ("notice", "unconfirmed"): N_("Unknown whether it was sent"),
    ("account", "connected"): N_("Connected"),
    ("account", "paused"): N_("Switched off for now"),
    ("account", "disconnected"): N_("Disconnected"),
    ("emergency", "owed"): N_("Approval after publishing due"),
    ("emergency", "overdue"): N_("Approval after the fact overdue"),
    ("emergency", "ratified"): N_("Approved after publishing"),
    ("emergency", "refused"): N_("Refused: correction needed"),
    ("emergency", "corrected"): N_("Refused, and corrected"),
    ("template", "approved"): N_("Approved"),
    ("template", "waiting"): N_("Waits for approval"),
    ("template", "returned"): N_("Returned for changes"),
    ("template", "withdrawn"): N_("Approval withdrawn"),
    ("template", "ended"): N_("No longer in use"),
    ("alert", "open"): N_("Nobody has taken it"),
    ("alert", "taken"): N_("Someone has taken charge"),
}


def state_look(subject: str, state: str) -> BadgeStyle:
    """Return the badge style of a state; raises KeyError if the table does not have it."""
    return STATE_LOOK[subject, state]


def state_word(subject: str, state: str) -> str:
    """Return the English msgid of a state; the template translates it."""
    return STATE_WORDS[subject, state]


def deadline_look(due_at: datetime, now: datetime, closed: Collection[date] = ()) -> DeadlineLook:
    """Return whether a deadline is over, on its last working day, or later."""
    if due_at <= now:
        return "over"
    return "near" if local_day(now) >= last_working_day_before(due_at, closed=closed) else "later"


def register(app: Flask) -> None:
    """Register the template functions for states and deadlines."""
    app.jinja_env.globals.update(
        state_look=state_look, state_word=state_word, deadline_look=deadline_look
    )
