"""What is known: what waits for whom, how far each thing is, and what became of it."""

from __future__ import annotations

from publisher.office.reporting.board import BoardKind, BoardRow, decisions
from publisher.office.reporting.calendar import (
    Day,
    Entry,
    Unscheduled,
    deliveries_by_day,
    unscheduled,
)
from publisher.office.reporting.comment import (
    CommentPage,
    OwnPost,
    RoutingStep,
    Said,
    comment_page,
)
from publisher.office.reporting.counts import Counts, counts
from publisher.office.reporting.following import Next, NextKind
from publisher.office.reporting.inbox import (
    CommentRow,
    View,
    comments_in,
    view_counts,
    views_for,
)
from publisher.office.reporting.replies import ReplyState, ReplyView
from publisher.office.reporting.stages import Stage
from publisher.office.reporting.steps import Outlet, Step, StepKind
from publisher.office.reporting.submissions import (
    SubmissionRow,
    department_submissions,
    stage_counts,
)
from publisher.office.reporting.timeline import Timeline, post_timeline, timeline_of
from publisher.office.reporting.values import AccountName, Live, Office, Page, Place, Who
from publisher.office.reporting.waiting import waiting_for
from publisher.office.reporting.waits import DueKind, Waiting, WaitingKind

__all__ = [
    "AccountName",
    "BoardKind",
    "BoardRow",
    "CommentPage",
    "CommentRow",
    "Counts",
    "Day",
    "DueKind",
    "Entry",
    "Live",
    "Next",
    "NextKind",
    "Office",
    "Outlet",
    "OwnPost",
    "Page",
    "Place",
    "ReplyState",
    "ReplyView",
    "RoutingStep",
    "Said",
    "Stage",
    "Step",
    "StepKind",
    "SubmissionRow",
    "Timeline",
    "Unscheduled",
    "View",
    "Waiting",
    "WaitingKind",
    "Who",
    "comment_page",
    "comments_in",
    "counts",
    "decisions",
    "deliveries_by_day",
    "department_submissions",
    "post_timeline",
    "stage_counts",
    "timeline_of",
    "unscheduled",
    "view_counts",
    "views_for",
    "waiting_for",
]
