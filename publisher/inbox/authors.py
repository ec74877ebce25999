"""The authors of comments, on platforms that charge for each: read once, and kept for 30 days.

A platform whose comments come with their authors' names is never asked. A comment whose author
cannot be read now is stored anyway, and completed by a later tick.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import Insert, bindparam, delete, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session, contains_eager

from publisher.database.bulk import insert_for
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.worker_context import WorkerContext
from publisher.models.comments import Comment, CommentAuthor, UnnamedComment
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import CredentialsExpired, Platform, Refused, TryLater
from publisher.platforms.base.types import Author, RemoteComment, SharedPage
from publisher.states import AccountState

KEPT_FOR: Final = timedelta(days=30)
"""How long an author's names are kept; then they are erased, and read again."""

TRY_AGAIN: Final = timedelta(minutes=15)
"""The pause before a comment without its author's name is tried again."""

AT_ONCE: Final = 100
"""The most authors in one request."""

NOBODY: Final = Author("", None)
"""An author whom the platform does not know, or no longer knows."""


def name_authors(
    context: WorkerContext, platform: Platform, account: Account, page: SharedPage
) -> SharedPage:
    """Return the page with the names of its authors, as far as they can be read now."""
    names = _names(context, platform, account, _nameless_ids(page.comments))
    comments = tuple(_add_name(comment, names) for comment in page.comments)
    return dataclasses.replace(page, comments=comments)


def _nameless_ids(comments: Sequence[RemoteComment]) -> list[str]:
    return sorted(
        {
            comment.author_id
            for comment in comments
            if comment.author_id and not comment.author_name and not comment.by_ourselves
        }
    )


def _add_name(comment: RemoteComment, names: Mapping[str, Author]) -> RemoteComment:
    author = names.get(comment.author_id, NOBODY)
    if comment.author_name or author == NOBODY:
        return comment
    return dataclasses.replace(comment, author_name=author.name, author_handle=author.handle)


def _names(
    context: WorkerContext, platform: Platform, account: Account, author_ids: Sequence[str]
) -> Mapping[str, Author]:
    """Return the authors by id; those who are not known yet are asked for in one request."""
    if not author_ids:
        return {}
    with context.database.reading() as session:
        query = select(CommentAuthor).where(
            CommentAuthor.platform == account.platform,
            CommentAuthor.author_id.in_(author_ids),
            CommentAuthor.read_at > context.now() - KEPT_FOR,
        )
        stored = {
            author.author_id: Author(author.name, author.handle or None)
            for author in session.scalars(query)
        }
    unknown = [author_id for author_id in author_ids if author_id not in stored][:AT_ONCE]
    if not unknown:
        return stored
    try:
        authors = platform.authors(unknown)
    except (TryLater, Refused, CredentialsExpired):
        return stored
    new = {author_id: authors.get(author_id, NOBODY) for author_id in unknown}
    _store_or_skip(context, account.platform, new)
    return {**stored, **new}


def _store_or_skip(context: WorkerContext, platform: str, authors: Mapping[str, Author]) -> None:
    """Store the authors together; if one of them cannot be stored, store each of the others."""
    try:
        with context.database.transaction() as session:
            _store(session, platform, authors, context.now())
    except (DataError, IntegrityError):
        for author_id in authors if len(authors) > 1 else ():
            _store_or_skip(context, platform, {author_id: authors[author_id]})


def _store(session: Session, platform: str, authors: Mapping[str, Author], now: datetime) -> None:
    connection = session.connection()
    # Sorted, so that two clocks that store the same authors cannot deadlock.
    for author_id, author in sorted(authors.items()):
        row = {
            "platform": platform,
            "author_id": author_id,
            "name": author.name,
            "handle": author.handle or "",
            "read_at": now,
        }
        connection.execute(_upsert(connection.dialect.name), row)


#: PostgreSQL:
#:   INSERT INTO comment_authors (platform, author_id, name, handle, read_at)
#:   VALUES (:platform, :author_id, :name, :handle, :read_at)
#:   ON CONFLICT (platform, author_id) DO UPDATE SET name = excluded.name, handle = excluded.handle,
#:       read_at = excluded.read_at
#:   RETURNING comment_authors.id
@cache
def _upsert(dialect: str) -> Insert:
    names = ("platform", "author_id", "name", "handle", "read_at")
    insertion = insert_for(dialect, CommentAuthor).values({name: bindparam(name) for name in names})
    return insertion.on_conflict_do_update(
        index_elements=names[:2], set_={name: insertion.excluded[name] for name in names[2:]}
    )


def complete(pool: PlatformPool) -> int:
    """Name the authors of comments stored without them; return the number of authors found.

    Makes one request for each account. The tick of the inbox calls this.
    """
    context = pool.context
    with context.database.reading() as session:
        query = (
            select(UnnamedComment)
            .join(Comment, Comment.id == UnnamedComment.comment_id)
            .join(Account, Account.id == Comment.account_id)
            .where(UnnamedComment.try_at <= context.now(), Account.state == AccountState.CONNECTED)
            .options(contains_eager(UnnamedComment.comment).contains_eager(Comment.account))
            .order_by(UnnamedComment.try_at)
            .limit(AT_ONCE)
        )
        rows = list(session.scalars(query))
    return sum(
        _complete(
            pool, account, [unnamed for unnamed in rows if unnamed.comment.account == account]
        )
        for account in {
            unnamed.comment.account.id: unnamed.comment.account for unnamed in rows
        }.values()
    )


def _complete(pool: PlatformPool, account: Account, rows: Sequence[UnnamedComment]) -> int:
    context = pool.context
    author_ids = sorted({unnamed.author_id for unnamed in rows})
    try:
        names = _names(context, pool.open(account), account, author_ids)
    except CredentialsExpired:
        names = {}
    with context.database.transaction() as session:
        ids = [unnamed.comment_id for unnamed in rows]
        query = select(UnnamedComment).where(UnnamedComment.comment_id.in_(ids))
        for unnamed in session.scalars(query.order_by(UnnamedComment.comment_id).with_for_update()):
            if unnamed.author_id not in names:
                unnamed.try_at = context.now() + TRY_AGAIN
                continue
            author = names[unnamed.author_id]
            unnamed.comment.author_name, unnamed.comment.author_handle = (
                author.name,
                author.handle or "",
            )
            session.delete(unnamed)
    return len(names)


def mark_unnamed(session: Session, comment: Comment, author_id: str, *, now: datetime) -> None:
    """Note that the new comment has no author's name yet."""
    session.add(UnnamedComment(comment_id=comment.id, author_id=author_id, try_at=now + TRY_AGAIN))


def erase_expired(session: Session, *, now: datetime) -> None:
    """Erase the authors read more than 30 days ago, and the tries for comments that old."""
    old_comments = select(Comment.id).where(Comment.seen_at <= now - KEPT_FOR)
    session.execute(delete(CommentAuthor).where(CommentAuthor.read_at <= now - KEPT_FOR))
    session.execute(
        delete(UnnamedComment).where(
            UnnamedComment.try_at <= now, UnnamedComment.comment_id.in_(old_comments)
        )
    )
