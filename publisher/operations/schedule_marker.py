"""Marking posts as completely scheduled, so that checks of tasks read only the others."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, select, update

from approvals.states import PostState
from publisher.database.session import Database, changed_rows
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, Revision, Variant

STEP = 2_000
"""How many posts a tick marks."""


def tick_timed(database: Database) -> int:
    """Mark approved posts whose texts all have a delivery, and return how many.

    Nothing depends on the mark: a post without it is only read again.
    """
    conditions = (Post.timed == false(), Post.state == PostState.APPROVED)
    complete = select(Post.id).where(*conditions, _is_complete())
    with database.reading() as session:
        post_ids = session.scalars(complete.order_by(Post.id).limit(STEP)).all()
    if not post_ids:
        return 0  # nobody waits for a transaction that has nothing to write
    with database.transaction() as session:
        statement = update(Post).where(Post.id.in_(post_ids), _is_complete())
        return changed_rows(session, statement.values(timed=True))


def _is_complete() -> ColumnElement[bool]:
    """The post is approved, and every text of its newest revision has a delivery."""
    lacking = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(
            Revision.post_id == Post.id,
            Revision.number == Post.newest,
            ~exists().where(Delivery.variant_id == Variant.id).correlate(Variant),
        )
    )
    return and_(Post.state == PostState.APPROVED, ~lacking.correlate(Post).exists())
