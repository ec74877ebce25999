"""What a platform sends in one comment keeps no other comment from being stored.

The readers of X and Facebook read from a stub that sends the JSON, on both databases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text

from publisher.database.session import Database, core_table
from publisher.inbox import ingest
from publisher.models.comments import Comment, CommentAuthor, Thread
from publisher.operations import reading_checks
from publisher.platforms.base.types import LONGEST_ID, LONGEST_TEXTS, LONGEST_URL
from tests.inbox.stubbed_city import RawComment, StubbedCity
from tests.support.city import statements
from tests.support.city_people import HOUR

pytestmark = pytest.mark.twin

PAGE = 100
MIDDLE = 50

POISONS = (
    ("text", "पाणी\0 कधी?", "पाणी\ufffd कधी?"),
    ("text", "कधी? \ud83d", "कधी? \ufffd"),
    ("name", "ज\0गताप", "ज\ufffdगताप"),
    ("name", "\ude00जगताप", "\ufffdजगताप"),
    ("name", "अ" * 303, "अ" * 199 + "…"),
)
"""The field that silenced a source, what was sent in it, and what is stored."""

TOO_LONG_ID = RawComment(MIDDLE, suffix="1" * 120)
REFUSED_BY_DATABASE = RawComment(MIDDLE, text="विष")


@pytest.fixture
def database_rule(database: Database) -> Iterator[None]:
    """Let the database refuse the comments with the text of `REFUSED_BY_DATABASE`."""
    with refusing(database, "comments", "text", REFUSED_BY_DATABASE.text):
        yield


@contextmanager
def refusing(database: Database, table: str, column: str, refused: str) -> Iterator[None]:
    """Let the database refuse the rows with this value."""
    if database.is_sqlite:
        add = f"CREATE TRIGGER refuse BEFORE INSERT ON {table}"
        add += f" WHEN NEW.{column} = '{refused}' BEGIN SELECT RAISE(ABORT, 'refused'); END"
        drop = "DROP TRIGGER refuse"
    else:
        add = f"ALTER TABLE {table} ADD CONSTRAINT refuse CHECK ({column} <> '{refused}')"
        drop = f"ALTER TABLE {table} DROP CONSTRAINT refuse"
    with database.transaction() as session:
        session.execute(text(add))
    try:
        yield
    finally:
        with database.transaction() as session:
            session.execute(text(drop))


def around(middle: RawComment, count: int = PAGE) -> list[RawComment]:
    """Return a page of that many comments with this one in the middle."""
    return [
        replace(middle, key=key) if key == count // 2 else RawComment(key) for key in range(count)
    ]


def poisoned(key: int, field: str, sent: str) -> RawComment:
    """Return a comment that has what was sent in this field."""
    return RawComment(key, text=sent) if field == "text" else RawComment(key, name=sent)


def assert_stored(comment: Comment, field: str, stored: str) -> None:
    """Assert that the field of the comment has this value, and the other one is as it was sent."""
    expected = {"text": RawComment(0).text, "name": RawComment(0).name, field: stored}
    assert {"text": comment.text, "name": comment.author_name} == expected


def test_a_poisoned_comment_is_stored_and_those_of_later_polls_too(
    stubbed_city: StubbedCity,
) -> None:
    for number, (field, sent, stored) in enumerate(POISONS):
        poison = poisoned(number, field, sent)
        stubbed_city.sends(poison)
        assert stubbed_city.listen() == 1
        stubbed_city.sends(RawComment(MIDDLE + number), poison)
        assert stubbed_city.listen() == 1
        comment = stubbed_city.comments()[number]
        assert_stored(comment, field, stored)
        # Read twice, it does not look edited.
        assert stubbed_city.town.verbs("comments", comment.id) == ["receive", "route"]
    assert len(stubbed_city.comments()) == 2 * len(POISONS)
    assert all(source.last_read_at == stubbed_city.town.now for source in stubbed_city.sources())
    assert stubbed_city.unstored() == []


def test_poisoned_comments_in_a_page_of_a_hundred_are_stored_too(
    stubbed_city: StubbedCity,
) -> None:
    page = [RawComment(key) for key in range(PAGE)]
    page[MIDDLE : MIDDLE + len(POISONS)] = [
        poisoned(MIDDLE + number, field, sent) for number, (field, sent, _) in enumerate(POISONS)
    ]
    stubbed_city.sends(*page)
    assert stubbed_city.listen() == PAGE
    comments = stubbed_city.comments()
    assert sorted(comments) == list(range(PAGE))
    for number, (field, _, stored) in enumerate(POISONS):
        assert_stored(comments[MIDDLE + number], field, stored)
    assert all(source.cursor for source in stubbed_city.sources())
    assert stubbed_city.unstored() == []


def test_a_cursor_of_any_length_is_stored(stubbed_city: StubbedCity) -> None:
    stubbed_city.sends(RawComment(1), token="t" * 600)
    stubbed_city.town.clock.move(HOUR)
    assert ingest.tick_ingest(stubbed_city.context, most=1) == 1
    assert any((source.cursor or "").endswith("t" * 600) for source in stubbed_city.sources())


@pytest.mark.usefixtures("database_rule")
@pytest.mark.parametrize("bad", [TOO_LONG_ID, REFUSED_BY_DATABASE], ids=["id", "database"])
def test_a_comment_that_cannot_be_stored_is_kept_once_with_its_reason(
    stubbed_city: StubbedCity, bad: RawComment
) -> None:
    stubbed_city.sends(*around(bad))
    assert stubbed_city.listen() == PAGE - 1
    assert sorted(stubbed_city.comments()) == [key for key in range(PAGE) if key != MIDDLE]
    assert all(source.cursor for source in stubbed_city.sources())
    (kept,) = stubbed_city.unstored()
    assert json.loads(kept.raw)["text"] == bad.text
    assert kept.reason
    stubbed_city.sends(bad, RawComment(PAGE))
    assert stubbed_city.listen() == 1
    assert [again.id for again in stubbed_city.unstored()] == [kept.id]


@pytest.mark.usefixtures("database_rule")
def test_the_kept_comment_the_rest_and_the_cursor_are_one_transaction(
    stubbed_city: StubbedCity,
) -> None:
    stubbed_city.sends(*around(REFUSED_BY_DATABASE, 10))
    with dying_at("UPDATE sources SET cursor", stubbed_city.town.database), pytest.raises(Crash):
        stubbed_city.listen()
    assert stubbed_city.comments() == {}
    assert stubbed_city.unstored() == []
    assert [source.cursor for source in stubbed_city.sources()] == [None] * len(
        stubbed_city.sources()
    )
    assert stubbed_city.listen() == 9
    assert len(stubbed_city.unstored()) == 1


def test_a_page_of_ordinary_comments_takes_one_savepoint(stubbed_city: StubbedCity) -> None:
    stubbed_city.sends(*around(RawComment(0), 10))
    with statements(stubbed_city.town.database) as executed:
        assert stubbed_city.listen() == 10
    # That of the tasks: an error in them does not keep the page from being stored.
    assert len([statement for statement in executed if statement.startswith("SAVEPOINT")]) == 1


def test_a_comment_of_the_future_does_not_hide_those_of_today(stubbed_city: StubbedCity) -> None:
    """On Facebook the cursor is a time: beyond it nothing is listed."""
    at = datetime(9998, 1, 1, tzinfo=UTC)
    stubbed_city.sends(RawComment(1, at=at))
    assert stubbed_city.listen() == 1
    for source in stubbed_city.sources():
        assert str(int(at.timestamp())) not in (source.cursor or "")


def test_doctor_names_the_comments_that_could_not_be_stored(stubbed_city: StubbedCity) -> None:
    town = stubbed_city.town
    assert reading_checks.check_comments(town.database, now=town.now) == []
    stubbed_city.sends(TOO_LONG_ID, RawComment(1))
    assert stubbed_city.listen() == 1
    (finding,) = reading_checks.check_comments(town.database, now=town.now)
    assert not finding.ok
    assert finding.values["number"] == 1
    assert "has 12" in str(finding.values["reason"])
    later = town.now + timedelta(days=31)
    assert reading_checks.check_comments(town.database, now=later) == []


@pytest.mark.parametrize("author_id", ["9" * 200, "9\0", "no number"], ids=ascii)
def test_an_author_with_a_strange_id_stays_unnamed_and_silences_no_post(
    stubbed_city: StubbedCity, author_id: str
) -> None:
    """Posts are read together on X; the id of an author there is asked for in one request."""
    town = stubbed_city.town
    town.live(on=[stubbed_city.name])
    stubbed_city.sends(RawComment(1), RawComment(2, author=author_id), RawComment(3))
    assert stubbed_city.listen() == 3
    expected = [RawComment(0).name] * 3
    if stubbed_city.name == "x":
        expected[1] = ""
    comments = stubbed_city.comments()
    assert [comments[key].author_name for key in (1, 2, 3)] == expected
    assert {source.last_read_at for source in stubbed_city.sources()} == {town.now}
    assert stubbed_city.unstored() == []


def test_a_name_that_the_database_refuses_keeps_no_other_from_being_stored(
    stubbed_city: StubbedCity,
) -> None:
    town = stubbed_city.town
    stubbed_city.sends(RawComment(1), RawComment(2, name="विष"), RawComment(3))
    with refusing(town.database, "comment_authors", "name", "विष"):
        assert stubbed_city.listen() == 3
    with town.read() as session:
        names = [row.name for row in session.scalars(select(CommentAuthor))]
    assert names == ([RawComment(0).name] * 2 if stubbed_city.name == "x" else [])


@pytest.mark.parametrize("invisible", ["   ", "\u200b\u2060\ufe0f", "\u3164", "\u2800 \u115f"])
def test_a_text_that_nobody_sees_is_no_comment_on_x(
    stubbed_city: StubbedCity, invisible: str
) -> None:
    """On Facebook a comment without text may be a photo or sticker."""
    stubbed_city.sends(RawComment(1, text=invisible), RawComment(2, text="\u200bकधी? 🙏"))
    is_on_x = stubbed_city.name == "x"
    assert stubbed_city.listen() == (1 if is_on_x else 2)
    assert sorted(stubbed_city.comments()) == ([2] if is_on_x else [1, 2])
    assert stubbed_city.unstored() == []


def test_the_lengths_of_the_port_are_those_of_the_columns() -> None:
    lengths = {"url": LONGEST_URL, "platform_id": LONGEST_ID, "parent_platform_id": LONGEST_ID}
    lengths |= {name: most for name, most in LONGEST_TEXTS.items() if name != "text"}
    for name, most in lengths.items():
        assert str(core_table(Comment).c[name].type) == f"VARCHAR({most})"
    assert str(core_table(Thread).c.root_id.type) == f"VARCHAR({LONGEST_ID})"


class Crash(Exception):
    """Stands for the death of the process."""


@contextmanager
def dying_at(beginning: str, database: Database) -> Iterator[None]:
    """Raise `Crash` at each statement with this beginning."""

    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(beginning):
            raise Crash(statement)

    event.listen(database.engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", die)
