"""The views of the inbox and the state of an answer, in words."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.reports.inbox_list import View
from publisher.reports.replies import ReplyState
from web.icons import N_

VIEWS: Mapping[View, str] = {
    View.MINE: N_("With you"),
    View.DEPARTMENT: N_("With the department"),
    View.QUEUE: N_("To be assigned"),
    View.ANSWERED: N_("Answered"),
    View.CLOSED: N_("Closed"),
}

REPLIES: Mapping[ReplyState, tuple[str, str]] = {
    ReplyState.WAITS_FOR_OFFICER: (N_("Waits for the officer’s approval"), "amber"),
    ReplyState.ON_ITS_WAY: (N_("On its way"), "teal"),
    ReplyState.UNCONFIRMED: (N_("Publication unconfirmed"), "plum"),
    ReplyState.HELD: (N_("Held for a decision"), "plum"),
    ReplyState.LIVE: (N_("Live"), "green"),
    ReplyState.FAILED: (N_("Could not be published"), "red"),
    ReplyState.MISSED: (N_("Missed its time"), "red"),
    ReplyState.RETURNED: (N_("Returned for changes"), "amber"),
    ReplyState.REJECTED: (N_("Rejected"), "red"),
    ReplyState.TAKEN_BACK: (N_("Taken back"), "grey"),
}
"""For each state of an answer its words and its tone."""
