"""Posts and comments of a long list, read in steps by their ids, as the list shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from publisher.models.comments import Comment, Reply
from publisher.models.posts import Post

#: What a list shows of a post, and of the comment that it answers.
POST_OPTIONS = (joinedload(Post.department), joinedload(Post.reply).joinedload(Reply.comment))


def posts_by_id(session: Session, ids: Sequence[int]) -> list[Post]:
    """Return the posts with these ids, in this order."""
    query = select(Post).options(*POST_OPTIONS).where(Post.id.in_(ids))
    by_id = {post.id: post for post in session.scalars(query)}
    return [by_id[post_id] for post_id in ids]


def comments_by_id(session: Session, ids: Sequence[int]) -> list[Comment]:
    """Return the comments with these ids, in this order."""
    query = select(Comment).options(joinedload(Comment.department)).where(Comment.id.in_(ids))
    by_id = {comment.id: comment for comment in session.scalars(query)}
    return [by_id[comment_id] for comment_id in ids]
