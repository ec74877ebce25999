"""SQL conditions for posts that are approved and not scheduled yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, exists, false, or_, select, union_all
from sqlalchemy.orm import aliased

from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.reports import sql_conditions
from publisher.reports.sql_basics import has
from publisher.reports.sql_conditions import Condition
from publisher.states import DeliveryState


def is_to_be_scheduled() -> Condition:
    """The post is approved and is no reply (replies are scheduled on approval)."""
    return and_(Post.kind == PostKind.POST, Post.state == PostState.APPROVED)


def has_no_time() -> Condition:
    """The variant has no delivery.

    A cancelled delivery does not count if it was cancelled before the current approval, or if no
    other text of the revision has a delivery that was not cancelled: a post that was stopped waits
    for a time again, while a text left out of a post that goes ahead does not.
    """
    is_left_out = and_(Delivery.state_at >= Post.state_at, _revision_goes_ahead())
    has_delivery = exists().where(
        Delivery.variant_id == Variant.id,
        or_(Delivery.state != DeliveryState.CANCELLED, is_left_out),
    )
    return ~has_delivery.correlate(Variant, Post)


def _revision_goes_ahead() -> Condition:
    """The revision of `Variant` has a text whose delivery was not cancelled."""
    delivery, variant = aliased(Delivery), aliased(Variant)
    going = exists().where(
        variant.revision_id == Variant.revision_id,
        delivery.variant_id == variant.id,
        delivery.state != DeliveryState.CANCELLED,
    )
    return going.correlate(Variant)


def lacks_a_time() -> Condition:
    """The post is approved, and at least one of its variants has no delivery."""
    return and_(is_to_be_scheduled(), is_partly_unscheduled())


def is_partly_unscheduled(*conditions: Condition) -> Condition:
    """Return `lacks_a_time` for a post already known to be approved.

    `conditions` restrict the `Variant` that lacks it.
    """
    variants = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(sql_conditions.newest(), has_no_time(), *conditions)
    )
    return and_(Post.kind == PostKind.POST, has(variants.correlate(Post)))


def is_without_a_time() -> Condition:
    """Return `lacks_a_time` in a form for queries over all posts.

    It searches the posts not yet marked complete (`Post.timed`) and those with a cancelled
    delivery, so it never reads the posts that were published long ago.
    """
    post = aliased(Post)
    unseen = select(post.id).where(
        post.timed == false(), post.state == PostState.APPROVED, post.kind == PostKind.POST
    )
    cancelled = select(Delivery.post_id).where(Delivery.state == DeliveryState.CANCELLED)
    return and_(Post.id.in_(union_all(unseen, cancelled)), lacks_a_time())


def has_outlived_its_window(*, now: datetime) -> Condition:
    """The window of the post's newest revision has passed, so no time can be set for it."""
    passed = select(Revision.id).where(sql_conditions.newest(), Revision.not_after <= now)
    return has(passed.correlate(Post))


def is_complete() -> Condition:
    """The post is approved, and every variant of its newest revision has a delivery."""
    lacking = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(
            sql_conditions.newest(),
            ~exists().where(Delivery.variant_id == Variant.id).correlate(Variant),
        )
    )
    return and_(Post.state == PostState.APPROVED, ~lacking.correlate(Post).exists())
