"""The sources of comments: one for each live post of ours, and the mentions of each account."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, bindparam, null, select
from sqlalchemy.orm import Session

from publisher.database.bulk import insert_for
from publisher.models.comments import Source
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Post, PostKind
from publisher.platforms.registry import all_platforms
from publisher.transitions import NOW


def open_sources(session: Session, *, now: datetime) -> None:
    """Create the sources of every new live post, and of each account that has mentions."""
    session.flush()
    connection = session.connection()
    dialect = connection.dialect.name
    connection.execute(_insert_sources_of_posts(dialect), {"now": now})
    platforms = [platform.name for platform in all_platforms() if platform.has_mentions]
    connection.execute(_insert_sources_of_mentions(dialect), {"now": now, "platforms": platforms})


#: PostgreSQL:
#:   INSERT INTO sources (account_id, receipt_id, read_at)
#:   SELECT receipts.account_id, receipts.id, :now AS read_at
#:   FROM receipts
#:   JOIN deliveries ON deliveries.id = receipts.delivery_id
#:   JOIN posts ON posts.id = deliveries.post_id
#:   LEFT OUTER JOIN sources ON sources.receipt_id = receipts.id
#:   WHERE sources.id IS NULL
#:     AND posts.kind = 'post'
#:     AND receipts.action = 'publish'
#:     AND receipts.gone_at IS NULL
#:   ON CONFLICT DO NOTHING
@cache
def _insert_sources_of_posts(dialect: str) -> Insert:
    new_posts = (
        select(ReceiptRow.account_id, ReceiptRow.id, NOW.label("read_at"))
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Post, Post.id == Delivery.post_id)
        .outerjoin(Source, Source.receipt_id == ReceiptRow.id)
        .where(
            Source.id.is_(None),
            Post.kind == PostKind.POST,
            ReceiptRow.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
        )
    )
    return _insert_sources(dialect, new_posts)


#: PostgreSQL:
#:   INSERT INTO sources (account_id, receipt_id, read_at)
#:   SELECT accounts.id, NULL AS receipt_id, :now AS read_at
#:   FROM accounts
#:   LEFT OUTER JOIN sources ON sources.account_id = accounts.id
#:     AND sources.receipt_id IS NULL
#:   WHERE sources.id IS NULL
#:     AND accounts.platform IN (:platforms)
#:   ON CONFLICT DO NOTHING
@cache
def _insert_sources_of_mentions(dialect: str) -> Insert:
    new_mentions = (
        select(Account.id, null().label("receipt_id"), NOW.label("read_at"))
        .outerjoin(Source, (Source.account_id == Account.id) & Source.receipt_id.is_(None))
        .where(Source.id.is_(None), Account.platform.in_(bindparam("platforms", expanding=True)))
    )
    return _insert_sources(dialect, new_mentions)


def _insert_sources(dialect: str, query: Select[*tuple[Any, ...]]) -> Insert:
    insertion = insert_for(dialect, Source).from_select(
        ["account_id", "receipt_id", "read_at"], query
    )
    # Another clock may open the same ones at this moment.
    return insertion.on_conflict_do_nothing()
