"""Labels of to-do items, timeline steps, next steps, inbox views and states of replies."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.reports.inbox_list import InboxView
from publisher.reports.next_step import NextKind
from publisher.reports.replies import ReplyState
from publisher.reports.timeline_steps import StepKind
from publisher.tasks.specs import DueKind, TaskKind
from web.core.i18n import N_

WAITING: Mapping[TaskKind, tuple[str, str, str]] = {
    TaskKind.SUBMISSION: (N_("Submission received"), "inbox", N_("See and make a draft")),
    TaskKind.SUBMISSION_RETURNED: (
        N_("Information is missing"),
        "arrow-return-left",
        N_("See and complete"),
    ),
    TaskKind.NOTE: (N_("Note from the department"), "pencil", N_("See and take note")),
    TaskKind.POST_RETURNED: (
        N_("Returned for changes"),
        "arrow-return-left",
        N_("See and change"),
    ),
    TaskKind.DRAFT: (N_("Draft, not sent yet"), "pencil", N_("Continue with the draft")),
    TaskKind.TO_SCHEDULE: (N_("Approved, without a time"), "calendar-plus", N_("Set the time")),
    TaskKind.OUTLIVED: (
        N_("The window of publication is over"),
        "hourglass-split",
        N_("Check and decide"),
    ),
    TaskKind.BLOCKED: (N_("Nobody can approve"), "person-x", N_("See what is missing")),
    TaskKind.TO_APPROVE: (
        N_("Your approval is wanted"),
        "person-check",
        N_("Check and decide"),
    ),
    TaskKind.ANSWER_TO_APPROVE: (
        N_("An answer waits for your approval"),
        "person-check",
        N_("Check and decide"),
    ),
    TaskKind.COMMENT_UNROUTED: (
        N_("Citizen’s comment without a department"),
        "signpost-split",
        N_("Find the department"),
    ),
    TaskKind.COMMENT: (N_("Citizen’s comment"), "chat-square-text", N_("Answer")),
    TaskKind.ANSWER_FAILED: (
        N_("Your answer was not published"),
        "x-octagon",
        N_("See and answer again"),
    ),
    TaskKind.DELIVERY_HELD: (
        N_("On hold: was it published?"),
        "question-octagon",
        N_("Check and decide"),
    ),
    TaskKind.DELIVERY_MISSED: (N_("Missed its time"), "clock-history", N_("Check and decide")),
    TaskKind.DELIVERY_FAILED: (
        N_("Could not be published"),
        "x-octagon",
        N_("Check and decide"),
    ),
    TaskKind.ACCOUNT_PAUSED: (
        N_("An account has stopped"),
        "pause-circle",
        N_("See the accounts"),
    ),
    TaskKind.CREDITS_USED_UP: (
        N_("The platform’s credits are used up"),
        "pause-circle",
        N_("See the accounts"),
    ),
    TaskKind.FOUND_GONE: (
        N_("Found deleted by another person"),
        "trash",
        N_("Check and decide"),
    ),
    TaskKind.FOUND_CHANGED: (
        N_("Found changed by another person"),
        "pencil",
        N_("Check and decide"),
    ),
    TaskKind.MERGER_DUE: (
        N_("A department’s merger is held up"),
        "intersect",
        N_("See what must be settled first"),
    ),
    TaskKind.CLOSING_DUE: (
        N_("A department’s closing is held up"),
        "archive",
        N_("See what must be settled first"),
    ),
    TaskKind.TRANSFERS_UNCONFIRMED: (
        N_("Transfers were not confirmed by their day"),
        "person-x",
        N_("See the list"),
    ),
    TaskKind.TRANSFERS_HINDERED: (
        N_("Transfers could not take effect"),
        "person-x",
        N_("See what prevents it"),
    ),
}
"""By kind: label, icon, and text of the link."""

DUE: Mapping[DueKind, str] = {
    DueKind.WISHED: N_("Requested publishing time"),
    DueKind.USEFUL_UNTIL: N_("Useful until"),
    DueKind.ANSWER_BY: N_("Deadline"),
    DueKind.ASSIGN_BY: N_("To be assigned by"),
    DueKind.PLANNED: N_("Was to be published"),
    DueKind.IN_FORCE: N_("In force from"),
}

STEPS: Mapping[StepKind, tuple[str, str, str]] = {
    StepKind.RECEIVED: (N_("Received"), "submission", "received"),
    StepKind.SUBMISSION_RETURNED: (N_("Returned to be completed"), "submission", "returned"),
    StepKind.COMPLETED: (N_("The department answered"), "submission", "received"),
    StepKind.CHANGED: (N_("The department changed it"), "submission", "received"),
    StepKind.NOTED: (N_("Note from the department"), "submission", "returned"),
    StepKind.NOTE_SEEN: (N_("The Cell has seen the note"), "submission", "received"),
    StepKind.TAKEN: (N_("Taken up by the Cell"), "submission", "drafted"),
    StepKind.GIVEN_BACK: (N_("Given back to the Cell"), "submission", "received"),
    StepKind.TOOK_IN: (N_("A duplicate was merged into it"), "submission", "merged"),
    StepKind.ORIGINAL_ENDED: (
        N_("The submission that it was merged into has ended"),
        "submission",
        "declined",
    ),
    StepKind.DECLINED: (N_("Declined"), "submission", "declined"),
    StepKind.MERGED: (N_("Merged into another submission"), "submission", "merged"),
    StepKind.SUBMISSION_WITHDRAWN: (N_("Submission withdrawn"), "submission", "withdrawn"),
    StepKind.DECLINE_UNDONE: (N_("Declining it was undone"), "submission", "received"),
    StepKind.MERGE_UNDONE: (N_("Merging it was undone"), "submission", "received"),
    StepKind.TAKEN_OUT: (N_("The merger of a duplicate was undone"), "submission", "received"),
    StepKind.ORIGINAL_REOPENED: (
        N_("The submission that it is handled under is open again"),
        "submission",
        "received",
    ),
    StepKind.DRAFTED: (N_("Draft started"), "submission", "drafted"),
    StepKind.PULLED_OUT: (N_("A submission was withdrawn from the post"), "post", "returned"),
    StepKind.PUT_BACK: (
        N_("Draft again: its department was merged into another one"),
        "post",
        "draft",
    ),
    StepKind.REVISED: (N_("New revision saved"), "post", "draft"),
    StepKind.SENT_FOR_REVIEW: (N_("Sent for review"), "post", "in_review"),
    StepKind.BLOCKED: (N_("Nobody can approve"), "post", "blocked"),
    StepKind.HEAD_STANDS_IN: (
        N_("No officer could decide at that time: the head was asked"),
        "post",
        "in_review",
    ),
    StepKind.HEAD_MAY_DECIDE: (
        N_("No officer had decided by then: the head may decide too"),
        "post",
        "in_review",
    ),
    StepKind.REMINDED: (N_("The approvers were reminded"), "post", "in_review"),
    StepKind.APPROVED: (N_("Approved"), "post", "approved"),
    StepKind.PUBLISHED_IN_EMERGENCY: (N_("Emergency publication"), "emergency", "owed"),
    StepKind.RATIFIED: (N_("Approved after publishing"), "emergency", "ratified"),
    StepKind.NOT_RATIFIED: (N_("Approval refused"), "emergency", "refused"),
    StepKind.RETURNED: (N_("Returned for changes"), "post", "returned"),
    StepKind.REJECTED: (N_("Rejected"), "post", "rejected"),
    StepKind.APPROVAL_WITHDRAWN: (N_("Approval withdrawn"), "post", "in_review"),
    StepKind.POST_WITHDRAWN: (N_("Withdrawn"), "post", "withdrawn"),
    StepKind.SCHEDULED: (N_("Scheduled"), "delivery", "scheduled"),
    StepKind.RESCHEDULED: (N_("Time changed"), "delivery", "scheduled"),
    StepKind.CANCELLED: (N_("Cancelled"), "delivery", "cancelled"),
    StepKind.CANCEL_UNDONE: (N_("Cancelling was undone"), "delivery", "scheduled"),
    StepKind.PUBLISHED: (N_("Published"), "delivery", "published"),
    StepKind.UNCONFIRMED: (N_("Publication unconfirmed"), "delivery", "unconfirmed"),
    StepKind.HELD: (N_("On hold for a decision"), "delivery", "held"),
    StepKind.SENT_AGAIN: (N_("Sent again"), "delivery", "scheduled"),
    StepKind.MISSED: (N_("Missed its time"), "delivery", "missed"),
    StepKind.FAILED: (N_("Could not be published"), "delivery", "failed"),
    StepKind.CORRECTED: (N_("Correction published"), "delivery", "published"),
    StepKind.EDITED: (N_("Changed on the platform by correction"), "delivery", "published"),
    StepKind.DELETION_ORDERED: (N_("The deletion was ordered"), "order", "scheduled"),
    StepKind.DELETED: (N_("Deleted on the platform"), "comment", "deleted"),
    StepKind.ORDER_NOT_DONE: (N_("Order not carried out"), "order", "failed"),
    StepKind.ORDER_UNCLEAR: (N_("Order unconfirmed"), "order", "unconfirmed"),
    StepKind.FOUND_GONE: (N_("Found deleted by another person"), "order", "failed"),
    StepKind.FOUND_CHANGED: (N_("Found changed by another person"), "order", "failed"),
    StepKind.SAME_AGAIN: (N_("Found again as it was published"), "delivery", "published"),
    StepKind.FINDING_NOTED: (N_("Seen and noted"), "submission", "received"),
    StepKind.COMMENTED: (N_("Citizens commented"), "comment", "routed"),
    StepKind.ANSWERED: (N_("Answered"), "comment", "answered"),
}
"""By kind: label, and the subject and state whose icon is shown."""

NEXT: Mapping[NextKind, str] = {
    NextKind.DRAFT: N_("The Cell makes a draft"),
    NextKind.COMPLETE: N_("The department completes it"),
    NextKind.CHANGE: N_("The Cell changes the text"),
    NextKind.SEND_FOR_REVIEW: N_("The Cell sends it for review"),
    NextKind.APPROVE: N_("The department decides"),
    NextKind.NAME_SOMEBODY: N_("A person who can approve must be named"),
    NextKind.SCHEDULE: N_("The Cell sets the time"),
    NextKind.PUBLISH: N_("The system publishes the post"),
    NextKind.CONFIRM: N_("The system searches for it on the platform"),
    NextKind.SETTLE_HELD: N_("Someone checks whether it was published"),
    NextKind.RESCHEDULE: N_("Someone must set a new time or end it"),
    NextKind.ANSWER: N_("A citizen’s comment is answered"),
    NextKind.ASSIGN: N_("The Cell finds the department for a comment"),
    NextKind.TAKE_BACK: N_("To be deleted on the platform"),
    NextKind.ORDER_AGAIN: N_("The deletion must be ordered again, or done by hand"),
}


VIEWS: Mapping[InboxView, str] = {
    InboxView.MINE: N_("With you"),
    InboxView.DEPARTMENT: N_("With the department"),
    InboxView.QUEUE: N_("To be assigned"),
    InboxView.ANSWERED: N_("Answered"),
    InboxView.CLOSED: N_("Closed"),
}

REPLIES: Mapping[ReplyState, tuple[str, str]] = {
    ReplyState.WAITS_FOR_OFFICER: (N_("Waits for the officer’s approval"), "amber"),
    ReplyState.ON_ITS_WAY: (N_("Being published"), "teal"),
    ReplyState.UNCONFIRMED: (N_("Publication unconfirmed"), "plum"),
    ReplyState.HELD: (N_("On hold for a decision"), "plum"),
    ReplyState.LIVE: (N_("Published"), "green"),
    ReplyState.FAILED: (N_("Could not be published"), "red"),
    ReplyState.MISSED: (N_("Missed its time"), "red"),
    ReplyState.RETURNED: (N_("Returned for changes"), "amber"),
    ReplyState.REJECTED: (N_("Rejected"), "red"),
    ReplyState.TAKEN_BACK: (N_("Withdrawn"), "grey"),
}
"""By state of a reply: label and tone."""
