"""The list of submissions with stage, open work, holder and next step of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from sqlalchemy import case, false, func, literal, select
from sqlalchemy.orm import Session, load_only

from approvals.policy import Actor
from publisher.models.submissions import Submission
from publisher.reports import open_work, progress
from publisher.reports.next_step import Next, next_for_submission
from publisher.reports.post_bundles import PostBundle, bundles_by_submission
from publisher.reports.post_tasks import PostTasks, tasks_of
from publisher.reports.progress import Stage
from publisher.reports.search_window import SPAN, SubmissionRange, newest_submissions
from publisher.reports.sql_conditions import Condition
from publisher.reports.submission_filters import (
    LEFT,
    SubmissionFilter,
    SubmissionView,
    ahead,
    cursor_of,
    filter_conditions,
    is_past_cursor,
    order,
    view_conditions,
)
from publisher.reports.types import Cursor, Live, Page, with_name, with_names, with_office
from publisher.states import IN_FLIGHT, UNSENT

ListedRows = Sequence[tuple[Submission, int]]
"""Submissions, each with the total if it was counted."""


@dataclass(frozen=True)
class SubmissionRow:
    """A submission in the list; `next` is None if nothing follows.

    `left` is the open work, which differs from `stage` if a part is live already. `leaves_on` are
    the platforms on which something is scheduled or in flight.
    """

    submission: Submission
    stage: Stage
    left: Stage | None
    next: Next | None
    lives: tuple[Live, ...]
    comments: int
    unanswered: int
    leaves_on: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A page of the list: its rows, the number of the first one, and the cursors.

    `following` is passed as `after`, `preceding` as `before`; each is None at the list's end.
    `older`, passed as `back`, is set if only the newest rows were searched.
    """

    rows: tuple[SubmissionRow, ...]
    first: int
    total: int
    preceding: Cursor | None
    following: Cursor | None
    older: Cursor | None = None


def list_submissions(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    filters: SubmissionFilter,
    after: Cursor | None = None,
    before: Cursor | None = None,
    back: Cursor | None = None,
    limit: int = 25,
    total: int | None = None,
    span: int = SPAN,
) -> Listing:
    """Return a page of the visible submissions, in a bounded number of queries.

    Open ones are sorted by wished time, those without one last; live, ended and all views show the
    newest first, and search only the newest `span` rows, or those before `back`. Pass `total` if it
    is known. Raises `WrongRole`.
    """
    newest = _search_window(session, filters, actor, now, back, span)
    narrow = [*_narrowing(filters, actor, now), *newest.conditions(filters.search_text)]
    conditions = [*narrow, *view_conditions(filters)]
    bounds = (
        [ahead(filters, before)] if before else [is_past_cursor(filters, after)] if after else []
    )
    counts = total is None and not bounds and not _needs_count_query(filters)
    rows = _read(
        session,
        [*conditions, *bounds],
        filters,
        limit=limit,
        backwards=before is not None,
        counts=counts,
    )
    cursors = [cursor_of(filters, submission) for submission, _ in rows]
    start = cursors[0] if cursors and bounds else None
    first, everything = 0, total or (rows[0][1] if rows else 0)
    if start is not None or (total is None and not counts):
        first, everything = _count(session, narrow, filters, start)
    return Listing(
        rows=_rows(session, rows, now),
        first=first + 1 if rows else 0,
        total=everything,
        preceding=cursors[0] if first else None,
        following=cursors[-1] if cursors and first + len(rows) < everything else None,
        older=newest.begins,
    )


def _narrowing(filters: SubmissionFilter, actor: Actor, now: datetime) -> list[Condition]:
    return filter_conditions(filters, actor=actor, now=now, by_index=not filters.is_of_few)


def _needs_count_query(filters: SubmissionFilter) -> bool:
    """The total needs its own COUNT query, because the view is large."""
    return filters.view in (SubmissionView.LIVE, SubmissionView.ALL) and not filters.search_text


def _search_window(
    session: Session,
    filters: SubmissionFilter,
    actor: Actor,
    now: datetime,
    back: Cursor | None,
    span: int,
) -> SubmissionRange:
    """Return the range of rows to search; open views are small and searched as a whole."""
    if not filters.search_text or filters.by_wish:
        return SubmissionRange()
    sight = replace(filters, search_text="", kind=None, wished=None, holder=None)
    return newest_submissions(
        session, filter_conditions(sight, actor=actor, now=now), back, span=span
    )


def read_on(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    filters: SubmissionFilter,
    after: Cursor | None = None,
    limit: int = 500,
) -> Page[SubmissionRow]:
    """Return the next `limit` rows without a total, for reading the whole list in parts."""
    conditions = [*_narrowing(filters, actor, now), *view_conditions(filters)]
    if after is not None:
        conditions.append(is_past_cursor(filters, after))
    rows = _read(session, conditions, filters, limit=limit + 1)
    last = cursor_of(filters, rows[limit - 1][0]) if len(rows) > limit else None
    return Page(_rows(session, rows[:limit], now), last)


