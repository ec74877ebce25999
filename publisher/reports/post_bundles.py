"""Posts with their revisions, deliveries and comments, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVarTuple

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from publisher.models.comments import Comment, Routing, Thread
from publisher.models.deliveries import OF_TEXTS, Delivery, ReceiptRow
from publisher.models.people import Appointment
from publisher.models.posts import Decision, Post, Revision
from publisher.models.submissions import PostSubmission
from publisher.reports import sql_conditions
from publisher.reports.types import Live, live_of, with_names
from publisher.scheduling import corrections

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class CommentThread:
    """The comments under a post: total, open ones, and the open comment due first."""

    count: int = 0
    unanswered: int = 0
    first: Comment | None = None
    routing: Routing | None = None


@dataclass(frozen=True)
class PostBundle:
    """A post, its newest revision, its deliveries, and the comments under it.

    `deliveries` are those of its texts; `orders` delete or hide something on the platform.
    """

    post: Post
    revision: Revision | None = None
    deliveries: Sequence[Delivery] = ()
    orders: Sequence[Delivery] = ()
    thread: CommentThread = field(default_factory=CommentThread)

    @property
    def lives(self) -> tuple[Live, ...]:
        """Return the published texts in order of publication."""
        return tuple(
            live_of(published.receipt, published.account, published.first.language)
            for published in corrections.live_texts_among(self.deliveries)
        )


def bundles_by_submission(
    session: Session, submissions: Collection[int]
) -> dict[int, list[PostBundle]]:
    """Return the posts of each of these submissions, in seven queries."""
    query = (
        select(PostSubmission.submission_id, Post)
        .join(Post, Post.id == PostSubmission.post_id)
        .where(PostSubmission.submission_id.in_(submissions))
        .options(joinedload(Post.department))
        .order_by(Post.id)
    )
    pairs = session.execute(query).all()
    bundles = bundles_by_post(session, [post for _, post in pairs])
    by_submission: defaultdict[int, list[PostBundle]] = defaultdict(list)
    for submission_id, post in pairs:
        by_submission[submission_id].append(bundles[post.id])
    return by_submission


def bundles_by_post(session: Session, posts: Collection[Post]) -> dict[int, PostBundle]:
    """Return these posts' bundles by post id."""
    ids = {post.id for post in posts}
    revisions = {revision.post_id: revision for revision in session.scalars(_newest_revisions(ids))}
    deliveries = defaultdict(list)
    for delivery in session.scalars(_deliveries(ids)):
        deliveries[delivery.post_id].append(delivery)
    threads = _threads(session, ids)
    return {
        post.id: PostBundle(
            post,
            revisions.get(post.id),
            tuple(delivery for delivery in deliveries[post.id] if delivery.action in OF_TEXTS),
            tuple(delivery for delivery in deliveries[post.id] if delivery.action not in OF_TEXTS),
            threads.get(post.id, CommentThread()),
        )
        for post in posts
    }


_DECISIONS = selectinload(Revision.decisions)
_REVISION_OPTIONS: tuple[ORMOption, ...] = (
    joinedload(Revision.author),
    *with_names(Revision.author_under),
    selectinload(Revision.variants),
    _DECISIONS.joinedload(Decision.person),
    _DECISIONS.joinedload(Decision.appointment).joinedload(Appointment.person),
    _DECISIONS.joinedload(Decision.appointment).joinedload(Appointment.department),
    selectinload(Revision.departments),
)


def _newest_revisions(posts: Collection[int]) -> Select[Revision]:
    return (
        select(Revision)
        .join(Post, sql_conditions.newest())
        .where(Post.id.in_(posts))
        .options(*_REVISION_OPTIONS)
    )


def _deliveries(posts: Collection[int]) -> Select[Delivery]:
    return (
        select(Delivery)
        .where(Delivery.post_id.in_(posts))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.receipt),
            joinedload(Delivery.order),
        )
        .order_by(Delivery.id)
    )


def _threads(session: Session, posts: Collection[int]) -> Mapping[int, CommentThread]:
    is_open = case((Comment.state.in_(sql_conditions.OPEN), 1), else_=0)
    counted = session.execute(
        under_posts(select(Delivery.post_id, func.count(), func.sum(is_open)), posts).group_by(
            Delivery.post_id
        )
    )
    first = _first_open(session, posts)
    return {
        post_id: CommentThread(count, unanswered, *first.get(post_id, (None, None)))
        for post_id, count, unanswered in counted
    }


def _first_open(
    session: Session, posts: Collection[int]
) -> Mapping[int, tuple[Comment, Routing | None]]:
    """Returns, by post id, the open comment due first and its current routing."""
    order = func.row_number().over(
        partition_by=Delivery.post_id, order_by=(Comment.due_at, Comment.id)
    )
    ranked = (
        under_posts(select(Delivery.post_id, Comment.id, order.label("rank")), posts)
        .where(Comment.state.in_(sql_conditions.OPEN))
        .subquery()
    )
    routing = aliased(Routing)
    query = (
        select(ranked.c.post_id, Comment, routing)
        .join(Comment, Comment.id == ranked.c.id)
        .outerjoin(routing, (routing.comment_id == Comment.id) & routing.until_at.is_(None))
        .where(ranked.c.rank == 1)
        .options(
            joinedload(routing.appointment).joinedload(Appointment.person),
            joinedload(routing.appointment).joinedload(Appointment.department),
        )
    )
    rows = session.execute(query)
    return {post_id: (comment, holder) for post_id, comment, holder in rows}


def under_posts(query: Select[*Columns], posts: Collection[int]) -> Select[*Columns]:
    """Restrict a query over comments to those under these posts' publications."""
    return (
        query.select_from(Comment)
        .join(Thread, Thread.id == Comment.thread_id)
        .join(ReceiptRow, ReceiptRow.id == Thread.receipt_id)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .where(Delivery.post_id.in_(posts))
    )
