from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from publisher import transitions
from publisher.delivery.attempt import PlatformPool
from publisher.inbox import comment_storage, ingest
from publisher.inbox.sources import open_sources
from publisher.models.comments import Comment, Source, Thread
from publisher.models.deliveries import Account
from publisher.platforms.base import types
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Platform,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import CommentPage
from publisher.states import AccountState
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.memory_platform.platform import MemoryPlatform

REFUSED = Refused(RefusalCode.UNKNOWN)


def test_a_comment_under_our_post_is_stored_with_who_wrote_it_and_when(town: City) -> None:
    (delivery_id,) = town.live()
    own = town.platform("x").citizen_says(
        "पाणी कधी येणार?", parent_id=town.platform_id(delivery_id), author="उदाहरण जगताप"
    )
    said_at = town.now
    assert town.listen(10 * MINUTE) == 1
    with town.read() as session:
        comment = session.scalars(select(Comment)).one()
        assert (comment.platform_id, comment.text) == (own, "पाणी कधी येणार?")
        assert comment.author_name == "उदाहरण जगताप"
        assert (comment.written_at, comment.seen_at) == (said_at, town.now)
        assert comment.parent_platform_id == town.platform_id(delivery_id)
        assert comment.thread.receipt is not None
        assert comment.thread.receipt.delivery_id == delivery_id


