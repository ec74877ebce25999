"""What a platform sends in one comment keeps no other comment from being stored.

The readers of X and Facebook read from a stub that sends the JSON, on both databases.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text

from publisher.database.session import Database, table_of
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import ingest
from publisher.models.comments import Comment, Source, Thread, UnstoredComment
from publisher.models.deliveries import Account
from publisher.operations import health_checks
from publisher.platforms.base.protocol import Platform
from publisher.platforms.base.types import LONGEST_ID, LONGEST_TEXTS, LONGEST_URL
from publisher.platforms.registry import open_platform
from tests.platforms.platform_setups import CREDENTIALS
from tests.platforms.stub import Stub, http_response, serving
from tests.support.city import City, statements
from tests.support.city_people import HOUR

pytestmark = pytest.mark.both

PAGE = 100
MIDDLE = 50


@dataclass
class RawComment:
    """A comment as a platform's JSON has it; `key` is the last part of its id."""

    key: int
    text: str = "पाणी कधी येणार?"
    name: str = "उदाहरण जगताप"
    handle: str = "udaharan"
    #: Characters to append to the id of its conversation, or on Facebook to its own id.
    suffix: str = ""
    at: datetime | None = None


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


@dataclass
class StubbedCity:
    """A city whose account on one platform is read from a stub."""

    town: City
    name: str
    stub: Stub
    platform: Platform
    post_id: str

    def __post_init__(self) -> None:
        self.context: WorkerContext = replace(self.town.context, open_account=self._open)

    def _open(self, account: Account) -> Platform:
        is_stubbed = account.platform == self.name
        return self.platform if is_stubbed else self.town.platforms[account.id]

    def sends(self, *comments: RawComment, token: str = "") -> None:
        """Answer every read with these comments, and with the cursor of another page."""
        build: Callable[..., object] = {"x": self._of_x, "facebook": self._of_facebook}[self.name]
        self.stub.default = http_response(build(comments, token))

    def _of_x(self, comments: tuple[RawComment, ...], token: str) -> object:
        posts = [
            {
                "id": str(2_000_000_000_000_000_000 + comment.key),
                "text": comment.text,
                "author_id": str(5_000 + comment.key),
                "conversation_id": self.post_id + comment.suffix,
                "created_at": (comment.at or self.town.now).isoformat(),
            }
            for comment in comments
        ]
        users = [
            {"id": str(5_000 + comment.key), "name": comment.name, "username": comment.handle}
            for comment in comments
        ]
        next_token = {"next_token": token} if token else {}
        meta = {"result_count": len(posts), **next_token}
        return {"data": posts, "includes": {"users": users}, "meta": meta}

    def _of_facebook(self, comments: tuple[RawComment, ...], token: str) -> object:
        rows = [
            {
                "id": f"{self.post_id}_{comment.key}{comment.suffix}",
                "message": comment.text,
                "from": {"id": str(5_000 + comment.key), "name": comment.name},
                "created_time": (comment.at or self.town.now).isoformat(),
            }
            for comment in comments
        ]
        paging = {"cursors": {"after": token}, "next": "https://…"} if token else {}
        return {"data": rows, "paging": paging}

    def listen(self) -> int:
        """Read comments once, after an hour, and return the number of new ones."""
        self.town.clock.move(HOUR)
        return ingest.tick_ingest(self.context)

    def comments(self) -> dict[int, Comment]:
        """Return the stored comments by their keys."""
        with self.town.read() as session:
            rows = session.scalars(select(Comment)).all()
        return {int(row.platform_id.rpartition("_")[2]) % 1_000: row for row in rows}

    def unstored(self) -> list[UnstoredComment]:
        """Return the comments that could not be stored."""
        with self.town.read() as session:
            return list(session.scalars(select(UnstoredComment)))

    def sources(self) -> list[Source]:
        """Return the sources of the account."""
        query = select(Source).where(Source.account_id == self.town.accounts[self.name])
        with self.town.read() as session:
            return list(session.scalars(query))


@pytest.fixture(params=["x", "facebook"])
def stubbed_city(request: pytest.FixtureRequest, town: City) -> Iterator[StubbedCity]:
    """Publish a post, and replace its platform by the real reader of a stub."""
    name = request.param
    (delivery_id,) = town.live(on=[name])
    with serving() as stub:
        hosts = {"x_api_url": stub.url, "graph_api_url": stub.url, "graph_api_version": "v26.0"}
        platform = open_platform(name, CREDENTIALS[name], hosts, now=lambda: town.now)
        yield StubbedCity(town, name, stub, platform, town.platform_id(delivery_id))


@pytest.fixture
def database_rule(database: Database) -> Iterator[None]:
    """Let the database refuse the comments with the text of `REFUSED_BY_DATABASE`."""
    refused = REFUSED_BY_DATABASE.text
    if database.is_sqlite:
        add = "CREATE TRIGGER refuse BEFORE INSERT ON comments"
        add += f" WHEN NEW.text = '{refused}' BEGIN SELECT RAISE(ABORT, 'refused'); END"
        drop = "DROP TRIGGER refuse"
    else:
        add = f"ALTER TABLE comments ADD CONSTRAINT refuse CHECK (text <> '{refused}')"
        drop = "ALTER TABLE comments DROP CONSTRAINT refuse"
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


def test_a_page_of_ordinary_comments_takes_no_savepoint(stubbed_city: StubbedCity) -> None:
    stubbed_city.sends(*around(RawComment(0), 10))
    with statements(stubbed_city.town.database) as executed:
        assert stubbed_city.listen() == 10
    assert [statement for statement in executed if "SAVEPOINT" in statement] == []


def test_a_comment_of_the_future_does_not_hide_those_of_today(stubbed_city: StubbedCity) -> None:
    """On Facebook the cursor is a time: beyond it nothing is listed."""
    at = datetime(9998, 1, 1, tzinfo=UTC)
    stubbed_city.sends(RawComment(1, at=at))
    assert stubbed_city.listen() == 1
    for source in stubbed_city.sources():
        assert str(int(at.timestamp())) not in (source.cursor or "")


def test_doctor_names_the_comments_that_could_not_be_stored(stubbed_city: StubbedCity) -> None:
    town = stubbed_city.town
    assert health_checks.check_comments(town.database, now=town.now) == []
    stubbed_city.sends(TOO_LONG_ID, RawComment(1))
    assert stubbed_city.listen() == 1
    (finding,) = health_checks.check_comments(town.database, now=town.now)
    assert not finding.ok
    assert finding.values["number"] == 1
    assert "has 12" in str(finding.values["reason"])
    later = town.now + timedelta(days=31)
    assert health_checks.check_comments(town.database, now=later) == []


def test_the_lengths_of_the_port_are_those_of_the_columns() -> None:
    lengths = {"url": LONGEST_URL, "platform_id": LONGEST_ID, "parent_platform_id": LONGEST_ID}
    lengths |= {name: most for name, most in LONGEST_TEXTS.items() if name != "text"}
    for name, most in lengths.items():
        assert str(table_of(Comment).c[name].type) == f"VARCHAR({most})"
    assert str(table_of(Thread).c.root_id.type) == f"VARCHAR({LONGEST_ID})"


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
