"""Ingest citizens' comments: read the sources that are due, store and route what is new.

A source is one post of ours, or the mentions of an account. A page of comments is stored in the
same transaction as the cursor behind it, so that no comment is lost; the cursors of posts that are
read together are stored with the last page. A comment that comes twice is stored once, and one that
cannot be stored does not keep others from being stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from publisher import failpoints, transitions
from publisher.delivery import failures, platform_credits
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.costs import budget
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import authors, comment_storage, reading_groups
from publisher.inbox.reading_groups import AgeGroup, Member, Reading
from publisher.inbox.sources import open_sources
from publisher.models.comments import Source
from publisher.models.deliveries import Account, ReceiptRow
from publisher.platforms.base.charges import Cause
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    Platform,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import CommentSource, SharedPage
from publisher.states import AccountState

READING_INTERVALS = (
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=6)),
)
"""The maximum age of a post, and its reading interval up to that age; older posts are not read."""

TOLD_EVERY = timedelta(hours=6)
"""The reading interval of posts on an account whose platform reports comments by webhooks."""

MENTIONS_EVERY = timedelta(minutes=2)
"""The interval at which mentions are read."""

PAUSE_AFTER_ERROR = timedelta(minutes=5)
"""The longest pause of a source that could not be read, unless the platform names a time."""

MOST_WHEN_BUSY = 5
"""The number of sources that a tick reads even while deliveries are being sent."""


def tick_ingest(
    context: WorkerContext,
    *,
    most: int = 50,
    is_busy: Callable[[], bool] = lambda: False,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Read every source that is due; return the number of new comments.

    While `is_busy`, only a few are read, since due deliveries go first; the rest waits for the next
    tick. After an account fails to respond, its other sources wait too, so that it delays no other
    account.
    """
    with context.database.transaction() as session:
        open_sources(session, now=context.now())
    new_count, pool = 0, PlatformPool(context)
    silent_ids: set[int] = set()
    for number in range(most):
        if is_stopping() or (number >= MOST_WHEN_BUSY and is_busy()):
            break
        reading = _lease_next_reading(context, silent_ids)
        if reading is None:
            break
        new_count += _read(pool, reading, silent_ids)
    if not is_stopping():
        authors.complete(pool)
    return new_count


def _lease_next_reading(context: WorkerContext, silent_ids: Collection[int] = ()) -> Reading | None:
    """Lease the source that has waited longest, so that no other clock reads it now."""
    with context.database.transaction() as session:
        now = context.now()
        query = (
            select(Source)
            .join(Account, Account.id == Source.account_id)
            .outerjoin(ReceiptRow, ReceiptRow.id == Source.receipt_id)
            .where(Source.read_at <= now, Account.state == AccountState.CONNECTED)
            .where(ReceiptRow.gone_at.is_(None), Source.account_id.not_in(silent_ids))
            .where(~platform_credits.has_no_credits())
            .options(contains_eager(Source.account), contains_eager(Source.receipt))
            .order_by(Source.read_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=Source)
        )
        source = session.scalars(query).one_or_none()
        if source is None:
            return None
        source.read_at = now + timedelta(seconds=context.delivery_settings.lease)
        return Reading(source.account, (Member.of(source),), _age_group(source, now))


def _read(pool: PlatformPool, reading: Reading, silent_ids: set[int]) -> int:
    """Read a page, or all pages of posts that are read together; return the number of new comments.

    The account's id is added to `silent_ids` if the platform does not respond.
    """
    context, new_count = pool.context, 0
    asked_at = context.now()
    try:
        platform = pool.open(reading.account)
        reading = reading_groups.lease_companions(context, platform, reading)
        for nameless_page in _pages(platform, reading):
            page = authors.name_authors(context, platform, reading.account, nameless_page)
            failpoints.hit("listen.page_unstored")
            new_count += _store_page(context, reading, page, asked_at)
            failpoints.hit("listen.page_stored")
            if not page.cursors:
                failpoints.hit("listen.between_pages")
    except CreditsUsedUp:
        _wait_for_credits(context, reading)
        silent_ids.add(reading.account.id)
    except TryLater as problem:
        _postpone(context, reading, problem.at)
        silent_ids.add(reading.account.id)
    except Refused:
        _postpone(context, reading, None)
    except CredentialsExpired:
        _pause_account(context, reading)
    return new_count


def _pages(platform: Platform, reading: Reading) -> Iterator[SharedPage]:
    if len(reading.members) > 1:
        yield from platform.comments_under(reading.cursors)
        return
    (member,) = reading.members
    page = platform.comments_since(CommentSource(member.post_id or None), member.cursor)
    yield SharedPage(page.comments, {member.post_id: page.cursor or ""}, page.more)


