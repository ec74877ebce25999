"""Sixty thousand rows: every list asks as often as for sixty, and finds its page by an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.submissions import Submission
from publisher.reports import (
    calendar,
    calendar_month,
    comment_detail,
    decision_board,
    inbox_list,
    submission_list,
    todo,
    weekly,
)
from publisher.reports.inbox_list import InboxView
from publisher.reports.problems import problem_summary
from publisher.reports.search import Kind, find_exact_path, hits_of, search
from publisher.reports.submission_filters import NEVER, SubmissionFilter, SubmissionView, Wished
from publisher.reports.submission_list import Listing
from publisher.reports.tab_counts import overview_of
from publisher.review import history
from tests.support import crowd, scenes
from tests.support.city import City, statements
from tests.support.city_people import DAY, NOON

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

LIVE = 20
END = NEVER, 2**62
BEFORE_ALL = NOON - 4_000 * DAY
"""A time before all submissions."""

Ask = Callable[[Session, City, Actor], object]
Asked = tuple[str, tuple[object, ...]]


def _list(filters: SubmissionFilter, **more: object) -> Ask:
    def ask(session: Session, town: City, actor: Actor) -> object:
        return submission_list.list_submissions(
            session,
            actor=actor,
            now=town.now,
            filters=filters,
            **more,  # type: ignore[arg-type]  # a test's own places
        ).rows

    return ask


def _comments(view: InboxView, **more: object) -> Ask:
    def ask(session: Session, town: City, actor: Actor) -> object:
        return inbox_list.list_comments(
            session,
            actor=actor,
            view=view,
            **more,  # type: ignore[arg-type]  # the same
        ).rows

    return ask


def _calendar(back: int = 0, **more: object) -> Ask:
    def ask(session: Session, town: City, actor: Actor) -> object:
        days = calendar_month.calendar_days(
            session,
            actor=actor,
            now=town.now,
            first_day=calendar_month.month_grid((town.now - back * DAY).date())[0],
            days=35,
            **more,  # type: ignore[arg-type]  # the same
        )
        return days, calendar.list_unscheduled(session, actor=actor, most=11)

    return ask


def _approvals(**more: object) -> Ask:
    """Return the list of an officer's decisions."""

    def ask(session: Session, town: City, _actor: Actor) -> object:
        months = history.list_months(session, actor=town.actor("first"), now=town.now)
        page = history.list_decisions(
            session,
            actor=town.actor("first"),
            **more,  # type: ignore[arg-type]  # the same
        )
        return months and page.rows is not None

    return ask


def _search(session: Session, _town: City, actor: Actor) -> object:
    return search(session, actor=actor, text="पाणी")


def _older_comments(session: Session, _town: City, actor: Actor) -> object:
    return hits_of(session, actor=actor, kind=Kind.COMMENTS, text="येणार", before=900).hits


def _number(session: Session, _town: City, actor: Actor) -> object:
    return find_exact_path(session, actor=actor, text="PMC/2026/000001")


PAGES: Mapping[str, Ask] = {
    "submissions, first": _list(SubmissionFilter()),
    "submissions, last": _list(SubmissionFilter(), before=END),
    "submissions, filtered": _list(SubmissionFilter(search_text="पाणी", wished=Wished.NONE)),
    "submissions, of a department": _list(SubmissionFilter(department_id=1)),
    "submissions, all": _list(SubmissionFilter(SubmissionView.ALL)),
    "submissions, the oldest": _list(
        SubmissionFilter(SubmissionView.ALL), before=(NEVER - timedelta(days=3_000_000), 0)
    ),
    "submissions, live": _list(SubmissionFilter(SubmissionView.LIVE)),
    "submissions, in review": _list(SubmissionFilter(SubmissionView.IN_REVIEW)),
    "views": lambda session, town, actor: submission_list.submission_counts(
        session, actor=actor, now=town.now, filters=SubmissionFilter()
    ),
    "today": lambda session, town, actor: todo.list_waiting(
        session, actor=actor, now=town.now, most=60
    ),
    "tabs": lambda session, town, actor: overview_of(session, actor=actor, now=town.now),
    "comments, first": _comments(InboxView.DEPARTMENT),
    "comments, last": _comments(InboxView.DEPARTMENT, before=(NEVER - timedelta(days=1), 0)),
    "comments, closed": _comments(InboxView.CLOSED),
    "comments, answered": _comments(InboxView.ANSWERED),
    "comments, the oldest answered": _comments(InboxView.ANSWERED, before=(BEFORE_ALL, 0)),
    "comments, unrouted": _comments(InboxView.QUEUE),
    "comments, counted": lambda session, _town, actor: inbox_list.view_counts(session, actor=actor),
    "a comment with its answers": lambda session, town, actor: comment_detail.comment_page(
        session, actor=actor, comment_id=1, now=town.now
    ),
    "board": lambda session, town, actor: (
        decision_board.board(session, actor=actor, now=town.now),
        problem_summary(session, actor=actor),
    ),
    "calendar": _calendar(),
    "calendar, years ago": _calendar(back=2_000),
    "calendar, filtered": _calendar(account_id=1, department_id=1),
    "calendar, to move": lambda session, _town, actor: calendar.movable(session, actor=actor),
    "report": lambda session, town, actor: weekly.weekly_report(session, actor=actor, now=town.now),
    "report, filtered": lambda session, town, actor: weekly.weekly_report(
        session, actor=actor, now=town.now, department_id=2
    ),
    "approvals, first": _approvals(),
    "approvals, earlier": _approvals(before=(NOON - DAY, 0)),
    "approvals, last": _approvals(before=(BEFORE_ALL, 0)),
    "approvals, of a month": _approvals(month=NOON.date()),
    "search": _search,
    "search, comments": _older_comments,
    "search, a number": _number,
}


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_sixty_thousand_rows_cost_as_many_statements_as_sixty(town: City) -> None:
    _add_rows(town)
    crowd.copy_submissions(town, 2)
    few = {name: _statement_count(town, page) for name, page in PAGES.items()}
    crowd.copy_submissions(town, 2_420, existing=2)
    with town.read() as session:
        assert session.query(Submission).count() > 60_000
    many = {name: _statement_count(town, page) for name, page in PAGES.items()}
    # Fewer are right: where the first kinds fill a list, the others are not asked for.
    assert {name: count for name, count in many.items() if count > few[name]} == {}
    if not town.database.is_sqlite:
        assert _scanned_tables(town, PAGES["submissions, first"]) == []
        assert _scanned_tables(town, PAGES["submissions, all"]) == []
        assert _read_whole(town, PAGES["tabs"]) == []


