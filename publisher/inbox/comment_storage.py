"""Store citizens' comments: new ones and edits, and keep those that the tables cannot hold."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from functools import cache

from sqlalchemy import Insert, exists, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session, joinedload

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.bulk import insert_for
from publisher.inbox import authors, deadlines, routing
from publisher.models.comments import Comment, CommentVersion, Thread, UnstoredComment
from publisher.models.deliveries import Account, DeliveryAction, ReceiptRow
from publisher.platforms.base.storable_text import shorten, storable
from publisher.platforms.base.types import LONGEST_ID, RemoteComment
from publisher.states import CommentState

LONGEST_REASON = 500
"""The number of characters of a reason that are stored."""

# A lost connection, a lock or a full disk is not a comment's fault: the whole page is read again.
NOT_STORABLE = (DataError, IntegrityError, ValueError, OverflowError)
"""Errors of a comment that cannot be stored as it is, now or later."""


class UnstorableComment(ValueError):
    """The comment does not fit the tables; the message says why."""


def store_or_keep(
    session: Session,
    account_id: int,
    remote_comment: RemoteComment,
    now: datetime,
    *,
    asked_at: datetime,
) -> bool:
    """Store a comment in a savepoint of its own; if that fails, keep it as an `UnstoredComment`.

    It is kept as it was read, once, with the reason why it is in no inbox.
    """
    try:
        with session.begin_nested():
            return store(session, account_id, remote_comment, now, asked_at=asked_at)
    except NOT_STORABLE as problem:
        values = {
            "account_id": account_id,
            "digest": hashlib.sha256(remote_comment.platform_id.encode()).hexdigest(),
            "platform_id": remote_comment.platform_id,
            "raw": json.dumps(asdict(remote_comment), default=str, ensure_ascii=False),
            "reason": _reason(problem),
            "seen_at": now,
        }
        session.execute(_insert_unstored(session.connection().dialect.name), values)
        return False


#: PostgreSQL:
#:   INSERT INTO unstored_comments (id, account_id, digest, platform_id, raw, reason, seen_at)
#:   VALUES (:id, :account_id, :digest, :platform_id, :raw, :reason, :seen_at)
#:   ON CONFLICT DO NOTHING
@cache
def _insert_unstored(dialect: str) -> Insert:
    # Reads overlap, so the same comment comes again.
    return insert_for(dialect, UnstoredComment).on_conflict_do_nothing()


def _reason(problem: Exception) -> str:
    # The message of a `DBAPIError` would repeat the statement and its parameters.
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    # PostgreSQL adds the whole row in a line of its own.
    first_line = f"{type(cause).__name__}: {cause}".partition("\n")[0]
    return shorten(storable(first_line), LONGEST_REASON)


def store(
    session: Session,
    account_id: int,
    remote_comment: RemoteComment,
    now: datetime,
    *,
    asked_at: datetime,
) -> bool:
    """Store and route a comment if it is new; return True if it was new.

    `asked_at` is when the platform was asked for it: a text that was stored since is newer. Raises
    one of `NOT_STORABLE` for a comment that the tables cannot hold.
    """
    # SQLite would store any length.
    for name in ("platform_id", "parent_id", "root_id"):
        length = len(getattr(remote_comment, name) or "")
        if length > LONGEST_ID:
            raise UnstorableComment(f"{name} has {length} characters, more than {LONGEST_ID}")
    comment = _find_comment(session, account_id, remote_comment)
    if comment is not None:
        if _text_read_time(comment) <= asked_at:
            _store_edit(session, comment, remote_comment, now=now)
        return False
    comment = _new_comment(session, account_id, remote_comment, now=now)
    if remote_comment.author_id and not remote_comment.author_name:
        authors.mark_unnamed(session, comment, remote_comment.author_id, now=now)
    transitions.record(session, comment, "receive", actor=CLOCK, now=now)
    routing.route_new(session, comment, now=now)
    return True


def _find_comment(
    session: Session, account_id: int, remote_comment: RemoteComment
) -> Comment | None:
    """Return the row of the comment, or of another version of it."""
    platform_id = remote_comment.platform_id
    query = select(Comment).where(
        Comment.account_id == account_id,
        Comment.platform_id.in_({platform_id, *remote_comment.version_ids}),
    )
    comments = session.scalars(query.order_by(Comment.id)).all()
    exact = (comment for comment in comments if comment.platform_id == platform_id)
    return next(exact, comments[0] if comments else None)


def _store_edit(
    session: Session, comment: Comment, remote_comment: RemoteComment, *, now: datetime
) -> None:
    """Store the new text and keep the earlier one, unless an earlier version was read again."""
    newest_id = (remote_comment.version_ids or (remote_comment.platform_id,))[-1]
    if comment.text == remote_comment.text or remote_comment.platform_id != newest_id:
        return
    read_at = _text_read_time(comment)
    comment.versions.append(CommentVersion(text=comment.text, read_at=read_at, replaced_at=now))
    comment.text, comment.url = remote_comment.text, remote_comment.url
    transitions.record(session, comment, "edited_by_citizen", actor=CLOCK, now=now)


def _text_read_time(comment: Comment) -> datetime:
    """Return when the present text was read first."""
    return comment.versions[-1].replaced_at if comment.versions else comment.seen_at


def _new_comment(
    session: Session, account_id: int, remote_comment: RemoteComment, *, now: datetime
) -> Comment:
    comment = Comment(
        account_id=account_id,
        thread=_thread(session, account_id, remote_comment.root_id),
        platform_id=remote_comment.platform_id,
        parent_platform_id=remote_comment.parent_id or "",
        author_name=remote_comment.author_name,
        author_handle=remote_comment.author_handle or "",
        text=remote_comment.text,
        url=remote_comment.url,
        written_at=remote_comment.written_at,
        seen_at=now,
        state=CommentState.RECEIVED,
        state_at=now,
        due_at=deadlines.assign_by(now),
    )
    session.add(comment)
    session.flush()
    return comment


def _thread(session: Session, account_id: int, root_id: str) -> Thread:
    query = select(Thread).where(Thread.account_id == account_id, Thread.root_id == root_id)
    thread = session.scalars(query).one_or_none()
    if thread is None:
        thread = Thread(
            account_id=account_id,
            root_id=root_id,
            receipt=_receipt(session, account_id, root_id),
        )
        session.add(thread)
    return thread


def _receipt(session: Session, account_id: int, platform_id: str) -> ReceiptRow | None:
    query = select(ReceiptRow).where(
        ReceiptRow.account_id == account_id,
        ReceiptRow.platform_id == platform_id,
        ReceiptRow.action == DeliveryAction.PUBLISH,
    )
    return session.scalars(query).one_or_none()


def list_unstored_comments(
    session: Session, *, since: datetime
) -> dict[Account, list[UnstoredComment]]:
    """Return the comments that could not be stored since that time, the latest first."""
    # A comment that was edited, or read by a later version, may have been stored after all.
    stored = exists().where(
        Comment.account_id == UnstoredComment.account_id,
        Comment.platform_id == UnstoredComment.platform_id,
    )
    query = (
        select(UnstoredComment)
        .where(UnstoredComment.seen_at >= since, ~stored)
        .options(joinedload(UnstoredComment.account))
        .order_by(UnstoredComment.account_id, UnstoredComment.id.desc())
    )
    by_account: dict[Account, list[UnstoredComment]] = {}
    for comment in session.scalars(query):
        by_account.setdefault(comment.account, []).append(comment)
    return by_account
