"""What is known: what waits for whom, how far each thing is, and what became of it."""

from __future__ import annotations

from publisher.office.reporting.board import BoardKind, BoardRow, decisions
from publisher.office.reporting.braked import Braked, Frozen, braked
from publisher.office.reporting.calendar import (
    Day,
    Entry,
    Unscheduled,
    deliveries_by_day,
    movable,
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
from publisher.office.reporting.findings import (
    Finding,
    FindingKind,
    finding_for,
    findings_of,
    open_findings,
)
from publisher.office.reporting.following import Next, NextKind
from publisher.office.reporting.inbox import (
    CommentRow,
    View,
    comments_in,
    view_counts,
    views_for,
)
from publisher.office.reporting.month import (
    CalendarDay,
    Item,
    calendar_days,
    items_by_day,
    month_grid,
    next_month,
    previous_month,
)
from publisher.office.reporting.newest import SPAN
from publisher.office.reporting.noted import unseen_notes
from publisher.office.reporting.replies import ReplyState, ReplyView
from publisher.office.reporting.stages import Stage
from publisher.office.reporting.steps import Outlet, Step, StepKind
from publisher.office.reporting.submissions import (
    Listing,
    SubmissionRow,
    read_on,
    submission_counts,
    submission_total,
    submissions_in,
)
from publisher.office.reporting.timeline import Timeline, post_timeline, timeline_of
from publisher.office.reporting.troubles import StoppedAccount, Troubles, troubles
from publisher.office.reporting.values import AccountName, Live, Office, Page, Place, Who
from publisher.office.reporting.waiting import waiting_for
from publisher.office.reporting.waits import DueKind, Waiting, WaitingKind
from publisher.office.reporting.wanted import (
    Holder,
    SubmissionView,
    Wanted,
    Wished,
    wanted_from,
)
from publisher.office.reporting.weeks import Tally, Week, WeeklyReport, weekly_report

__all__ = [
    "SPAN",
    "AccountName",
    "BoardKind",
    "BoardRow",
    "Braked",
    "CalendarDay",
    "CommentPage",
    "CommentRow",
    "Counts",
    "Day",
    "DueKind",
    "Entry",
    "Finding",
    "FindingKind",
    "Frozen",
    "Holder",
    "Item",
    "Listing",
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
    "StoppedAccount",
    "SubmissionRow",
    "SubmissionView",
    "Tally",
    "Timeline",
    "Troubles",
    "Unscheduled",
    "View",
    "Waiting",
    "WaitingKind",
    "Wanted",
    "Week",
    "WeeklyReport",
    "Who",
    "Wished",
    "braked",
    "calendar_days",
    "comment_page",
    "comments_in",
    "counts",
    "decisions",
    "deliveries_by_day",
    "finding_for",
    "findings_of",
    "items_by_day",
    "month_grid",
    "movable",
    "next_month",
    "open_findings",
    "post_timeline",
    "previous_month",
    "read_on",
    "submission_counts",
    "submission_total",
    "submissions_in",
    "timeline_of",
    "troubles",
    "unscheduled",
    "unseen_notes",
    "view_counts",
    "views_for",
    "waiting_for",
    "wanted_from",
    "weekly_report",
]
