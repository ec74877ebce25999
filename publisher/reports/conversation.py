"""The conversation around a comment: all comments below the topmost one, and our replies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import CompoundSelect, Select, bindparam, literal, select, union_all
from sqlalchemy.orm import Session, joinedload

from publisher.models.comments import Comment, Reply
from publisher.models.deliveries import Delivery, ReceiptRow

MOST_COMMENTS = 100
"""How many comments of a conversation are read at most, centred on the requested comment."""


class ThreadNode(NamedTuple):
    """A comment or reply in a thread, by ids only; `comment_id` is 0 for a reply of ours."""

    parent_platform_id: str
    comment_id: int


Tree = Mapping[str, ThreadNode]
"""The nodes of a thread by their platform id, oldest first."""


def list_conversation(session: Session, comment: Comment) -> Sequence[Comment]:
    """Return the comment's conversation, oldest first.

    It starts at the topmost comment under our post. Our own replies connect comments too, because
    citizens answer them.
    """
    # A first query reads ids only, since a popular post has thousands of comments.
    tree = _tree(session, comment.thread_id)
    platform_ids = _subtree_ids(_topmost(comment.platform_id, tree), tree)
    comment_ids = [
        node.comment_id
        for platform_id, node in tree.items()
        if platform_id in platform_ids and node.comment_id
    ]
    position = comment_ids.index(comment.id)
    start = max(0, position - MOST_COMMENTS // 2)
    nearest_ids = comment_ids[start : position + MOST_COMMENTS // 2]
    return session.scalars(_comments(), {"comment_ids": nearest_ids}).unique().all()


@cache
def _comments() -> Select[Comment]:
    nearest = Comment.id.in_(bindparam("comment_ids"))
    query = select(Comment).where(nearest).options(joinedload(Comment.versions))
    return query.order_by(Comment.written_at, Comment.id)


def _tree(session: Session, thread_id: int) -> Tree:
    rows = session.execute(_nodes(), {"thread_id": thread_id})
    return {
        platform_id: ThreadNode(parent_platform_id, comment_id)
        for platform_id, parent_platform_id, comment_id, _written_at in rows
    }


@cache
def _nodes() -> CompoundSelect[str, str, int, datetime]:
    is_of_thread = Comment.thread_id == bindparam("thread_id")
    columns = (Comment.parent_platform_id, Comment.id.label("number"), Comment.written_at)
    comments = select(Comment.platform_id, *columns).where(is_of_thread)
    replies = (
        select(ReceiptRow.platform_id, Comment.platform_id, literal(0), Comment.written_at)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Reply, Reply.post_id == Delivery.post_id)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(is_of_thread)
    )
    return union_all(comments, replies).order_by("written_at", "number")


def _topmost(platform_id: str, tree: Tree) -> str:
    """Return the platform id of the topmost comment above this one, below our post."""
    visited = {platform_id}  # the platform's data could contain a cycle
    while (parent := tree[platform_id].parent_platform_id) in tree and parent not in visited:
        visited.add(parent)
        platform_id = parent
    return platform_id


def _subtree_ids(platform_id: str, tree: Tree) -> set[str]:
    """Return this platform id and those of all its descendants."""
    children = defaultdict(list)
    for child, node in tree.items():
        children[node.parent_platform_id].append(child)
    platform_ids, pending = {platform_id}, [platform_id]
    while pending:
        new = [child for child in children[pending.pop()] if child not in platform_ids]
        platform_ids.update(new)
        pending.extend(new)
    return platform_ids
