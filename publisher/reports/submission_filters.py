"""Which submissions somebody wants to see: view and filters, as an address and as conditions.

The order of the list of submissions, and what stands before or behind a place in it.
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
from publisher.reports.in_hand import held_by
from publisher.reports.progress import Stage
from publisher.reports.search_window import submission_holds
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import Place
from publisher.states import SubmissionState
from publisher.validation import departments_in_sight
from publisher.working_time import day_bounds, local_day

SOON = 14
"""How many days ahead "soon" reaches, today among them."""
LONGEST = 200
Member = TypeVar("Member", bound=StrEnum)


class SubmissionView(StrEnum):
    """A part of the list of submissions; the first is the one the page opens with."""

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
"""The views that part what is open, each by the work that is left."""


class Wished(StrEnum):
    """For when a submission wishes to be published."""

    TODAY = "today"
    SOON = "soon"
    LATER = "later"
    PASSED = "passed"
    NONE = "none"


class Holder(StrEnum):
    """Who has it; each but `me` is known from the work that is left."""

    ME = "me"
    NOBODY = "nobody"
    CELL = "cell"
    LEAD = "lead"
    DEPARTMENT = "department"
    CLOCK = "clock"


HOLDS: Mapping[Holder, tuple[Stage, ...]] = {
    Holder.NOBODY: (Stage.RECEIVED,),
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
    """View and filters of the list; what is None or empty does not narrow it.

    `since` and `until` are the days between which it was handed in, both included.
    """

    view: SubmissionView = SubmissionView.OPEN
    words: str = ""
    department_id: int | None = None
    kind: SubmissionKind | None = None
    wished: Wished | None = None
    holder: Holder | None = None
    since: date | None = None
    until: date | None = None

    @property
    def by_wish(self) -> bool:
        """Whether it is read by wished time; what is live, ended or everything is newest first."""
        newest_first = (SubmissionView.LIVE, SubmissionView.ENDED, SubmissionView.ALL)
        return self.view not in newest_first

    @property
    def is_of_few(self) -> bool:
        """Whether the list is gathered from what is under way or has ended, and not from all."""
        nearly_all = (SubmissionView.LIVE, SubmissionView.ALL)
        return self.view not in nearly_all or self.holder is not None

    @property
    def filters(self) -> dict[str, str]:
        """Every filter that narrows the list, by its name in an address."""
        given = {
            "q": self.words,
            "department": self.department_id,
            "kind": self.kind,
            "wished": self.wished,
            "holder": self.holder,
            "since": self.since,
            "until": self.until,
        }
        return {name: str(value) for name, value in given.items() if value}

    @property
    def query(self) -> str:
        """Everything as it stands in an address behind the `?`."""
        view = {} if self.view is SubmissionView.OPEN else {"view": self.view.value}
        return urlencode(view | self.filters)


def filter_from_query(given: Mapping[str, str]) -> SubmissionFilter:
    """View and filters out of an address; what cannot be read does not narrow the list."""
    return SubmissionFilter(
        view=_member(SubmissionView, given.get("view")) or SubmissionView.OPEN,
        words=given.get("q", "").strip()[:LONGEST],
        department_id=_key(given.get("department", "")),
        kind=_member(SubmissionKind, given.get("kind")),
        wished=_member(Wished, given.get("wished")),
        holder=_member(Holder, given.get("holder")),
        since=_day(given.get("since", "")),
        until=_day(given.get("until", "")),
    )


def _member(kind: type[Member], typed: str | None) -> Member | None:
    return next((one for one in kind if one.value == typed), None)


def _key(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None


def _day(typed: str) -> date | None:
    try:
        return parse_day(typed)
    except BadWhen:
        return None


def in_view(filters: SubmissionFilter, *, now: datetime) -> list[Condition]:
    """The conditions of the view alone."""
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
            return _left_is(LEFT[view], now)


def _left_is(left: tuple[Stage, ...], now: datetime) -> list[Condition]:
    """What is left is one of these; what a state alone tells is not asked of the rest."""
    states = [one for one in SubmissionState if one.value in left]
    if len(states) == len(left):
        return [Submission.state.in_(states)]
    return [open_work.stage_in(left, now=now)]


def where_clauses(
    filters: SubmissionFilter, *, actor: Actor, now: datetime, by_index: bool = True
) -> list[Condition]:
    """The conditions of the filters, and of the actor's sight; raises `WrongRole`."""
    sight = in_sight(actor, filters.department_id, by_index=by_index)
    found = [*sight, *submission_holds(filters.words)]
    if filters.kind is not None:
        found.append(Submission.kind == filters.kind)
    if filters.wished is not None:
        found.append(_wished(filters.wished, now))
    if filters.since is not None:
        found.append(Submission.received_at >= day_bounds(filters.since)[0])
    if filters.until is not None:
        found.append(Submission.received_at < day_bounds(filters.until)[1])
    if filters.holder is Holder.ME:
        found.append(held_by(actor, now=now))
    elif filters.holder is not None:
        found += _left_is(HOLDS[filters.holder], now)
    return found


def in_sight(
    actor: Actor, department_id: int | None = None, *, by_index: bool = True
) -> list[Condition]:
    """The submissions that the actor may see, of one department where it is given.

    Without `by_index` these few are not looked for among all of a department, nearly all of which
    is settled: a number that is reckoned with has no index.
    """
    seen = departments_in_sight(actor, Action.SEE_SUBMISSION)
    own = Submission.department_id if by_index else Submission.department_id + 0
    conditions: list[Condition] = []
    if seen is not None:
        conditions.append(own.in_(seen))
    if department_id is not None:
        conditions.append(own == department_id)
    return conditions


def _wished(wished: Wished, now: datetime) -> Condition:
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
"""Where what wishes no time stands among the others: behind all of them."""
Moment = InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime]


def order(
    filters: SubmissionFilter, *, backwards: bool
) -> tuple[UnaryExpression[Any], UnaryExpression[int]]:
    """The order of the list, or the other way round."""
    moment = _moment(filters)
    if filters.by_wish != backwards:
        return moment.asc().nulls_last(), Submission.id.asc()
    return moment.desc().nulls_first(), Submission.id.desc()


def _moment(filters: SubmissionFilter) -> Moment:
    return Submission.wished_at if filters.by_wish else Submission.received_at


def place(filters: SubmissionFilter, submission: Submission) -> Place:
    """Where the submission stands in that order."""
    return (
        submission.wished_at or NEVER
    ) if filters.by_wish else submission.received_at, submission.id


def behind(filters: SubmissionFilter, place: Place) -> Condition:
    """Comes after the place in the order of the list."""
    return _later(_moment(filters), place) if filters.by_wish else _earlier(_moment(filters), place)


def ahead(filters: SubmissionFilter, place: Place) -> Condition:
    """Comes before the place in the order of the list."""
    return _earlier(_moment(filters), place) if filters.by_wish else _later(_moment(filters), place)


def _later(moment: Moment, place: Place) -> Condition:
    at, last = place
    if at >= NEVER:
        return and_(moment.is_(None), Submission.id > last)
    return or_(moment > at, moment.is_(None), and_(moment == at, Submission.id > last))


def _earlier(moment: Moment, place: Place) -> Condition:
    at, last = place
    if at >= NEVER:
        return or_(moment.is_not(None), Submission.id < last)
    return or_(moment < at, and_(moment == at, Submission.id < last))
