"""The authors of comments on X: asked for once in 30 days, completed later, then erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import authors, ingest
from publisher.models.comments import Comment, CommentAuthor, UnnamedComment
from publisher.operations import retention
from publisher.platforms.base import types
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Author, CommentPage, CommentSource, PlatformLimits
from tests.support.city import City
from tests.support.memory_platform.platform import MemoryPlatform

TROUBLES = (
    TryLater(),
    Refused(RefusalCode.PERMISSION),
    CredentialsExpired(),
)


@dataclass
class NamelessPlatform:
    """A platform whose comments come without names, as X's do."""

    platform: MemoryPlatform
    names: dict[str, str] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    trouble: PlatformError | None = None
    has_authors: bool = True

    @property
    def limits(self) -> PlatformLimits:
        return self.platform.limits

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        page = self.platform.comments_since(source, cursor)
        comments = tuple(self._nameless(comment) for comment in page.comments)
        return replace(page, comments=comments)

    def _nameless(self, comment: types.RemoteComment) -> types.RemoteComment:
        self.names.setdefault(comment.author_id, comment.author_name)
        return replace(comment, author_name="", author_handle=None)

    def authors(self, author_ids: Sequence[str]) -> dict[str, Author]:
        self.asked.append(list(author_ids))
        if self.trouble is not None:
            raise self.trouble
        return {key: Author(self.names[key], "n") for key in author_ids if self.has_authors}


@dataclass
class NamelessCity:
    """A city that reads mentions from such a platform."""

    town: City
    x: NamelessPlatform
    context: WorkerContext

    def mention(self, author: str, after: timedelta = timedelta(minutes=5)) -> None:
        """Let somebody mention the city, and read it."""
        self.x.platform.citizen_says("@city पाणी?", parent_id=None, author=author)
        self.listen(after)

    def listen(self, after: timedelta = timedelta(minutes=5)) -> None:
        """Read comments after that long."""
        self.town.clock.move(after)
        ingest.tick_ingest(self.context)

    def names(self) -> list[tuple[str, str]]:
        """Return the names and handles of the stored comments."""
        with self.town.read() as session:
            rows = session.scalars(select(Comment).order_by(Comment.id))
            return [(row.author_name, row.author_handle) for row in rows]


@pytest.fixture
def nameless(town: City) -> NamelessCity:
    """Replace X by a platform without names."""
    x = NamelessPlatform(town.platform("x"))
    context = replace(
        town.context,
        open_account=lambda account: x if account.platform == "x" else town.platforms[account.id],  # type: ignore[arg-type, return-value]  # it only reads
    )
    return NamelessCity(town, x, context)


def test_an_author_is_asked_for_once_in_thirty_days(nameless: NamelessCity) -> None:
    nameless.mention("आशा")
    nameless.mention("आशा")
    assert nameless.names() == [("आशा", "n")] * 2
    assert len(nameless.x.asked) == 1
    nameless.mention("आशा", after=authors.KEPT_FOR)
    assert len(nameless.x.asked) == 2


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_a_comment_whose_author_cannot_be_read_is_completed_later(
    nameless: NamelessCity, trouble: PlatformError
) -> None:
    nameless.x.trouble = trouble
    nameless.mention("आशा")
    assert nameless.names() == [("", "")]
    nameless.x.trouble = None
    nameless.listen()  # not tried again yet
    assert nameless.names() == [("", "")]
    nameless.listen(authors.TRY_AGAIN)
    assert nameless.names() == [("आशा", "n")]
    asked = len(nameless.x.asked)
    nameless.listen(authors.TRY_AGAIN)
    assert len(nameless.x.asked) == asked


def test_an_author_who_is_gone_is_not_asked_for_again(nameless: NamelessCity) -> None:
    nameless.x.has_authors = False
    nameless.mention("उदाहरण")
    nameless.mention("उदाहरण")
    nameless.listen(authors.TRY_AGAIN)
    assert len(nameless.x.asked) == 1
    assert nameless.names() == [("", "")] * 2
    with nameless.town.read() as session:
        assert session.scalars(select(UnnamedComment)).all() == []


@pytest.mark.twin
def test_authors_are_erased_after_thirty_days(nameless: NamelessCity) -> None:
    nameless.mention("आशा")
    nameless.x.trouble = TryLater()
    nameless.mention("विजय")
    town = nameless.town
    for after, left in ((timedelta(days=29), (1, 1)), (timedelta(days=2), (0, 0))):
        town.clock.move(after)
        retention.tick_retention(town.database, town.store, now=town.now)
        with town.read() as session:
            rows = [
                session.scalars(select(table)).all() for table in (CommentAuthor, UnnamedComment)
            ]
        assert (len(rows[0]), len(rows[1])) == left
    assert nameless.names()[0] == ("आशा", "n")
