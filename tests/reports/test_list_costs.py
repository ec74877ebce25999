"""Lists must not cost more with each settled row, of which there are most after some years.

SQLite reports the steps of a statement, which other load does not affect. As in production, it
has no statistics of its tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from publisher.database.session import Database, migrate
from publisher.models.submissions import Submission
from publisher.reports import submission_list, tab_counts
from publisher.reports.submission_filters import Holder, SubmissionFilter, SubmissionView
from tests.support import crowd, runs, scenes, sqlite
from tests.support.city import City, city

LIVE = 20
STEPS_PER_REPORT = 100
"""SQLite reports after this many steps."""
MAX_STEPS_PER_ROW = 8
"""The steps that a settled submission may cost; counting it by an index takes five."""

Ask = Callable[[City, Session], object]


@pytest.fixture(scope="module")
def grown_city(
    run: runs.Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[City, City]]:
    """Build the city after one year and after ten, in which only live posts have multiplied."""
    opened = []
    for copies in (30, 300):
        folder = tmp_path_factory.mktemp("grown")
        file = sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db")
        opened.append(_grown(Database(file), folder, copies))
    yield opened[0], opened[1]
    for opened_town in opened:
        opened_town.database.dispose()


def _grown(database: Database, folder: Path, copies: int) -> City:
    town = city(database, folder)
    for at in range(LIVE):
        town.live(("water", "road")[at % 2])
    crowd.copy_submissions(town, copies)
    for happens in (scenes.received, scenes.drafted, scenes.in_review, scenes.rejected):
        happens(town)
    with town.write() as session:
        session.execute(text("DELETE FROM sqlite_stat1"))
    database.dispose()
    return town


def _list(who: str, filters: SubmissionFilter, **more: int) -> Ask:
    """Load the list's page with the counts of its views."""

    def ask(town: City, session: Session) -> object:
        actor = town.actor(who)
        counts = submission_list.submission_counts(
            session, actor=actor, now=town.now, filters=filters
        )
        return submission_list.list_submissions(
            session,
            actor=actor,
            now=town.now,
            filters=filters,
            total=counts.get(filters.view),
            **more,  # type: ignore[arg-type]  # how far words are looked for
        )

    return ask


def _tabs(who: str) -> Ask:
    return lambda town, session: tab_counts.overview_of(
        session, actor=town.actor(who), now=town.now
    )


_MINE, _LIVE = SubmissionFilter(holder=Holder.ME), SubmissionFilter(SubmissionView.LIVE)
PAGES: dict[str, Ask] = {
    "open": _list("clerk", SubmissionFilter()),
    "live": _list("clerk", _LIVE),
    "live, of a department": _list("first", _LIVE),
    "ended": _list("clerk", SubmissionFilter(SubmissionView.ENDED)),
    "ended, of a department": _list("first", SubmissionFilter(SubmissionView.ENDED)),
    "everything": _list("clerk", SubmissionFilter(SubmissionView.ALL)),
    "a word without a hit": _list(
        "clerk", SubmissionFilter(SubmissionView.ALL, search_text="नसलेला"), span=500
    ),
    "a live word": _list(
        "clerk", SubmissionFilter(SubmissionView.LIVE, search_text="नसलेला"), span=500
    ),
    "an open word": _list("clerk", SubmissionFilter(search_text="नसलेला")),
    **{f"with me ({who})": _list(who, _MINE) for who in ("clerk", "lead", "first", "member")},
    **{f"the tabs of {who}": _tabs(who) for who in ("clerk", "lead", "first", "head", "member")},
}


@pytest.mark.proof
@pytest.mark.parametrize("page", PAGES)
def test_a_settled_row_costs_next_to_nothing(grown_city: tuple[City, City], page: str) -> None:
    few, many = (_steps(town, PAGES[page]) for town in grown_city)
    assert (many - few) / (270 * LIVE) <= MAX_STEPS_PER_ROW, (few, many)


def _steps(town: City, ask: Ask) -> int:
    """Return how many steps SQLite needs, rounded to hundreds."""
    with town.read() as session, _counting(town.database) as row_count:
        ask(town, session)
    return row_count[0] * STEPS_PER_REPORT


@contextmanager
def _counting(database: Database) -> Iterator[list[int]]:
    row_count = [0]

    def note() -> int:
        row_count[0] += 1
        return 0

    def begin(connection: Connection, *_rest: object) -> None:
        connection.connection.dbapi_connection.set_progress_handler(note, STEPS_PER_REPORT)  # type: ignore[union-attr]  # SQLite's own

    event.listen(database.engine, "before_cursor_execute", begin)
    try:
        yield row_count
    finally:
        event.remove(database.engine, "before_cursor_execute", begin)


def test_words_are_looked_for_among_the_newest_and_further_back_when_asked(
    on_sqlite: Database, tmp_path: Path
) -> None:
    town = city(on_sqlite, tmp_path)
    titles = ("विहीर एक", "रस्ता", "विहीर दोन", "बाग", "विहीर तीन", "पूल", "दिवे")
    for title in titles:
        town.hand_in(title)
        town.clock.move(timedelta(hours=1))
    filters, submission_ids, back = (
        SubmissionFilter(SubmissionView.ALL, search_text="विहीर"),
        [],
        None,
    )
    for _page in range(4):
        with town.read() as session:
            page = submission_list.list_submissions(
                session, actor=town.actor("clerk"), now=town.now, filters=filters, back=back, span=2
            )
        submission_ids.append(([row.submission.title for row in page.rows], page.total))
        back = page.older
    assert submission_ids == [([], 0), (["विहीर तीन"], 1), (["विहीर दोन"], 1), (["विहीर एक"], 1)]
    assert back is None


def test_a_number_is_found_however_old_it_is(on_sqlite: Database, tmp_path: Path) -> None:
    town = city(on_sqlite, tmp_path)
    for _ in range(4):
        town.hand_in()
        town.clock.move(timedelta(hours=1))
    with town.read() as session:
        first = session.get_one(Submission, 1).number
        page = submission_list.list_submissions(
            session,
            actor=town.actor("clerk"),
            now=town.now,
            filters=SubmissionFilter(SubmissionView.ALL, search_text=first),
            span=2,
        )
    assert [row.submission.id for row in page.rows] == [1]
