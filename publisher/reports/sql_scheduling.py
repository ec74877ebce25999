"""The conditions by which the house knows what is approved and has no time yet, as SQL."""

from __future__ import annotations

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
    """The post is approved and leaves when the cell says; a reply leaves by itself."""
    return and_(Post.kind == PostKind.POST, Post.state == PostState.APPROVED)


def has_no_time() -> Condition:
    """The variant has no delivery.

    What was cancelled with an earlier approval, before the one that stands, counts as none.
    """
    stands = exists().where(
        Delivery.variant_id == Variant.id,
        or_(Delivery.state != DeliveryState.CANCELLED, Delivery.state_at >= Post.state_at),
    )
    return ~stands.correlate(Variant, Post)


def lacks_a_time() -> Condition:
    """The post is approved, and one of its variants has no time yet."""
    return and_(is_to_be_scheduled(), is_partly_unscheduled())


def is_partly_unscheduled() -> Condition:
    """The same of a post of which it is known that it is approved."""
    variants = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(sql_conditions.newest(), has_no_time())
    )
    return and_(Post.kind == PostKind.POST, has(variants.correlate(Post)))


def is_without_a_time() -> Condition:
    """The same as `lacks_a_time`, asked of all posts at once.

    Found among those that nobody has seen complete (`Post.timed`) and those of which something
    was cancelled, never among all that ever left.
    """
    one = aliased(Post)
    unseen = select(one.id).where(
        one.timed == false(), one.state == PostState.APPROVED, one.kind == PostKind.POST
    )
    void = select(Delivery.post_id).where(Delivery.state == DeliveryState.CANCELLED)
    return and_(Post.id.in_(union_all(unseen, void)), lacks_a_time())


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
