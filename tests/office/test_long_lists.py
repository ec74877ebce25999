"""Sixty thousand rows: every list asks as often as for sixty, and finds its page by an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.content import Submission
from publisher.office import reporting, searching
from publisher.office.reporting import SubmissionView, View, Wanted, Wished
from publisher.office.reporting.submissions import NEVER
from publisher.office.searching import Kind
from tests.office import crowd, scenes
from tests.support.city import City, statements

LIVE = 20
END = NEVER, 2**62
Ask = Callable[[Session, City, Actor], object]
Asked = tuple[str, tuple[object, ...]]


def _list(wanted: Wanted, **more: object) -> Ask:
    def ask(session: Session, town: City, actor: Actor) -> object:
        return reporting.submissions_in(
            session,
            actor=actor,
            now=town.now,
            wanted=wanted,
            **more,  # type: ignore[arg-type]  # a test's own places
        ).rows

    return ask


def _comments(view: View, **more: object) -> Ask:
    def ask(session: Session, town: City, actor: Actor) -> object:
        return reporting.comments_in(
            session,
            actor=actor,
            now=town.now,
            view=view,
            **more,  # type: ignore[arg-type]  # the same
        ).rows

    return ask


def _search(session: Session, _town: City, actor: Actor) -> object:
    return searching.search(session, actor=actor, words="पाणी")


def _older_comments(session: Session, _town: City, actor: Actor) -> object:
    return searching.hits_of(
        session, actor=actor, kind=Kind.COMMENTS, words="येणार", before=900
    ).hits


def _number(session: Session, _town: City, actor: Actor) -> object:
    return searching.straight_to(session, actor=actor, words="PMC/2026/000001")


PAGES: Mapping[str, Ask] = {
    "submissions, first": _list(Wanted()),
    "submissions, last": _list(Wanted(), before=END),
    "submissions, filtered": _list(Wanted(words="पाणी", wished=Wished.NONE)),
    "submissions, of a department": _list(Wanted(department_id=1)),
    "submissions, all": _list(Wanted(SubmissionView.ALL)),
    "submissions, the oldest": _list(
        Wanted(SubmissionView.ALL), before=(NEVER - timedelta(days=3_000_000), 0)
    ),
    "submissions, live": _list(Wanted(SubmissionView.LIVE)),
    "submissions, in review": _list(Wanted(SubmissionView.IN_REVIEW)),
    "views": lambda session, town, actor: reporting.submission_counts(
        session, actor=actor, now=town.now, wanted=Wanted()
    ),
    "today": lambda session, town, actor: reporting.waiting_for(
        session, actor=actor, now=town.now, most=60
    ),
    "tabs": lambda session, town, actor: reporting.counts(session, actor=actor, now=town.now),
    "comments, first": _comments(View.DEPARTMENT),
    "comments, last": _comments(View.DEPARTMENT, before=(NEVER - timedelta(days=1), 0)),
    "comments, filtered": _comments(View.DEPARTMENT, department_id=1),
    "comments, closed": _comments(View.CLOSED),
    "search": _search,
    "search, comments": _older_comments,
    "search, a number": _number,
}


@pytest.mark.timeout(600)
def test_sixty_thousand_rows_cost_as_many_statements_as_sixty(town: City) -> None:
    _furnish(town)
    crowd.multiply(town, 2)
    few = {name: _cost(town, page) for name, page in PAGES.items()}
    crowd.multiply(town, 2_420, after=2)
    with town.read() as session:
        assert session.query(Submission).count() > 60_000
    assert {name: _cost(town, page) for name, page in PAGES.items()} == few
    if not town.database.is_sqlite:
        assert _scanned(town, PAGES["submissions, first"]) == []
        assert _scanned(town, PAGES["submissions, all"]) == []


def _furnish(town: City) -> None:
    """Twenty live posts, a comment, and one each of what is under way, to be copied."""
    for at in range(LIVE):
        town.live(("water", "road")[at % 2])
    scenes.routed(town)
    for happens in (scenes.received, scenes.in_review, scenes.approved, scenes.held):
        happens(town)


def _cost(town: City, page: Ask) -> int:
    """How many statements it takes."""
    actor = town.actor("lead")
    with town.read() as session, statements(town.database) as seen:
        assert page(session, town, actor) is not None
    return len(seen)


def _scanned(town: City, page: Ask) -> list[str]:
    """The lines of the list's plan that read a whole table of those that the list is made of.

    What is approved without a time is found by laying variants and deliveries side by side.
    """
    with town.read() as session, _asked(town) as asked:
        page(session, town, town.actor("lead"))
        wanted = next(one for one in asked if "ORDER BY submissions." in one[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN {wanted[0]}", wanted[1])
        lines = [str(row[0]) for row in plan]
    grows = ("submissions", "posts", "revisions")
    return [one for one in lines if "Seq Scan" in one and one.split(" on ")[1].split()[0] in grows]


@contextmanager
def _asked(town: City) -> Iterator[list[Asked]]:
    """Every statement with its values."""
    seen: list[Asked] = []

    def note(
        _connection: Connection,
        _cursor: object,
        statement: str,
        values: tuple[object, ...],
        *_: object,
    ) -> None:
        seen.append((statement, values))

    event.listen(town.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(town.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("view", SubmissionView)
def test_pages_forth_and_back_show_every_row_once(town: City, view: SubmissionView) -> None:
    _furnish(town)
    wanted, actor = Wanted(view), town.actor("lead")
    with town.read() as session:
        forth, after, firsts = [], None, []
        while True:
            page = reporting.submissions_in(
                session, actor=actor, now=town.now, wanted=wanted, after=after, limit=4
            )
            forth += [one.submission_id for one in page.rows]
            firsts.append((page.first, page.total))
            if page.following is None:
                break
            after = page.following
        back, before = [one.submission_id for one in page.rows], page.preceding
        while before is not None:
            page = reporting.submissions_in(
                session, actor=actor, now=town.now, wanted=wanted, before=before, limit=4
            )
            back = [one.submission_id for one in page.rows] + back
            before = page.preceding
    assert forth == back
    assert len(set(forth)) == len(forth) == firsts[0][1]
    assert [first for first, _ in firsts] == ([*range(1, len(forth) + 1, 4)] or [0])
