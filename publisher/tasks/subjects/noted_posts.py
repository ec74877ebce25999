"""The posts that noted changes concern, read from loaded rows where that is possible."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.database.noted_changes import NotedChanges
from publisher.models.comments import Reply
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, PostKind

Loaded = TypeVar("Loaded", Post, Reply, Delivery)


def loaded(session: Session, model: type[Loaded], key: int) -> Loaded | None:
    """Return a row if this session has read it: of use for what never changes."""
    row = session.identity_map.get(session.identity_key(model, key))
    return row if isinstance(row, model) else None


def is_answer(session: Session, post_id: int) -> bool:
    """Return whether a loaded row says that the post is an answer."""
    post = loaded(session, Post, post_id)
    return post is not None and post.kind is not PostKind.POST


def changed_post_ids(session: Session, noted: NotedChanges) -> set[int]:
    """Return the posts that were noted, and those of noted deliveries."""
    post_ids = {*noted.ids.get(Post.__tablename__, ())}
    unknown_ids = []
    for key in noted.ids.get(Delivery.__tablename__, ()):
        if (delivery := loaded(session, Delivery, key)) is not None:
            post_ids.add(delivery.post_id)
        else:
            unknown_ids.append(key)
    return post_ids | _posts_of(session, unknown_ids)


def _posts_of(session: Session, delivery_ids: Collection[int]) -> set[int]:
    query = select(Delivery.post_id).where(Delivery.id.in_(delivery_ids))
    return {*session.scalars(query)} if delivery_ids else set()
