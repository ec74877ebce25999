"""View and filters of the list of submissions, as URL parameters and SQL conditions.

It also defines the order of the list and its cursors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from sqlalchemy import UnaryExpression, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from approvals.policy import Action, Actor
from publisher.i18n.date_parsing import BadWhen, parse_day
from publisher.models.submissions import Submission, SubmissionKind
from publisher.reports import open_work, progress
from publisher.reports.progress import Stage
from publisher.reports.search_window import submission_contains
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import Cursor
from publisher.validation import departments_in_sight
from publisher.working_time import day_bounds, local_day

SOON = 14
"""How many days "soon" covers, today included."""
LONGEST = 200
Member = TypeVar("Member", bound=StrEnum)


class SubmissionView(StrEnum):
    """A view of the list of submissions; the page opens with the first."""

    OPEN = "open"
    RECEIVED = "received"
    RETURNED = "returned"
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    TO_DECIDE = "to_decide"
    LIVE = "live"
    ENDED = "ended"
    ALL = "all"


LEFT: Mapping[SubmissionView, tuple[Stage, ...]] = {
    SubmissionView.RECEIVED: (Stage.RECEIVED,),
    SubmissionView.RETURNED: (Stage.RETURNED,),
    SubmissionView.DRAFT: (Stage.DRAFT, Stage.CHANGES_WANTED),
    SubmissionView.IN_REVIEW: (Stage.IN_REVIEW, Stage.BLOCKED),
    SubmissionView.APPROVED: (Stage.APPROVED,),
    SubmissionView.SCHEDULED: (Stage.SCHEDULED, Stage.SENDING),
    SubmissionView.TO_DECIDE: (Stage.HELD, Stage.FAILED, Stage.MISSED, Stage.UNCONFIRMED),
}
"""The open views, each with the stages of open work it shows."""


class Wished(StrEnum):
    """When a submission is to be published."""

    TODAY = "today"
    SOON = "soon"
    LATER = "later"
    PASSED = "passed"
    NONE = "none"


class Holder(StrEnum):
    """Who has to act next; all but `me` and `nobody` follow from the open work."""

    ME = "me"
    NOBODY = "nobody"
    CELL = "cell"
    LEAD = "lead"
    DEPARTMENT = "department"
    CLOCK = "clock"


HOLDS: Mapping[Holder, tuple[Stage, ...]] = {
    Holder.CELL: (
        Stage.RECEIVED,
        Stage.DRAFT,
        Stage.CHANGES_WANTED,
        Stage.APPROVED,
        Stage.FAILED,
        Stage.MISSED,
    ),
    Holder.LEAD: (Stage.BLOCKED, Stage.HELD),
    Holder.DEPARTMENT: (Stage.RETURNED, Stage.IN_REVIEW),
    Holder.CLOCK: (Stage.SCHEDULED, Stage.SENDING, Stage.UNCONFIRMED),
}


@dataclass(frozen=True)
class SubmissionFilter:
    """View and filters of the list; None or an empty value does not filter.

    `since` and `until` limit the day of receipt, both inclusive.
    """

    view: SubmissionView = SubmissionView.OPEN
    search_text: str = ""
    department_id: int | None = None
    kind: SubmissionKind | None = None
    wished: Wished | None = None
    holder: Holder | None = None
    since: date | None = None
    until: date | None = None

    @property
    def by_wish(self) -> bool:
        """The list is sorted by wished time; large views show the newest first."""
        newest_first = (SubmissionView.LIVE, SubmissionView.ENDED, SubmissionView.ALL)
        return self.view not in newest_first

    @property
    def is_of_few(self) -> bool:
        """The list covers few submissions: open or ended ones, or those of one holder."""
        nearly_all = (SubmissionView.LIVE, SubmissionView.ALL)
        return self.view not in nearly_all or self.holder is not None

    @property
    def filters(self) -> dict[str, str]:
        """Return the active filters by their URL parameter."""
        parameters = {
            "q": self.search_text,
            "department": self.department_id,
            "kind": self.kind,
            "wished": self.wished,
            "holder": self.holder,
            "since": self.since,
            "until": self.until,
        }
        return {name: str(value) for name, value in parameters.items() if value}

    @property
    def query(self) -> str:
        """Return view and filters as a URL query string."""
        view = {} if self.view is SubmissionView.OPEN else {"view": self.view.value}
        return urlencode(view | self.filters)


def filter_from_query(arguments: Mapping[str, str]) -> SubmissionFilter:
    """Return the view and filters of URL parameters; invalid values are ignored."""
    return SubmissionFilter(
        view=_member(SubmissionView, arguments.get("view")) or SubmissionView.OPEN,
        search_text=arguments.get("q", "").strip()[:LONGEST],
        department_id=_key(arguments.get("department", "")),
        kind=_member(SubmissionKind, arguments.get("kind")),
        wished=_member(Wished, arguments.get("wished")),
        holder=_member(Holder, arguments.get("holder")),
        since=_day(arguments.get("since", "")),
        until=_day(arguments.get("until", "")),
    )


def _member(kind: type[Member], text: str | None) -> Member | None:
    return next((member for member in kind if member.value == text), None)


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _day(text: str) -> date | None:
    try:
        return parse_day(text)
    except BadWhen:
        return None


def view_conditions(filters: SubmissionFilter) -> list[Condition]:
    """Return the conditions of the view alone."""
    match filters.view:
        case SubmissionView.OPEN:
            return [open_work.is_open()]
        case SubmissionView.LIVE:
            return [progress.is_live()]
        case SubmissionView.ENDED:
            return [open_work.is_ended()]
        case SubmissionView.ALL:
            return []
        case view:
            return [open_work.is_at_stage(LEFT[view])]


def filter_conditions(
    filters: SubmissionFilter, *, actor: Actor, now: datetime, by_index: bool = True
) -> list[Condition]:
    """Return the conditions of the filters and of visibility; raises `WrongRole`."""
    sight = sight_conditions(actor, filters.department_id, by_index=by_index)
    conditions = [*sight, *submission_contains(filters.search_text)]
    if filters.kind is not None:
        conditions.append(Submission.kind == filters.kind)
    if filters.wished is not None:
        conditions.append(_wish_condition(filters.wished, now))
    if filters.since is not None:
        conditions.append(Submission.received_at >= day_bounds(filters.since)[0])
    if filters.until is not None:
        conditions.append(Submission.received_at < day_bounds(filters.until)[1])
    if filters.holder is not None:
        conditions += _holder_conditions(filters.holder, actor)
    return conditions


def _holder_conditions(holder: Holder, actor: Actor) -> list[Condition]:
    """Return the conditions that this holder has to act next."""
    if holder is Holder.ME:
        # What a clerk has taken is the clerk's own while it waits for the cell.
        is_taken = Submission.taken_by_id == actor.person_id
        own_work = and_(is_taken, open_work.is_at_stage(HOLDS[Holder.CELL]))
        return [or_(open_work.is_held_personally(actor), own_work)]
    if holder is Holder.NOBODY:
        return [Submission.taken_by_id.is_(None), open_work.is_at_stage(HOLDS[Holder.CELL])]
    return [open_work.is_at_stage(HOLDS[holder])]


def sight_conditions(
    actor: Actor, department_id: int | None = None, *, by_index: bool = True
) -> list[Condition]:
    """Return the conditions for visible submissions, of one department if it is set."""
    # Without `by_index`, `department_id + 0` keeps the planner from reading a whole department,
    # nearly all of which is settled.
    visible_departments = departments_in_sight(actor, Action.SEE_SUBMISSION)
    department_column = Submission.department_id if by_index else Submission.department_id + 0
    conditions: list[Condition] = []
    if visible_departments is not None:
        conditions.append(department_column.in_(visible_departments))
    if department_id is not None:
        conditions.append(department_column == department_id)
    return conditions


def _wish_condition(wished: Wished, now: datetime) -> Condition:
    today, tomorrow = day_bounds(local_day(now))
    after = today + timedelta(days=SOON)
    at = Submission.wished_at
    match wished:
        case Wished.TODAY:
            return (at >= today) & (at < tomorrow)
        case Wished.SOON:
            return (at >= today) & (at < after)
        case Wished.LATER:
            return at >= after
        case Wished.PASSED:
            return at < now
        case Wished.NONE:
            return at.is_(None)


NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The sort value of submissions without a wished time, after all others."""
Moment = InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime]


