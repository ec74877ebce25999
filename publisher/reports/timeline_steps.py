"""Conversion of history events into the steps of a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from approvals.approvers import HeadGround
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.history import Event
from publisher.models.posts import Decision, Language, PostKind
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission
from publisher.notifications import links
from publisher.reports.types import MACHINE, AccountName, Who, account_of, cause_of
from publisher.states import DeliveryState

TOGETHER = timedelta(minutes=10)
"""Within this span the same action on several accounts is shown as one step."""


class StepKind(StrEnum):
    """The kind of a step; each has its own sentence on the page."""

    RECEIVED = "received"
    SUBMISSION_RETURNED = "submission_returned"
    COMPLETED = "completed"
    CHANGED = "changed"
    NOTED = "noted"
    NOTE_SEEN = "note_seen"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    TOOK_IN = "took_in"
    ORIGINAL_ENDED = "original_ended"
    DECLINED = "declined"
    MERGED = "merged"
    SUBMISSION_WITHDRAWN = "submission_withdrawn"
    DECLINE_UNDONE = "decline_undone"
    MERGE_UNDONE = "merge_undone"
    TAKEN_OUT = "taken_out"  #: A merger into it was undone.
    ORIGINAL_REOPENED = "original_reopened"
    DRAFTED = "drafted"
    PULLED_OUT = "pulled_out"
    PUT_BACK = "put_back"
    REVISED = "revised"
    SENT_FOR_REVIEW = "sent_for_review"
    BLOCKED = "blocked"
    HEAD_STANDS_IN = "head_stands_in"  #: No officer could act at that time.
    HEAD_MAY_DECIDE = "head_may_decide"  #: No officer had decided in time.
    REMINDED = "reminded"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    POST_WITHDRAWN = "post_withdrawn"
    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    CANCEL_UNDONE = "cancel_undone"
    PUBLISHED = "published"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    SENT_AGAIN = "sent_again"
    MISSED = "missed"
    FAILED = "failed"
    CORRECTED = "corrected"
    EDITED = "edited"
    DELETION_ORDERED = "deletion_ordered"
    DELETED = "deleted"
    ORDER_NOT_DONE = "order_not_done"
    ORDER_UNCLEAR = "order_unclear"
    FOUND_GONE = "found_gone"
    FOUND_CHANGED = "found_changed"
    SAME_AGAIN = "same_again"
    FINDING_NOTED = "finding_noted"
    PUBLISHED_IN_EMERGENCY = "published_in_emergency"
    RATIFIED = "ratified"
    NOT_RATIFIED = "not_ratified"
    COMMENTED = "commented"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Outlet:
    """An account and a language; `url` is set once the text is live there."""

    account: AccountName
    language: Language
    url: str = ""


@dataclass(frozen=True)
class TimelineStep:
    """A step of the timeline; fields that its kind does not use stay empty.

    `statement` is a person's reason or a citizen's comment, `code` the system's reason. `due_at` is
    the scheduled time. `count` is the number of comments, or of files handed in; `took` is the time
    until the reply. `fields` are those that the department changed. `number` is that of the other
    submission of a merger (with its `path`, if one department reads both) or of the one withdrawn.
    `warned` are the warnings open when it was sent; `credential` and `picture_view` as `Decision`.
    """

    kind: StepKind
    at: datetime
    by: Who = MACHINE
    post_id: int | None = None
    revision: int | None = None
    statement: str = ""
    code: str = ""
    due_at: datetime | None = None
    outlets: tuple[Outlet, ...] = ()
    count: int = 0
    took: timedelta | None = None
    fields: tuple[str, ...] = ()
    number: str = ""
    path: str = ""
    warned: tuple[str, ...] = ()
    credential: str = ""
    picture_view: str = ""


_LIVE_KINDS = (StepKind.PUBLISHED, StepKind.CORRECTED, StepKind.EDITED)
_KINDS: Mapping[tuple[str, str], StepKind] = {
    ("posts", "publish_emergency"): StepKind.PUBLISHED_IN_EMERGENCY,
    ("posts", "ratify"): StepKind.RATIFIED,
    ("posts", "refuse_to_ratify"): StepKind.NOT_RATIFIED,
    ("submissions", "hand_in"): StepKind.RECEIVED,
    ("submissions", "return_submission"): StepKind.SUBMISSION_RETURNED,
    ("submissions", "complete_submission"): StepKind.COMPLETED,
    ("submissions", "change_submission"): StepKind.CHANGED,
    ("submissions", "add_note"): StepKind.NOTED,
    ("submissions", "see_note"): StepKind.NOTE_SEEN,
    ("submissions", "take"): StepKind.TAKEN,
    ("submissions", "give_back"): StepKind.GIVEN_BACK,
    ("submissions", "take_in"): StepKind.TOOK_IN,
    ("submissions", "original_ended"): StepKind.ORIGINAL_ENDED,
    ("submissions", "decline_submission"): StepKind.DECLINED,
    ("submissions", "merge_submission"): StepKind.MERGED,
    ("submissions", "withdraw_submission"): StepKind.SUBMISSION_WITHDRAWN,
    ("submissions", "undo_decline"): StepKind.DECLINE_UNDONE,
    ("submissions", "undo_merge"): StepKind.MERGE_UNDONE,
    ("submissions", "take_out"): StepKind.TAKEN_OUT,
    ("submissions", "original_reopened"): StepKind.ORIGINAL_REOPENED,
    ("posts", "draft"): StepKind.DRAFTED,
    ("posts", "withdraw_submission"): StepKind.PULLED_OUT,
    ("posts", "send_for_review"): StepKind.SENT_FOR_REVIEW,
    ("posts", "blocked"): StepKind.BLOCKED,
    ("posts", "head_may_decide"): StepKind.HEAD_MAY_DECIDE,
    ("posts", "remind_review"): StepKind.REMINDED,
    ("posts", "approve"): StepKind.APPROVED,
    ("posts", "return"): StepKind.RETURNED,
    ("posts", "reject"): StepKind.REJECTED,
    ("posts", "withdraw_approval"): StepKind.APPROVAL_WITHDRAWN,
    ("posts", "withdraw_post"): StepKind.POST_WITHDRAWN,
    ("deliveries", "schedule"): StepKind.SCHEDULED,
    ("deliveries", "reschedule"): StepKind.RESCHEDULED,
    ("deliveries", "undo_cancel"): StepKind.CANCEL_UNDONE,
    ("deliveries", "send_again"): StepKind.SENT_AGAIN,
    ("deliveries", "found_gone"): StepKind.FOUND_GONE,
    ("deliveries", "found_changed"): StepKind.FOUND_CHANGED,
    ("deliveries", "same_again"): StepKind.SAME_AGAIN,
    ("deliveries", "note_finding"): StepKind.FINDING_NOTED,
}
TEXT_STEPS: Mapping[str, StepKind] = {
    DeliveryState.PUBLISHED: StepKind.PUBLISHED,
    DeliveryState.UNCONFIRMED: StepKind.UNCONFIRMED,
    DeliveryState.HELD: StepKind.HELD,
    DeliveryState.MISSED: StepKind.MISSED,
    DeliveryState.FAILED: StepKind.FAILED,
    DeliveryState.CANCELLED: StepKind.CANCELLED,
}
"""The step of a text that came into this state; other states are internal."""
DELETION_STEPS: Mapping[str, StepKind] = {
    DeliveryState.PUBLISHED: StepKind.DELETED,
    DeliveryState.UNCONFIRMED: StepKind.ORDER_UNCLEAR,
    DeliveryState.HELD: StepKind.ORDER_UNCLEAR,
    DeliveryState.MISSED: StepKind.ORDER_NOT_DONE,
    DeliveryState.FAILED: StepKind.ORDER_NOT_DONE,
    DeliveryState.CANCELLED: StepKind.ORDER_NOT_DONE,
}
"""The step of a deletion that came into this state."""
_BACK_TO_DRAFT: Mapping[str, StepKind] = {
    "save": StepKind.REVISED,
    "merge_department": StepKind.PUT_BACK,
}
"""The verbs that put a post back to draft."""


@dataclass(frozen=True)
class Background:
    """The rows that the history refers to, by id; `decisions` by the id of their event."""

    deliveries: Mapping[int, Delivery]
    decisions: Mapping[int, Decision]
    submission: Submission | None = None
    files: int = 0
    notes: Mapping[int, SubmissionNote] = field(default_factory=dict)
    undone: frozenset[int] = frozenset()  # events whose reason no longer applies


def steps_of(events: Iterable[Event], rows: Background) -> list[TimelineStep]:
    """Return the steps that matter to the department, oldest first.

    Internal events such as claims, leases and attempts without effect are left out. The same action
    on several accounts within `TOGETHER` becomes one step, unless the post had another in between.
    """
    steps: list[TimelineStep] = []
    last: dict[int | None, tuple[object, int]] = {}  # by post: the last step's key and position
    for event in events:
        if (kind := _kind(event, rows)) is None:
            continue
        step = _step(kind, event, rows)
        key = (kind, step.due_at, step.code, step.by, step.revision)
        last_key, position = last.get(step.post_id, (None, -1))
        if step.outlets and key == last_key and step.at - steps[position].at <= TOGETHER:
            first = steps[position]
            steps[position] = replace(first, outlets=first.outlets + step.outlets)
            continue
        last[step.post_id] = key, len(steps)
        steps.append(step)
    return steps


def _kind(event: Event, rows: Background) -> StepKind | None:
    delivery = rows.deliveries.get(event.subject_id) if event.subject == "deliveries" else None
    if delivery is not None and delivery.action not in OF_TEXTS:
        if delivery.action is not DeliveryAction.DELETE:
            return None
        if event.verb == "order":
            return StepKind.DELETION_ORDERED
        return DELETION_STEPS.get(event.state_after or "")
    kind = _KINDS.get((event.subject, event.verb))
    if kind is StepKind.HEAD_MAY_DECIDE and event.details.get("why") == HeadGround.NO_OFFICER:
        return StepKind.HEAD_STANDS_IN
    if kind is not None:
        return kind
    if delivery is not None:
        if event.state_after == DeliveryState.PUBLISHED and delivery.post.kind is PostKind.POST:
            if delivery.action is DeliveryAction.EDIT:
                return StepKind.EDITED
            if delivery.variant.target:
                return StepKind.CORRECTED
        return TEXT_STEPS.get(event.state_after or "")
    went_back = event.subject == "posts" and event.state_before is not None
    return _BACK_TO_DRAFT.get(event.verb) if went_back else None


def _step(kind: StepKind, event: Event, rows: Background) -> TimelineStep:
    step = TimelineStep(kind, event.at, cause_of(event))
    if event.subject == "submissions":
        return _submission_step(step, event, rows)
    if event.subject == "posts":
        details, decision = event.details, rows.decisions.get(event.id)
        return replace(
            step,
            post_id=event.subject_id,
            revision=details.get("revision"),
            statement=decision.reason if decision else "",
            code=str(details.get("why", "")),
            number=str(details["number"]) if step.kind is StepKind.PULLED_OUT else "",
            warned=tuple(dict.fromkeys(warning["code"] for warning in details.get("warnings", ()))),
            credential=decision.credential if decision else "",
            picture_view=(decision.picture_view or "") if decision else "",
        )
    return _delivery_step(step, event, rows)


def _submission_step(step: TimelineStep, event: Event, rows: Background) -> TimelineStep:
    if step.kind is StepKind.RECEIVED:
        code = "at_desk" if event.details.get("at_desk") else ""
        return replace(step, count=rows.files, code=code)
    if step.kind is StepKind.CHANGED:
        return replace(step, fields=tuple(event.details.get("fields", ())))
    if step.kind in (StepKind.NOTE_SEEN, StepKind.DECLINE_UNDONE, StepKind.MERGE_UNDONE):
        return step
    if step.kind in (StepKind.TOOK_IN, StepKind.TAKEN_OUT):
        return _linked_step(step, event, "number", "id")
    if step.kind in (StepKind.ORIGINAL_ENDED, StepKind.ORIGINAL_REOPENED):
        return _linked_step(step, event, "into", "into_id")
    if step.kind is StepKind.MERGED:
        step = _linked_step(step, event, "into", "into_id")
    return replace(step, statement="" if event.id in rows.undone else _words(event, rows))


def _words(event: Event, rows: Background) -> str:
    """Return the text of the note, or the reason why the submission ended."""
    if note := rows.notes.get(event.details.get("note", 0)):
        return note.text
    return rows.submission.reason if rows.submission else ""


def _linked_step(step: TimelineStep, event: Event, number: str, key: str) -> TimelineStep:
    path = links.submission(event.details[key]) if event.details.get("same") else ""
    return replace(step, number=str(event.details[number]), path=path)


def _delivery_step(step: TimelineStep, event: Event, rows: Background) -> TimelineStep:
    delivery, details = rows.deliveries[event.subject_id], event.details
    url = delivery.receipt.url if delivery.receipt and step.kind in _LIVE_KINDS else ""
    missed = "late" if step.kind is StepKind.MISSED else ""
    return replace(
        step,
        post_id=delivery.post_id,
        outlets=(Outlet(account_of(delivery.account), delivery.variant.language, url),),
        due_at=datetime.fromisoformat(due_at) if (due_at := details.get("due_at")) else None,
        code=str(details.get("code") or details.get("why") or missed),
        statement=_step_reason(step, delivery, details),
    )


def _step_reason(step: TimelineStep, delivery: Delivery, details: Mapping[str, object]) -> str:
    """Return the order's reason, the text found on the platform, or a person's note."""
    if step.kind is StepKind.DELETION_ORDERED and delivery.order is not None:
        return delivery.order.reason
    return str(details.get("seen") or details.get("note") or "")
