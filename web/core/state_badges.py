"""How each state looks and what it is called: one table of tones and icons, one of words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from flask import Flask

from publisher.working_time import ONE_DAY, OPENS, is_working_day, local, local_day

Tone = Literal["grey", "amber", "teal", "green", "red", "plum"]
Fill = Literal["tint", "filled", "outline"]
DeadlineLook = Literal["later", "near", "over"]


def N_(msgid: str) -> str:  # noqa: N802 - the extractor of Babel knows this name
    """Mark a msgid for the catalogue; it is translated where it is shown."""
    return msgid


@dataclass(frozen=True)
class Look:
    """Tone, icon of Bootstrap Icons and fill of one state's chip."""

    tone: Tone
    icon: str
    fill: Fill = "tint"


WITHDRAWN = Look("grey", "arrow-counterclockwise", "outline")

STATE_LOOK: dict[tuple[str, str], Look] = {
    ("submission", "received"): Look("amber", "inbox"),
    ("submission", "returned"): Look("amber", "arrow-return-left"),
    ("submission", "drafted"): Look("teal", "file-earmark-text"),
    ("submission", "declined"): Look("red", "x-circle"),
    ("submission", "merged"): Look("grey", "intersect", "outline"),
    ("submission", "withdrawn"): WITHDRAWN,
    ("post", "draft"): Look("grey", "pencil"),
    ("post", "in_review"): Look("amber", "hourglass-split"),
    ("post", "approved"): Look("green", "person-check"),
    ("post", "rejected"): Look("red", "x-circle"),
    ("post", "returned"): Look("amber", "arrow-return-left"),
    ("post", "withdrawn"): WITHDRAWN,
    ("post", "deleted"): Look("grey", "trash", "outline"),
    ("post", "blocked"): Look("red", "person-x-fill", "filled"),
    ("delivery", "scheduled"): Look("teal", "calendar-check"),
    ("delivery", "claimed"): Look("teal", "box-arrow-up"),
    ("delivery", "sending"): Look("teal", "send"),
    ("delivery", "published"): Look("green", "check-circle-fill"),
    ("delivery", "by_hand"): Look("green", "hand-index-thumb"),
    ("delivery", "unconfirmed"): Look("plum", "question-circle"),
    ("delivery", "held"): Look("plum", "question-octagon-fill", "filled"),
    ("delivery", "missed"): Look("red", "clock-history", "filled"),
    ("delivery", "failed"): Look("red", "x-octagon-fill", "filled"),
    ("delivery", "paused"): Look("plum", "pause-circle"),
    ("delivery", "cancelled"): Look("grey", "slash-circle", "outline"),
    ("comment", "received"): Look("amber", "signpost-split"),
    ("comment", "routed"): Look("amber", "person"),
    ("comment", "answered"): Look("green", "reply-fill"),
    ("comment", "closed"): Look("grey", "archive", "outline"),
    ("comment", "interim"): Look("teal", "reply"),
    ("comment", "hidden"): Look("grey", "eye-slash"),
    ("comment", "deleted"): Look("grey", "trash", "outline"),
    ("comment", "urgent"): Look("red", "exclamation-triangle-fill", "filled"),
    ("comment", "overdue"): Look("red", "alarm-fill", "filled"),
    ("submission", "urgent"): Look("red", "exclamation-triangle-fill", "filled"),
    ("post", "overdue"): Look("red", "alarm-fill", "filled"),
    ("appointment", "named"): Look("amber", "person"),
    ("appointment", "active"): Look("green", "person-check"),
    ("appointment", "ended"): Look("grey", "archive", "outline"),
    ("instruction", "open"): Look("amber", "inbox"),
    ("instruction", "read"): Look("teal", "eye"),
    ("instruction", "reported"): Look("amber", "hourglass-split"),
    ("instruction", "returned"): Look("amber", "arrow-return-left"),
    ("instruction", "accepted"): Look("green", "check-circle-fill"),
    ("notice", "queued"): Look("teal", "envelope"),
    ("notice", "sending"): Look("teal", "send"),
    ("notice", "sent"): Look("green", "check-circle-fill"),
    ("notice", "failed"): Look("red", "x-octagon-fill", "filled"),
    ("notice", "unconfirmed"): Look("plum", "question-circle"),
    ("account", "connected"): Look("green", "check-circle-fill"),
    ("account", "paused"): Look("plum", "pause-circle"),
    ("account", "disconnected"): Look("grey", "slash-circle", "outline"),
    ("emergency", "owed"): Look("amber", "hourglass-split"),
    ("emergency", "overdue"): Look("red", "alarm-fill", "filled"),
    ("emergency", "ratified"): Look("green", "person-check"),
    ("emergency", "refused"): Look("red", "exclamation-triangle-fill", "filled"),
    ("emergency", "corrected"): Look("grey", "check-circle-fill", "outline"),
    ("template", "approved"): Look("green", "person-check"),
    ("template", "waiting"): Look("amber", "hourglass-split"),
    ("template", "returned"): Look("amber", "arrow-return-left"),
    ("template", "withdrawn"): Look("red", "x-circle"),
    ("template", "ended"): Look("grey", "archive", "outline"),
    ("alert", "open"): Look("red", "exclamation-triangle-fill", "filled"),
    ("alert", "taken"): Look("amber", "person"),
    ("clock", "alive"): Look("green", "check-circle-fill"),
    ("clock", "silent"): Look("grey", "slash-circle", "outline"),
}
# A delivery that deletes, hides or unhides looks as one that publishes, but has its own words.
STATE_LOOK |= {
    ("order", state): look for (thing, state), look in STATE_LOOK.items() if thing == "delivery"
}

