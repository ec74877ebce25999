"""Sources that are read together: posts of one account and of about the same age, in one request.

Each keeps its own cursor, so a group lasts for one reading only, and the next source that is due
chooses its own companions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from publisher.delivery.worker_context import WorkerContext
from publisher.models.comments import Source
from publisher.models.deliveries import Account, ReceiptRow
from publisher.platforms.base.protocol import Platform

QUARTER: Final = timedelta(minutes=15)

MOST_REQUESTS: Final = 150
"""The requests that the posts of one age may use in a quarter of an hour; X grants 300 in all."""

EARLY_SHARE: Final = 0.5
"""The share of the reading interval by which a companion may be read too early."""


@dataclass(frozen=True)
class Member:
    """A source in a reading; `post_id` is empty for the account's mentions."""

    source_id: int
    post_id: str
    cursor: str | None

    @classmethod
    def of(cls, source: Source) -> Member:
        """Return a source as a member; its receipt has to be loaded."""
        post_id = source.receipt.platform_id if source.receipt else ""
        return cls(source.id, post_id, source.cursor)


@dataclass(frozen=True)
class AgeGroup:
    """The posts that were published after one time and not after another, and their interval."""

    after: datetime
    until: datetime
    interval: timedelta

    def has(self) -> ColumnElement[bool]:
        """Return the condition that a receipt is of this age and its post is still there."""
        return (
            (ReceiptRow.published_at > self.after)
            & (ReceiptRow.published_at <= self.until)
            & ReceiptRow.gone_at.is_(None)
        )


@dataclass(frozen=True)
class Reading:
    """The sources of an account that this clock reads now: one, or several posts together.

    `age_group` is that of its posts; None for mentions, and for a post that is read for the last
    time.
    """

    account: Account
    members: tuple[Member, ...]
    age_group: AgeGroup | None = None
    #: The shortest pause until it is read again, so that many posts keep within a rate limit.
    least_pause: timedelta = timedelta(0)

    @property
    def cursors(self) -> Mapping[str, str | None]:
        """The members' cursors by the ids of their posts."""
        return {member.post_id: member.cursor for member in self.members}


def lease_companions(context: WorkerContext, platform: Platform, reading: Reading) -> Reading:
    """Lease the posts that can be read together with this one, and return the larger reading."""
    most, age_group = platform.limits.read_together, reading.age_group
    if most == 1 or age_group is None:
        return reading
    with context.database.transaction() as session:
        now = context.now()
        sources = _companions(session, reading, age_group, now=now, most=most)
        members = {
            member.post_id: member for member in (*reading.members, *map(Member.of, sources))
        }
        cursors = {post_id: member.cursor for post_id, member in members.items()}
        together = platform.posts_together(cursors)
        for source in sources:
            if source.receipt and source.receipt.platform_id in together:
                source.read_at = now + timedelta(seconds=context.delivery_settings.lease)
        least_pause = _least_pause(session, reading.account.id, age_group, most)
    return replace(
        reading,
        members=tuple(members[post_id] for post_id in together),
        least_pause=least_pause,
    )


def _companions(
    session: Session, reading: Reading, age_group: AgeGroup, *, now: datetime, most: int
) -> list[Source]:
    """Return and lock the posts of the same age that are due next, the longest waiting first."""
    query = (
        select(Source)
        .join(ReceiptRow, ReceiptRow.id == Source.receipt_id)
        .where(
            Source.account_id == reading.account.id,
            Source.id.not_in([member.source_id for member in reading.members]),
            Source.read_at <= now + age_group.interval * EARLY_SHARE,
            age_group.has(),
        )
        .options(contains_eager(Source.receipt))
        .order_by(Source.read_at, Source.id)
        # Some may be in the middle of a round of their own.
        .limit(2 * most)
        .with_for_update(skip_locked=True, of=Source)
    )
    return list(session.scalars(query))


def _least_pause(session: Session, account_id: int, age_group: AgeGroup, most: int) -> timedelta:
    query = (
        select(func.count())
        .select_from(Source)
        .join(ReceiptRow, ReceiptRow.id == Source.receipt_id)
        # No source is due before its post is published: the index finds these.
        .where(Source.account_id == account_id, Source.read_at > age_group.after, age_group.has())
    )
    groups = -(-session.execute(query).scalar_one() // most)
    return QUARTER * groups / MOST_REQUESTS


def sources_by_post(session: Session, reading: Reading) -> dict[str, Source]:
    """Return the sources of a reading by the ids of their posts."""
    post_ids = {member.source_id: member.post_id for member in reading.members}
    query = (
        select(Source)
        .where(Source.id.in_(post_ids))
        .options(joinedload(Source.receipt))
        .order_by(Source.id)
    )
    return {post_ids[source.id]: source for source in session.scalars(query)}
