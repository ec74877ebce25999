"""Marking posts as completely scheduled, so that lists search only the others."""

from __future__ import annotations

from sqlalchemy import false, select, update

from approvals.states import PostState
from publisher.database.session import Database, changed_rows
from publisher.models.posts import Post
from publisher.reports import sql_scheduling

STEP = 2_000
"""How many posts a tick marks."""


def tick_timed(database: Database) -> int:
    """Mark approved posts whose texts all have a delivery, and return how many.

    No list depends on the mark: a post without it is only read again.
    """
    conditions = (Post.timed == false(), Post.state == PostState.APPROVED)
    complete = select(Post.id).where(*conditions, sql_scheduling.is_complete())
    with database.reading() as session:
        post_ids = session.scalars(complete.order_by(Post.id).limit(STEP)).all()
    if not post_ids:
        return 0  # nobody waits for a transaction that has nothing to write
    with database.transaction() as session:
        statement = update(Post).where(Post.id.in_(post_ids), sql_scheduling.is_complete())
        return changed_rows(session, statement.values(timed=True))