STATE_WORDS: dict[tuple[str, str], str] = {
    ("clock", "alive"): N_("Alive"),
    ("clock", "silent"): N_("Silent"),
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
    ("post", "deleted"): N_("Deleted on the platform"),
    ("post", "blocked"): N_("Nobody can approve"),
    ("post", "overdue"): N_("Overdue"),
    ("delivery", "scheduled"): N_("Scheduled"),
    ("delivery", "claimed"): N_("About to be published"),
    ("delivery", "sending"): N_("Being published"),
    ("delivery", "published"): N_("Published"),
    ("delivery", "by_hand"): N_("Published by hand"),
    ("delivery", "unconfirmed"): N_("Publication unconfirmed"),
    ("delivery", "held"): N_("Held for a decision"),
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
    ("order", "held"): N_("Held for a decision"),
    ("order", "missed"): N_("Missed its time"),
    ("order", "failed"): N_("Order could not be carried out"),
    ("order", "paused"): N_("Paused"),
    ("order", "cancelled"): N_("Cancelled"),
    ("comment", "received"): N_("With the cell"),
    ("comment", "routed"): N_("With the officer"),
    ("comment", "answered"): N_("Answered"),
    ("comment", "closed"): N_("Closed"),
    ("comment", "interim"): N_("Interim answer given"),
    ("comment", "hidden"): N_("Hidden"),
    ("comment", "deleted"): N_("Deleted on the platform"),
    ("comment", "urgent"): N_("Urgent"),
    ("comment", "overdue"): N_("Overdue"),
    ("appointment", "named"): N_("Named"),
    ("appointment", "active"): N_("In office"),
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
    ("notice", "unconfirmed"): N_("Not known whether it was sent"),
    ("account", "connected"): N_("Connected"),
    ("account", "paused"): N_("Switched off for now"),
    ("account", "disconnected"): N_("Disconnected"),
    ("emergency", "owed"): N_("Approval after the fact owed"),
    ("emergency", "overdue"): N_("Approval after the fact overdue"),
    ("emergency", "ratified"): N_("Ratified"),
    ("emergency", "refused"): N_("Refused: a correction is owed"),
    ("emergency", "corrected"): N_("Refused, and corrected"),
    ("template", "approved"): N_("Approved"),
    ("template", "waiting"): N_("Waits for approval"),
    ("template", "returned"): N_("Returned for changes"),
    ("template", "withdrawn"): N_("Approval withdrawn"),
    ("template", "ended"): N_("No longer in use"),
    ("alert", "open"): N_("Nobody has taken it"),
    ("alert", "taken"): N_("Somebody has taken it"),
}


def state_look(thing: str, state: str) -> Look:
    """Return the look of a state; KeyError names a pair that the table does not know."""
    return STATE_LOOK[thing, state]


def state_word(thing: str, state: str) -> str:
    """Return the English msgid of a state; the template translates it."""
    return STATE_WORDS[thing, state]


def last_working_day(due_at: datetime, closed: Collection[date] = ()) -> date:
    """Return the last day of the city on which an office still opens before `due_at`."""
    day = local_day(due_at)
    if local(due_at).time() <= OPENS:
        day -= ONE_DAY
    while not is_working_day(day, closed=closed):
        day -= ONE_DAY
    return day


def deadline_look(due_at: datetime, now: datetime, closed: Collection[date] = ()) -> DeadlineLook:
    """Return whether a deadline is over, on its last working day, or later."""
    if due_at <= now:
        return "over"
    return "near" if local_day(now) >= last_working_day(due_at, closed) else "later"


def register(app: Flask) -> None:
    """Give the templates the looks and words of states and deadlines."""
    app.jinja_env.globals.update(
        state_look=state_look, state_word=state_word, deadline_look=deadline_look
    )
