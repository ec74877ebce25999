"""The conversation that a comment is part of, cut out of everything under the same post."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.comments import Comment, Reply
from publisher.models.deliveries import Delivery, Receipt

MOST = 100
"""How many comments of a conversation are read at most: those around the one in question."""

Links = Mapping[str, tuple[str, int]]
"""For each platform id what it answers, and the id of our comment, 0 for an answer of ours."""


def branch_of(session: Session, comment: Comment) -> Sequence[Comment]:
    """What the comment answers, up to our post, and all that was said below it, oldest first.

    Our own answers are links of the chain, since citizens answer them too.
    """
    links = _links(session, comment.thread_id)
    found = _below(_top(comment.platform_id, links), links)
    ids = [links[one][1] for one in links if one in found and links[one][1]]
    place = ids.index(comment.id)
    shown = ids[max(0, place - MOST // 2) : place + MOST // 2]
    query = select(Comment).where(Comment.id.in_(shown))
    return list(session.scalars(query.order_by(Comment.written_at, Comment.id)))


def _links(session: Session, thread_id: int) -> Links:
    """Everything in the thread, oldest first."""
    said = select(Comment.platform_id, Comment.parent_platform_id, Comment.id).where(
        Comment.thread_id == thread_id
    )
    answered = (
        select(Receipt.platform_id, Comment.platform_id)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .join(Reply, Reply.post_id == Delivery.post_id)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(Comment.thread_id == thread_id)
    )
    ordered = session.execute(said.order_by(Comment.written_at, Comment.id))
    links = {own: (parent, comment_id) for own, parent, comment_id in ordered}
    ours = session.execute(answered)
    return links | {own: (parent, 0) for own, parent in ours}


def _top(own: str, links: Links) -> str:
    """The uppermost that is still part of the conversation, and not our post."""
    seen = {own}
    while (parent := links[own][0]) in links and parent not in seen:
        seen.add(parent)
        own = parent
    return own


def _below(top: str, links: Links) -> set[str]:
    """This one and everything under it."""
    children = defaultdict(list)
    for own, (parent, _) in links.items():
        children[parent].append(own)
    found, ahead = {top}, [top]
    while ahead:
        new = [one for one in children[ahead.pop()] if one not in found]
        found.update(new)
        ahead.extend(new)
    return found
