"""Posts with their revisions, deliveries and comments, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVarTuple

from sqlalchemy import BindParameter, Select, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased, joinedload, load_only

from publisher.models.comments import Comment, Routing, Thread
from publisher.models.controls import Order
from publisher.models.deliveries import OF_TEXTS, Account, Delivery, ReceiptRow
from publisher.models.posts import Post, Revision, Variant
from publisher.models.submissions import PostSubmission
from publisher.reports import sql_conditions
from publisher.reports.types import Live, live_of, with_name, with_names
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

    def is_newest(self, delivery: Delivery) -> bool:
        """The delivery is of a text of the newest revision."""
        return self.revision is not None and delivery.variant.revision_id == self.revision.id

    @property
    def lives(self) -> tuple[Live, ...]:
        """Return the published texts in order of publication."""
        return tuple(
            live_of(published.receipt, published.account, published.first.language)
            for published in corrections.select_live_texts(self.deliveries)
        )


def bundles_by_submission(
    session: Session, submissions: Collection[int]
) -> dict[int, list[PostBundle]]:
    """Return the posts of each of these submissions, in three queries."""
    rows = session.execute(_posts_of_submissions(), {"submission_ids": submissions}).all()
    bundles = _bundles(session, {post: revision for _, post, revision in rows})
    by_submission: defaultdict[int, list[PostBundle]] = defaultdict(list)
    for submission_id, post, _ in rows:
        by_submission[submission_id].append(bundles[post.id])
    return by_submission


@cache
def _posts_of_submissions() -> Select[int, Post, Revision | None]:
    return (
        select(PostSubmission.submission_id, Post, Revision)
        .join(Post, Post.id == PostSubmission.post_id)
        .outerjoin(Revision, sql_conditions.newest())
        .where(PostSubmission.submission_id.in_(bindparam("submission_ids")))
        .options(*_OF_REVISION)
        .order_by(Post.id)
    )


def bundle_of(session: Session, post: Post) -> PostBundle:
    """Return the bundle of a post whose revisions and deliveries are loaded, in two queries."""
    orders = _deliveries().where(Delivery.action.not_in(OF_TEXTS))
    return PostBundle(
        post,
        post.revisions[-1] if post.revisions else None,
        tuple(post.deliveries),
        tuple(session.scalars(orders, {"post_ids": [post.id]})),
        _threads(session, [post.id]).get(post.id, CommentThread()),
    )


def _bundles(session: Session, posts: Mapping[Post, Revision | None]) -> dict[int, PostBundle]:
    ids = {post.id for post in posts}
    deliveries = defaultdict(list)
    for delivery in session.scalars(_deliveries(), {"post_ids": ids}):
        deliveries[delivery.post_id].append(delivery)
    threads = _threads(session, ids)
    return {
        post.id: PostBundle(
            post,
            revision,
            tuple(delivery for delivery in deliveries[post.id] if delivery.action in OF_TEXTS),
            tuple(delivery for delivery in deliveries[post.id] if delivery.action not in OF_TEXTS),
            threads.get(post.id, CommentThread()),
        )
        for post, revision in posts.items()
    }


_OF_REVISION = (
    load_only(Revision.post_id, Revision.saved_at, Revision.restored_from_id),
    with_name(Revision.author),
    *with_names(Revision.author_under),
)
_ACCOUNT = (Account.platform, Account.name, Account.handle, Account.url)


@cache
def _deliveries() -> Select[Delivery]:
    return (
        select(Delivery)
        .where(Delivery.post_id.in_(bindparam("post_ids")))
        .options(
            joinedload(Delivery.account).load_only(*_ACCOUNT),
            joinedload(Delivery.variant).load_only(
                Variant.revision_id, Variant.account_id, Variant.language
            ),
            joinedload(Delivery.receipt).defer(ReceiptRow.answer),
            joinedload(Delivery.order).load_only(Order.receipt_id),
        )
        .order_by(Delivery.id)
    )


def _threads(session: Session, posts: Collection[int]) -> Mapping[int, CommentThread]:
    """Return the comments under each of these posts by post id; posts without any are left out."""
    return {
        post_id: CommentThread(count, unanswered, *((comment, holder) if unanswered else ()))
        for post_id, count, unanswered, comment, holder in session.execute(
            _thread_query(), {"post_ids": posts}
        )
    }


@cache
def _thread_query() -> Select[int, int, int, Comment, Routing]:
    is_open = case((Comment.state.in_(sql_conditions.OPEN), 1), else_=0)
    ranked = under_posts(
        select(
            Delivery.post_id,
            Comment.id,
            func.count().over(partition_by=Delivery.post_id).label("count"),
            func.sum(is_open).over(partition_by=Delivery.post_id).label("unanswered"),
            func.row_number()
            .over(
                partition_by=Delivery.post_id, order_by=(is_open.desc(), Comment.due_at, Comment.id)
            )
            .label("rank"),
        ),
        bindparam("post_ids"),
    ).subquery()
    routing = aliased(Routing)
    return (
        select(ranked.c.post_id, ranked.c.count, ranked.c.unanswered, Comment, routing)
        .join(Comment, Comment.id == ranked.c.id)
        .outerjoin(routing, (routing.comment_id == Comment.id) & routing.until_at.is_(None))
        .where(ranked.c.rank == 1)
        .options(*with_names(routing.appointment))
    )


def under_posts(
    query: Select[*Columns], posts: Collection[int] | BindParameter[int]
) -> Select[*Columns]:
    """Restrict a query over comments to those under these posts' publications."""
    return (
        query.select_from(Comment)
        .join(Thread, Thread.id == Comment.thread_id)
        .join(ReceiptRow, ReceiptRow.id == Thread.receipt_id)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .where(Delivery.post_id.in_(posts))
    )
