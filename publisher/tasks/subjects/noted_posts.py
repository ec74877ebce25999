"""The kinds of posts that noted changes concern, read from loaded rows where that is possible."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from publisher.models.posts import Post, PostKind


def exclude_kind(session: Session, post_ids: Collection[int], kind: PostKind) -> set[int]:
    """Return the posts that no loaded row shows to be of this kind."""
    return {key for key in post_ids if _post_kind(session, key) is not kind}


def _post_kind(session: Session, post_id: int) -> PostKind | None:
    """Return the kind of a post that this session has read; it never changes."""
    post = session.identity_map.get(session.identity_key(Post, post_id))
    return post.kind if isinstance(post, Post) else None