def _add_rows(town: City) -> None:
    """Twenty live posts, comments, and one each of what is under way, to be copied.

    The clock has noted which posts have their times.
    """
    for at in range(LIVE):
        town.live(("water", "road")[at % 2])
    scenes.answered(town)
    scenes.routed(town)
    for happens in (scenes.received, scenes.in_review, scenes.approved, scenes.held):
        happens(town)


def _statement_count(town: City, page: Ask) -> int:
    """Return the number of statements."""
    actor = town.actor("lead")
    with town.read() as session, statements(town.database) as executed:
        assert page(session, town, actor) is not None
    return len(executed)


def _scanned_tables(town: City, page: Ask) -> list[str]:
    """The lines of the list's plan that read a whole table of those that the list is made of.

    Thousands of posts wait here for a time; for so many, revisions, texts and deliveries may be
    laid side by side.
    """
    with town.read() as session, _recorded_queries(town) as queries:
        page(session, town, town.actor("lead"))
        query = next(sql_call for sql_call in queries if "ORDER BY submissions." in sql_call[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN {query[0]}", query[1])
        lines = [str(row[0]) for row in plan]
    grows = ("submissions", "posts")
    return [
        line for line in lines if "Seq Scan" in line and line.split(" on ")[1].split()[0] in grows
    ]


def _read_whole(town: City, page: Ask) -> list[str]:
    """Return the lines of the query plans that scan a table which grows with each post."""
    with town.read() as session, _recorded_queries(town) as queries:
        page(session, town, town.actor("lead"))
        connection = session.connection()
        plans = [
            connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)
            for sql, parameters in [*queries]
        ]
        lines = [str(row[0]) for plan in plans for row in plan]
    grows = ("submissions", "posts", "revisions", "variants", "deliveries", "receipts")
    return [
        line for line in lines if "Seq Scan" in line and line.split(" on ")[1].split()[0] in grows
    ]


@contextmanager
def _recorded_queries(town: City) -> Iterator[list[Asked]]:
    """Collect every statement with its parameters."""
    executed: list[Asked] = []

    def note(
        _connection: Connection,
        _cursor: object,
        statement: str,
        values: tuple[object, ...],
        *_: object,
    ) -> None:
        executed.append((statement, values))

    event.listen(town.database.engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(town.database.engine, "before_cursor_execute", note)


@pytest.mark.proof
def test_pages_forth_and_back_show_every_row_once(town: City, subtests: pytest.Subtests) -> None:
    _add_rows(town)
    for view in SubmissionView:
        with subtests.test(view.value), town.read() as session:
            forth, back, ranges = _read_all_pages(session, town, SubmissionFilter(view))
            assert forth == back
            assert len(set(forth)) == len(forth) == ranges[0][1]
            firsts = [first for first, _ in ranges]
            assert firsts == ([*range(1, len(forth) + 1, 4)] or [0])


def _read_all_pages(
    session: Session, town: City, filters: SubmissionFilter
) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Return the rows of all pages, forward and backward, and the counts of the forward pages."""
    ask = partial(
        submission_list.list_submissions,
        session,
        actor=town.actor("lead"),
        now=town.now,
        filters=filters,
        limit=4,
    )
    page = ask()
    forth, ranges = _ids(page), [(page.first, page.total)]
    while page.following is not None:
        page = ask(after=page.following)
        forth += _ids(page)
        ranges.append((page.first, page.total))
    back = _ids(page)
    while page.preceding is not None:
        page = ask(before=page.preceding)
        back = _ids(page) + back
    return forth, back, ranges


def _ids(page: Listing) -> list[int]:
    return [row.submission.id for row in page.rows]