def test_what_is_read_again_is_stored_once(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    _forget_cursors(town)
    assert town.listen(HOUR) == 0
    assert _count(town) == 1
    assert town.verbs("comments", comment_id) == ["receive", "route"]
    assert town.notified("comment_routed") == ["first"]


def test_a_reply_to_a_comment_is_found_in_the_same_thread(town: City) -> None:
    (delivery_id,) = town.live(on=["facebook"])
    first = town.comment("आमच्या भागात?", under=delivery_id, on="facebook")
    with town.read() as session:
        parent = session.get_one(Comment, first).platform_id
    town.platform("facebook").citizen_says("आमच्याही?", parent_id=parent, author="नमुना")
    assert town.listen(HOUR) == 1
    with town.read() as session:
        nested = session.scalars(select(Comment).where(Comment.id != first)).one()
        assert nested.parent_platform_id == parent
        assert nested.thread_id == session.get_one(Comment, first).thread_id
        assert session.scalar(select(func.count()).select_from(Thread)) == 1


def test_our_own_answers_are_no_comments(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment(under=delivery_id)
    town.answer(comment_id)
    town.tick_dispatch()
    assert len(town.platform("x").published) == 2
    assert town.listen(HOUR) == 0
    assert _count(town) == 1


def test_an_edited_comment_keeps_its_row_and_gets_its_new_text(town: City) -> None:
    (delivery_id,) = town.live()
    comment_id = town.comment("जुना मजकूर", under=delivery_id)
    platform = town.platform("x")
    platform.posts[-1] = replace(platform.posts[-1], text="नवा मजकूर")
    _forget_cursors(town)
    assert town.listen(HOUR) == 0
    with town.read() as session:
        assert session.get_one(Comment, comment_id).text == "नवा मजकूर"
    assert town.verbs("comments", comment_id)[-1] == "edited_by_citizen"


def test_many_pages_are_read_in_one_tick_each_with_its_cursor(town: City) -> None:
    (delivery_id,) = town.live()
    platform, post = town.platform("x"), town.platform_id(delivery_id)
    platform.page_size = 2
    for number in range(5):
        platform.citizen_says(f"टिप्पणी {number}", parent_id=post)
    assert town.listen() == 5
    with town.read() as session:
        source = session.scalars(select(Source).where(Source.receipt_id.is_not(None))).one()
        assert source.cursor == platform.posts[-1].platform_id


@pytest.mark.twin
@pytest.mark.parametrize("where", ["sources", "comments", "routings", "events"])
def test_a_crash_while_a_page_is_stored_loses_nothing(town: City, where: str) -> None:
    """Comments and cursor are stored in one transaction, wherever the process dies."""
    (delivery_id,) = town.live()
    town.listen()
    post = town.platform_id(delivery_id)
    for number in range(3):
        town.platform("x").citizen_says(f"टिप्पणी {number}", parent_id=post)
    with _failing_write_to(town, where), pytest.raises(Crash):
        town.listen(10 * MINUTE)
    assert _count(town) == 0
    assert town.listen(HOUR) == 3
    assert _count(town) == 3


@pytest.mark.both
def test_two_clocks_that_read_the_same_page_store_each_comment_once(town: City) -> None:
    (delivery_id,) = town.live()
    town.listen()
    town.platform("x").citizen_says("एकदाच", parent_id=town.platform_id(delivery_id))
    town.clock.move(10 * MINUTE)
    readings = [ingest._lease_next_reading(town.context)]
    with town.write() as session:
        for source in session.scalars(select(Source)):
            source.read_at = town.now
    readings.append(ingest._lease_next_reading(town.clock_named("clock-2")))
    pool = PlatformPool(town.context)
    pages = [ingest._read(pool, reading, set()) for reading in readings if reading is not None]
    assert set(pages) == {0, 1}
    assert _count(town) == 1


@pytest.mark.both
def test_a_clock_waits_for_another_one_that_stores_the_same_comment(town: City) -> None:
    (delivery_id,) = town.live()
    post_id = town.platform_id(delivery_id)
    town.listen()
    town.platform("x").citizen_says("एकदाच", parent_id=post_id)
    town.clock.move(10 * MINUTE)
    reading = ingest._lease_next_reading(town.context)
    assert reading is not None
    page = town.platform("x").comments_since(types.CommentSource(post_id), None)
    counts: list[int] = []
    with town.write() as session:
        transitions.lock(session, Account, town.accounts["x"])
        comment_storage.store(
            session, town.accounts["x"], page.comments[-1], town.now, asked_at=town.now
        )
        pool = PlatformPool(town.clock_named("clock-2"))
        other = threading.Thread(target=lambda: counts.append(ingest._read(pool, reading, set())))
        other.start()
        other.join(0.3)
        assert counts == []
    other.join(30)
    assert counts == [0]
    assert _count(town) == 1


def test_a_mention_under_none_of_our_posts_is_read_on_x_alone(town: City) -> None:
    town.platform("x").citizen_says("@city रस्त्यावर खड्डा आहे")
    town.platform("facebook").citizen_says("@city रस्त्यावर खड्डा आहे")
    assert town.listen() == 1
    with town.read() as session:
        comment = session.scalars(select(Comment)).one()
        assert comment.account_id == town.accounts["x"]
        assert comment.thread.receipt is None


def test_one_comment_in_mentions_and_under_a_post_is_one_comment(town: City) -> None:
    (delivery_id,) = town.live()
    town.platform("x").citizen_says("@city कधी?", parent_id=town.platform_id(delivery_id))
    assert town.listen() == 1
    assert _count(town) == 1


def test_comments_of_older_posts_are_read_less_often_and_end_after_30_days(town: City) -> None:
    (delivery_id,) = town.live()
    published_at = town.now
    town.listen()
    pauses = []
    for age in (MINUTE, 2 * HOUR, 2 * DAY, 10 * DAY):
        town.clock.at = published_at + age
        town.listen()
        next_at = _source(town, delivery_id).read_at
        assert next_at is not None
        pauses.append(next_at - town.now)
    assert pauses == [MINUTE, 5 * MINUTE, HOUR, 6 * HOUR]
    town.clock.at = published_at + 31 * DAY
    town.listen()
    assert _source(town, delivery_id).read_at is None
    assert town.listen(DAY) == 0


@pytest.mark.parametrize("trouble", [TryLater(), TryLater(at=None), Refused(RefusalCode.UNKNOWN)])
@pytest.mark.parametrize(
    ("age", "wait"), [(10 * MINUTE, MINUTE), (2 * HOUR, 5 * MINUTE), (2 * DAY, 5 * MINUTE)]
)
def test_a_platform_in_trouble_is_read_again_later_from_where_it_stood(
    town: City, trouble: PlatformError, age: timedelta, wait: timedelta
) -> None:
    (delivery_id,) = town.live()
    town.listen()
    before = _source(town, delivery_id).cursor
    healthy = _replace_x(town, trouble)
    town.listen(age)
    source = _source(town, delivery_id)
    assert (source.cursor, source.read_at) == (before, town.now + wait)
    town.platforms[town.accounts["x"]] = healthy
    healthy.citizen_says("अजून आहे", parent_id=town.platform_id(delivery_id))
    assert town.listen(HOUR) == 1


def test_a_platform_that_names_a_time_is_left_alone_until_then(town: City) -> None:
    (delivery_id,) = town.live()
    town.listen()
    _replace_x(town, TryLater(at=town.now + HOUR))
    town.listen(10 * MINUTE)
    assert _source(town, delivery_id).read_at == town.now + 50 * MINUTE


@pytest.mark.parametrize(("trouble", "requests"), [(TryLater(), 1), (REFUSED, 3)])
def test_a_silent_platform_is_asked_once_a_tick_and_delays_no_other(
    town: City, trouble: PlatformError, requests: int
) -> None:
    """Two posts and the mentions on X, and two posts on Facebook, are due; X is read first."""
    troubled = _two_posts_on_each(town, trouble)
    assert town.listen() == 2
    assert troubled.asked == requests
    with town.read() as session:
        waiting = [
            source for source in _sources(session) if source.read_at and source.read_at < town.now
        ]
    assert len(waiting) == 3 - requests
    assert {reading.account_id for reading in waiting} <= {town.accounts["x"]}
    assert town.listen() == 0
    assert troubled.asked == min(3, requests + 1)


def test_a_clock_that_is_to_stop_ends_after_the_page_in_hand(town: City) -> None:
    troubled = _two_posts_on_each(town, REFUSED)
    stopped = ingest.tick_ingest(town.context, is_stopping=lambda: troubled.asked == 1)
    assert (stopped, troubled.asked) == (0, 1)


def _two_posts_on_each(town: City, trouble: PlatformError) -> _FailingPlatform:
    """Add two posts on each platform, due to be read, with new comments on Facebook."""
    for _ in range(2):
        town.live()
    town.listen()
    town.clock.move(MINUTE)
    for _ in range(2):
        (post,) = town.live("road", on=["facebook"])
        town.platform("facebook").citizen_says("इथे?", parent_id=town.platform_id(post))
    _replace_x(town, trouble)
    with town.write() as session:
        open_sources(session, now=town.now + HOUR)
        for source in _sources(session):
            on_x = source.account_id == town.accounts["x"]
            source.read_at = town.now + (MINUTE if on_x else 2 * MINUTE)
    town.clock.move(HOUR)
    troubled = town.platforms[town.accounts["x"]]
    assert isinstance(troubled, _FailingPlatform)
    return troubled


@pytest.mark.parametrize("at", ["reading", "opening"])
def test_an_expired_token_pauses_the_account_and_others_are_read_on(town: City, at: str) -> None:
    """Either the platform reports it, or the stored credentials cannot be opened."""
    town.live()
    (on_facebook,) = town.live("road", on=["facebook"])
    town.platform("facebook").citizen_says("इथे?", parent_id=town.platform_id(on_facebook))
    if at == "reading":
        _replace_x(town, CredentialsExpired())
        comments_read = town.listen()
    else:
        comments_read = ingest.tick_ingest(
            replace(town.context, open_account=lambda account: _opened(town, account))
        )
    assert comments_read == 1
    with town.read() as session:
        states = {account.platform: account.state for account in session.scalars(select(Account))}
    assert states == {"x": AccountState.PAUSED, "facebook": AccountState.CONNECTED}
    assert town.notified("account_paused") == ["admin", "lead"]


@pytest.mark.parametrize(("busy", "read"), [(False, 7), (True, ingest.MOST_WHEN_BUSY)])
def test_a_busy_worker_reads_a_few_sources_and_the_rest_at_the_next_tick(
    town: City, *, busy: bool, read: int
) -> None:
    """Six posts and the mentions are due."""
    for _ in range(6):
        town.live()
    ticks = [_read_by_one_tick(town, busy=busy) for _ in range(2)]
    assert ticks == [read, 7 - read]


def test_a_tick_opens_each_account_once_however_many_posts_it_reads(town: City) -> None:
    for _ in range(3):
        town.live()
    opened: list[Account] = []

    def open_account(account: Account) -> Platform:
        opened.append(account)
        return town.context.open_account(account)

    ingest.tick_ingest(replace(town.context, open_account=open_account))
    assert [account.platform for account in opened] == ["x"]


@pytest.mark.both
def test_two_clocks_that_open_the_same_sources_open_each_once(town: City) -> None:
    """A post and the mentions are new. On PostgreSQL the second clock waits for the first; on
    SQLite it begins after the first.
    """
    town.live()
    with town.write() as session:
        open_sources(session, now=town.now)
        other = threading.Thread(target=_open_sources, args=[town])
        other.start()
        other.join(0.3)
    other.join(30)
    with town.read() as session:
        heard = [source.receipt_id is None for source in session.scalars(select(Source))]
    assert sorted(heard) == [False, True]


def _open_sources(town: City) -> None:
    with town.write() as session:
        open_sources(session, now=town.now)


def _read_by_one_tick(town: City, *, busy: bool) -> int:
    town.clock.move(timedelta(seconds=1))
    ingest.tick_ingest(town.context, is_busy=lambda: busy)
    with town.read() as session:
        return len(session.scalars(select(Source).where(Source.last_read_at == town.now)).all())


class Crash(Exception):
    """Stands for the death of the process."""


def _failing_write_to(town: City, table: str) -> _FailingWrite:
    return _FailingWrite(town, table)


class _FailingWrite:
    """Raises at the first write to a table, as if the process died there."""

    def __init__(self, town: City, table: str) -> None:
        self.engine, self.table = town.database.engine, table

    def __enter__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self._die)

    def __exit__(self, *_why: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._die)

    def _die(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        writes = (f"INSERT INTO {self.table} ", f"UPDATE {self.table} SET cursor")
        if statement.startswith(writes):
            raise Crash(self.table)


class _FailingPlatform(MemoryPlatform):
    """Cannot be read; `asked` counts the attempts."""

    def __init__(self, town: City, trouble: PlatformError) -> None:
        super().__init__(now=town.clock, name="x")
        self.trouble = trouble
        self.asked = 0

    def comments_since(self, source: types.CommentSource, cursor: str | None) -> CommentPage:
        del source, cursor
        self.asked += 1
        raise self.trouble


def _replace_x(town: City, trouble: PlatformError) -> MemoryPlatform:
    """Replace X by a failing platform, and return the working one."""
    healthy = town.platform("x")
    town.platforms[town.accounts["x"]] = _FailingPlatform(town, trouble)
    return healthy


def _opened(town: City, account: Account) -> MemoryPlatform:
    if account.platform == "x":
        raise CredentialsExpired("sealed with another key")
    return town.platforms[account.id]


def _count(town: City) -> int:
    with town.read() as session:
        return session.scalar(select(func.count()).select_from(Comment)) or 0


def _forget_cursors(town: City) -> None:
    with town.write() as session:
        for source in _sources(session):
            source.cursor = None


def _sources(session: Session) -> Iterator[Source]:
    yield from session.scalars(select(Source))


def _source(town: City, delivery_id: int) -> Source:
    own = town.platform_id(delivery_id)
    with town.read() as session:
        sources = [
            source
            for source in _sources(session)
            if source.receipt and source.receipt.platform_id == own
        ]
        return sources[0]