def submission_total(
    session: Session, *, actor: Actor, now: datetime, filters: SubmissionFilter
) -> int:
    """Return the number of submissions in the list."""
    return _count(session, _narrowing(filters, actor, now), filters, None)[1]


def submission_counts(
    session: Session, *, actor: Actor, now: datetime, filters: SubmissionFilter
) -> dict[SubmissionView, int]:
    """Return the number of submissions in each open view, in one query."""
    conditions = filter_conditions(filters, actor=actor, now=now, by_index=False)
    rows = session.execute(open_work.count_by_rank(conditions)).all()
    counts: dict[int, int] = dict(rows)
    count_by_stage = {stage: counts.get(rank, 0) for rank, stage in enumerate(progress.PRESSING)}
    parts = {view: sum(count_by_stage[stage] for stage in LEFT[view]) for view in LEFT}
    return {SubmissionView.OPEN: sum(counts.values()), **parts}


def _read(
    session: Session,
    conditions: Sequence[Condition],
    filters: SubmissionFilter,
    *,
    limit: int,
    backwards: bool = False,
    counts: bool = False,
) -> ListedRows:
    """Return the first (or last) rows of the list; with `counts` each has the total too."""
    # Rows are sorted here, because a database asked to sort the joined query would read the whole
    # list in order again.
    in_order = order(filters, backwards=backwards)
    number = func.count().over() if counts else literal(0)
    listed = select(Submission.id, number.label("number")).where(*conditions)
    page = listed.order_by(*in_order).limit(limit).subquery()
    query = (
        select(Submission, page.c.number).join(page, page.c.id == Submission.id).options(*_OPTIONS)
    )
    rows = session.execute(query).all()
    return sorted(rows, key=lambda row: cursor_of(filters, row[0]), reverse=not filters.by_wish)


_OPTIONS = (
    load_only(
        *(Submission.number, Submission.title, Submission.kind, Submission.priority),
        *(Submission.state, Submission.state_at, Submission.received_at, Submission.wished_at),
        *(Submission.taken_at, Submission.mail_sender, Submission.outward_number),
        Submission.handed_in_by_id,
    ),
    with_office(Submission.department),
    with_name(Submission.taken_by),
    *with_names(Submission.handed_in_under),
)


def _count(
    session: Session,
    narrow: Sequence[Condition],
    filters: SubmissionFilter,
    start: Cursor | None,
) -> tuple[int, int]:
    """Return the number of rows before the cursor, and the total."""
    # Nearly all drafted submissions become live, so live ones are counted as drafted ones minus the
    # few that are not live.
    comes_ahead = ahead(filters, start) if start is not None else false()
    if filters.view is not SubmissionView.LIVE:
        return _tally(session, [*narrow, *view_conditions(filters)], comes_ahead)
    drafted = _tally(session, [*narrow, open_work.is_drafted()], comes_ahead)
    only = _tally(session, [*narrow, open_work.is_drafted_only()], comes_ahead)
    return drafted[0] - only[0], drafted[1] - only[1]


def _tally(
    session: Session, conditions: Sequence[Condition], is_ahead: Condition
) -> tuple[int, int]:
    """Return how many rows meet the conditions and come ahead, and how many meet them."""
    columns = func.coalesce(func.sum(case((is_ahead, 1), else_=0)), 0), func.count()
    before, everything = session.execute(
        select(*columns).select_from(Submission).where(*conditions)
    ).one()
    return before, everything


def _rows(session: Session, rows: ListedRows, now: datetime) -> tuple[SubmissionRow, ...]:
    bundles = bundles_by_submission(session, [submission.id for submission, _ in rows])
    tasks = tasks_of(session, [*chain.from_iterable(bundles.values())], now=now)
    return tuple(_row(submission, bundles[submission.id], tasks) for submission, _ in rows)


def _row(
    submission: Submission, bundles: Sequence[PostBundle], tasks: Mapping[int, PostTasks]
) -> SubmissionRow:
    return SubmissionRow(
        submission=submission,
        stage=progress.stage_of(submission, bundles, tasks),
        left=progress.work_left(submission, bundles, tasks),
        next=next_for_submission(submission, bundles, tasks),
        lives=tuple(live for bundle in bundles for live in bundle.lives),
        comments=sum(bundle.thread.count for bundle in bundles),
        unanswered=sum(bundle.thread.unanswered for bundle in bundles),
        leaves_on=_leaving_days(bundles),
    )


def _leaving_days(bundles: Sequence[PostBundle]) -> tuple[str, ...]:
    states = (*UNSENT, *IN_FLIGHT)
    deliveries = [
        delivery for bundle in bundles for delivery in bundle.deliveries if delivery.state in states
    ]
    return tuple(dict.fromkeys(delivery.account.platform for delivery in deliveries))
