"""Noting which posts have their times, so that lists look for those without among the few."""

from __future__ import annotations

from sqlalchemy import CursorResult, false, select, update
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.database.session import Database
from publisher.models.posts import Post
from publisher.reports import sql_scheduling

STEP = 2_000
"""How many posts are noted at once."""


def tick_timed(database: Database) -> int:
    """Note the approved posts all of whose texts have a delivery; gives how many.

    No list depends on it: what has not been noted yet is only looked at once more.
    """
    with database.reading() as session:
        found = _complete(session)
    if not found:
        return 0  # nobody waits for a transaction that has nothing to write
    with database.transaction() as session:
        noted = update(Post).where(Post.id.in_(found), sql_scheduling.is_complete())
        result = session.execute(noted.values(timed=True))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _complete(session: Session) -> list[int]:
    todo_kinds = (Post.timed == false(), Post.state == PostState.APPROVED)
    query = select(Post.id).where(*todo_kinds, sql_scheduling.is_complete())
    return list(session.scalars(query.order_by(Post.id).limit(STEP)))
