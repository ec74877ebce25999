"""The list of submissions: how far each is, who has it since when, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import case, false, func, literal, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Actor
from publisher.models.submissions import Priority, Submission, SubmissionKind
from publisher.notifications import links
from publisher.reports import open_work, progress
from publisher.reports.next_step import Next, next_for_submission
from publisher.reports.officer_coverage import Roster, asked_by, roster_of
from publisher.reports.post_bundles import PostBundle, bundles_by_submission
from publisher.reports.progress import Stage
from publisher.reports.search_window import SPAN, Newest, newest_of
from publisher.reports.sql_conditions import Condition
from publisher.reports.submission_filters import (
    LEFT,
    NEVER,
    SubmissionFilter,
    SubmissionView,
    ahead,
    behind,
    in_view,
    order,
    place,
    where_clauses,
)
from publisher.reports.types import Live, Office, Page, Place, Who, office_of, who_acted, with_names
from publisher.states import DeliveryState

__all__ = [
    "NEVER",
    "Listing",
    "SubmissionRow",
    "read_on",
    "submission_counts",
    "submission_total",
    "submissions_in",
]
Found = Sequence[tuple[Submission, str, str | None, int]]
"""Rows with stage and what is left, and how many there are in all, where that was counted."""


@dataclass(frozen=True)
class SubmissionRow:
    """One submission as its department sees it; `next` is None where nothing follows.

    `left` is what still needs work, and differs from `stage` where a part is live already.
    `leaves_on` are the platforms on which something is scheduled or on its way.
    """

    submission_id: int
    number: str
    title: str
    kind: SubmissionKind
    department: Office
    stage: Stage
    left: Stage | None
    received_at: datetime
    wished_at: datetime | None
    handed_in_by: Who
    next: Next | None
    lives: tuple[Live, ...]
    comments: int
    unanswered: int
    path: str
    reason: str
    outward_number: str = ""
    leaves_on: tuple[str, ...] = ()
    is_urgent: bool = False


@dataclass(frozen=True)
class Listing:
    """A page of the list: its rows, the place of the first among all, and where to read on.

    `following` is given as `after`, `preceding` as `before`; each is None where the list ends.
    `older`, where words were looked for among the newest alone, is given as `back`.
    """

    rows: tuple[SubmissionRow, ...]
    first: int
    total: int
    preceding: Place | None
    following: Place | None
    older: Place | None = None


def submissions_in(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    filters: SubmissionFilter,
    after: Place | None = None,
    before: Place | None = None,
    back: Place | None = None,
    limit: int = 25,
    total: int | None = None,
    span: int = SPAN,
) -> Listing:
    """A page of the submissions in the actor's sight, in a number of queries that never grows.

    By wished time, the earliest first and those without one last; what is live, ended, or
    everything the newest first, and there words are looked for among the newest `span` alone, or
    the newest before `back`. `total` where it is known already. Raises `WrongRole`.
    """
    newest = _looked_through(session, filters, actor, now, back, span)
    narrow = [*_narrowed(filters, actor, now), *newest.holds(filters.words)]
    conditions = [*narrow, *in_view(filters, now=now)]
    bounds = [ahead(filters, before)] if before else [behind(filters, after)] if after else []
    counts = total is None and not bounds and not _is_reckoned(filters)
    found = _read(
        session,
        [*conditions, *bounds],
        filters,
        now,
        limit=limit,
        backwards=before is not None,
        counts=counts,
    )
    places = [place(filters, one) for one, *_ in found]
    start = places[0] if places and bounds else None
    first, everything = 0, total or (found[0][3] if found else 0)
    if start is not None or (total is None and not counts):
        first, everything = _counted(session, narrow, filters, now, start)
    return Listing(
        rows=_rows(session, found, now),
        first=first + 1 if found else 0,
        total=everything,
        preceding=places[0] if first else None,
        following=places[-1] if places and first + len(found) < everything else None,
        older=newest.begins,
    )


def _narrowed(filters: SubmissionFilter, actor: Actor, now: datetime) -> list[Condition]:
    return where_clauses(filters, actor=actor, now=now, by_index=not filters.is_of_few)


def _is_reckoned(filters: SubmissionFilter) -> bool:
    """Whether the list is counted by itself: much of it has to be read for that, or little."""
    return filters.view in (SubmissionView.LIVE, SubmissionView.ALL) and not filters.words


def _looked_through(
    session: Session,
    filters: SubmissionFilter,
    actor: Actor,
    now: datetime,
    back: Place | None,
    span: int,
) -> Newest:
    """Where words are looked for; what is open is never so much, and looked through as a whole."""
    if not filters.words or filters.by_wish:
        return Newest()
    sight = replace(filters, words="", kind=None, wished=None, holder=None)
    return newest_of(session, where_clauses(sight, actor=actor, now=now), back, span=span)


def read_on(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    filters: SubmissionFilter,
    after: Place | None = None,
    limit: int = 500,
) -> Page[SubmissionRow]:
    """The next so many rows of the list, uncounted: for reading all of it part by part."""
    conditions = [*_narrowed(filters, actor, now), *in_view(filters, now=now)]
    if after is not None:
        conditions.append(behind(filters, after))
    found = _read(session, conditions, filters, now, limit=limit + 1)
    last = place(filters, found[limit - 1][0]) if len(found) > limit else None
    return Page(_rows(session, found[:limit], now), last)


def submission_total(
    session: Session, *, actor: Actor, now: datetime, filters: SubmissionFilter
) -> int:
    """How many submissions the list holds."""
    return _counted(session, _narrowed(filters, actor, now), filters, now, None)[1]


def submission_counts(
    session: Session, *, actor: Actor, now: datetime, filters: SubmissionFilter
) -> dict[SubmissionView, int]:
    """How many submissions each view of what is open holds under these filters, in one query."""
    conditions = where_clauses(filters, actor=actor, now=now, by_index=False)
    rows = session.execute(open_work.counted(conditions, now=now)).all()
    found: dict[int, int] = dict(rows)
    stands = {stage: found.get(place, 0) for place, stage in enumerate(progress.PRESSING)}
    parts = {view: sum(stands[one] for one in LEFT[view]) for view in LEFT}
    return {SubmissionView.OPEN: sum(found.values()), **parts}


def _read(
    session: Session,
    conditions: Sequence[Condition],
    filters: SubmissionFilter,
    now: datetime,
    *,
    limit: int,
    backwards: bool = False,
    counts: bool = False,
) -> Found:
    """The first rows of the list, or its last ones; how far each is, is asked of these alone.

    With `counts` also how many meet the conditions, which are then tried once for both. They are
    sorted here: a database asked to would rather read the whole list in its order once more.
    """
    in_order = order(filters, backwards=backwards)
    number = func.count().over() if counts else literal(0)
    listed = select(Submission.id, number.label("number")).where(*conditions)
    page = listed.order_by(*in_order).limit(limit).subquery()
    query = (
        select(Submission, progress.stage_of(now=now), progress.work_left(now=now), page.c.number)
        .join(page, page.c.id == Submission.id)
        .options(
            joinedload(Submission.department),
            joinedload(Submission.handed_in_by),
            *with_names(Submission.handed_in_under),
        )
    )
    found = session.execute(query).all()
    return sorted(found, key=lambda row: place(filters, row[0]), reverse=not filters.by_wish)


def _counted(
    session: Session,
    narrow: Sequence[Condition],
    filters: SubmissionFilter,
    now: datetime,
    start: Place | None,
) -> tuple[int, int]:
    """How many rows come before this place, and how many there are.

    Nearly all that was drafted is live by and by, so what is live is reckoned from the rest.
    """
    comes_ahead = ahead(filters, start) if start is not None else false()
    if filters.view is not SubmissionView.LIVE:
        return _tally(session, [*narrow, *in_view(filters, now=now)], comes_ahead)
    drafted = _tally(session, [*narrow, open_work.is_drafted()], comes_ahead)
    only = _tally(session, [*narrow, open_work.is_drafted_only()], comes_ahead)
    return drafted[0] - only[0], drafted[1] - only[1]


def _tally(session: Session, conditions: Sequence[Condition], ahead: Condition) -> tuple[int, int]:
    """How many meet the conditions and come ahead, and how many meet them."""
    columns = func.coalesce(func.sum(case((ahead, 1), else_=0)), 0), func.count()
    before, everything = session.execute(
        select(*columns).select_from(Submission).where(*conditions)
    ).one()
    return before, everything


def _rows(session: Session, found: Found, now: datetime) -> tuple[SubmissionRow, ...]:
    bundles = bundles_by_submission(session, [submission.id for submission, *_ in found])
    everything = [one for several in bundles.values() for one in several]
    roster = roster_of(session, asked_by(everything), now=now)
    return tuple(
        _row(one, Stage(stage), Stage(left) if left else None, bundles.get(one.id, []), roster)
        for one, stage, left, _ in found
    )


def _row(
    submission: Submission,
    stage: Stage,
    left: Stage | None,
    strands: Sequence[PostBundle],
    roster: Roster,
) -> SubmissionRow:
    return SubmissionRow(
        submission_id=submission.id,
        number=submission.number,
        title=submission.title,
        kind=submission.kind,
        department=office_of(submission.department),
        stage=stage,
        left=left,
        received_at=submission.received_at,
        wished_at=submission.wished_at,
        handed_in_by=who_acted(submission.handed_in_under, submission.handed_in_by),
        next=next_for_submission(submission, strands, roster),
        lives=tuple(live for one in strands for live in one.lives),
        comments=sum(one.talk.count for one in strands),
        unanswered=sum(one.talk.unanswered for one in strands),
        path=links.submission(submission.id),
        reason=submission.reason,
        outward_number=submission.outward_number,
        leaves_on=_leaves_on(strands),
        is_urgent=submission.priority is Priority.URGENT,
    )


def _leaves_on(strands: Sequence[PostBundle]) -> tuple[str, ...]:
    ahead = (DeliveryState.SCHEDULED, DeliveryState.CLAIMED, DeliveryState.SENDING)
    found = [one for bundle in strands for one in bundle.deliveries if one.state in ahead]
    return tuple(dict.fromkeys(one.account.platform for one in found))