def order(
    filters: SubmissionFilter, *, backwards: bool
) -> tuple[UnaryExpression[Any], UnaryExpression[int]]:
    """Return the order of the list, or the reverse."""
    moment = _moment(filters)
    if filters.by_wish != backwards:
        return moment.asc().nulls_last(), Submission.id.asc()
    return moment.desc().nulls_first(), Submission.id.desc()


def _moment(filters: SubmissionFilter) -> Moment:
    return Submission.wished_at if filters.by_wish else Submission.received_at


def cursor_of(filters: SubmissionFilter, submission: Submission) -> Cursor:
    """Return the submission's position in the order of the list."""
    return (
        submission.wished_at or NEVER
    ) if filters.by_wish else submission.received_at, submission.id


def is_past_cursor(filters: SubmissionFilter, cursor: Cursor) -> Condition:
    """The row comes after the cursor in the order of the list."""
    return (
        _later(_moment(filters), cursor) if filters.by_wish else _earlier(_moment(filters), cursor)
    )


def ahead(filters: SubmissionFilter, cursor: Cursor) -> Condition:
    """The row comes before the cursor in the order of the list."""
    return (
        _earlier(_moment(filters), cursor) if filters.by_wish else _later(_moment(filters), cursor)
    )


def _later(moment: Moment, cursor: Cursor) -> Condition:
    at, last = cursor
    if at >= NEVER:
        return and_(moment.is_(None), Submission.id > last)
    return or_(moment > at, moment.is_(None), and_(moment == at, Submission.id > last))


def _earlier(moment: Moment, cursor: Cursor) -> Condition:
    at, last = cursor
    if at >= NEVER:
        return or_(moment.is_not(None), Submission.id < last)
    return or_(moment < at, and_(moment == at, Submission.id < last))