def _postpone(context: WorkerContext, reading: Reading, at: datetime | None) -> None:
    with context.database.transaction() as session:
        now = context.now()
        is_slowed = _is_slowed(session, reading, now)
        for source in reading_groups.sources_by_post(session, reading).values():
            pause = min(_interval(source, now, is_slowed) or PAUSE_AFTER_ERROR, PAUSE_AFTER_ERROR)
            source.read_at = max(at, now) if at else now + pause


def _wait_for_credits(context: WorkerContext, reading: Reading) -> None:
    with context.database.transaction() as session:
        now = context.now()
        for source in reading_groups.sources_by_post(session, reading).values():
            source.read_at = now
        platform_credits.record_exhaustion(session, reading.account.platform, now=now)


def _pause_account(context: WorkerContext, reading: Reading) -> None:
    with context.database.transaction() as session:
        now = context.now()
        for source in reading_groups.sources_by_post(session, reading).values():
            source.read_at = now
        failures.pause(session, reading.account.id, now)


def _store_page(
    context: WorkerContext, reading: Reading, page: SharedPage, asked_at: datetime
) -> int:
    """Store the page with its cursors; return the number of new comments.

    The comments are stored together, which takes the fewest statements. If one of them cannot be
    stored, each is stored in a savepoint of its own, in one transaction with the cursors too.
    """
    try:
        return _store_comments(context, reading, page, asked_at, comment_storage.store)
    except comment_storage.NOT_STORABLE:
        return _store_comments(context, reading, page, asked_at, comment_storage.store_or_keep)


def _store_comments(
    context: WorkerContext,
    reading: Reading,
    page: SharedPage,
    asked_at: datetime,
    store: Callable[..., bool],
) -> int:
    """Store the page's comments by `store`, and the cursors.

    If it has any, the account is locked, so that two clocks do not store the same comment.
    """
    remote_comments = [
        remote_comment for remote_comment in page.comments if not remote_comment.by_ourselves
    ]
    account_id = reading.account.id
    with context.database.transaction() as session:
        now = context.now()
        if remote_comments:
            transitions.lock(session, Account, account_id)
        sources = reading_groups.sources_by_post(session, reading)
        new_count = sum(
            store(session, account_id, remote_comment, now, asked_at=asked_at)
            for remote_comment in remote_comments
        )
        if not page.cursors:
            # The next page follows at once, so no other clock may begin.
            for source in sources.values():
                source.read_at = now + timedelta(seconds=context.delivery_settings.lease)
            return new_count
        is_slowed = _is_slowed(session, reading, now)
        for post_id, cursor in page.cursors.items():
            source = sources[post_id]
            interval = _interval(source, now, is_slowed)
            _move(source, cursor, page, now, interval and max(interval, reading.least_pause))
    return new_count


def _move(
    source: Source, cursor: str, page: SharedPage, now: datetime, pause: timedelta | None
) -> None:
    """Store how far the source was read, and when it is read next: without a pause, never."""
    source.cursor = cursor or None
    if page.comments or not page.more:
        source.last_read_at = now
    if page.more:
        source.read_at = now
    else:
        source.read_at = None if pause is None else now + pause


def _age_group(source: Source, now: datetime) -> AgeGroup | None:
    if source.receipt is None:
        return None
    youngest, age = timedelta(0), now - source.receipt.published_at
    for oldest, interval in READING_INTERVALS:
        if age <= oldest:
            return AgeGroup(now - oldest, now - youngest, interval)
        youngest = oldest
    return None


def _is_slowed(session: Session, reading: Reading, now: datetime) -> bool:
    """Return whether the budget slows this reading; its sources share account and cause."""
    cause = Cause.REPLIES if reading.members[0].post_id else Cause.MENTIONS
    return session.scalar(select(budget.is_slowed(cause, reading.account.id, now))) is True


def _interval(source: Source, now: datetime, is_slowed: bool) -> timedelta | None:
    """Return the reading interval of a source, longer once the budget is used up.

    It is None if the source is no longer read.
    """
    interval = MENTIONS_EVERY
    if source.receipt is not None:
        age = now - source.receipt.published_at
        intervals = [interval for oldest, interval in READING_INTERVALS if age <= oldest]
        if not intervals:
            return None
        interval = TOLD_EVERY if source.account.is_told else intervals[0]
    return interval * budget.SLOW_FACTOR if is_slowed else interval
