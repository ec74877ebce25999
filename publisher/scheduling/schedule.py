"""Schedule, reschedule and cancel the variants of an approved post."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, NotApproved, WrongState
from approvals.gate import Refusal
from approvals.policy import Action, Actor, require
from approvals.states import PostState
from publisher import failpoints, transitions
from publisher.content_checks import outgoing_text
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.posts import Post, Revision, Variant
from publisher.scheduling import corrections
from publisher.scheduling.constraints import LATE_LIMIT, LONGEST_LATE_LIMIT, check_time
from publisher.states import SENT, STUCK, UNSENT, DeliveryState
from publisher.validation import existing


class OnItsWay(NotAllowed):
    """The delivery was sent, or may have been: it cannot be stopped any more."""

    code = "on_its_way"


def newest_revision(post: Post) -> Revision:
    """Return the newest revision; raises `WrongState` if there is none."""
    if not post.revisions:
        raise WrongState(state=post.state, to=PostState.IN_REVIEW)
    return post.revisions[-1]


def schedule(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    variant_id: int,
    due_at: datetime,
    late_limit: int = LATE_LIMIT,
    despite_clash: bool = False,
) -> Delivery:
    """Schedule a variant of an approved revision; `late_limit` is in minutes.

    Raises `Invalid` for a past time, a time outside the window, a clash or a wrong limit, and
    `AccountNotOpen` if its account is reserved for other departments.
    """
    variant = get_variant(session, variant_id)
    post = lock_post(session, variant.revision.post_id)
    require(actor, Action.SCHEDULE, post.department_id, now=now)
    check_variant(session, post, variant)
    check_time(session, variant, due_at, late_limit, now=now, despite_clash=despite_clash)
    delivery = _set_time(
        session, actor=actor, now=now, variant=variant, due_at=due_at, late_limit=late_limit
    )
    failpoints.hit("schedule.before_commit")
    return delivery


def _set_time(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    variant: Variant,
    due_at: datetime,
    late_limit: int,
) -> Delivery:
    """Create the variant's delivery, or reschedule it if there is one: a variant has only one."""
    delivery = text_delivery(session, variant)
    if delivery is None:
        return add_delivery(
            session, actor=actor, now=now, variant=variant, due_at=due_at, late_limit=late_limit
        )
    if delivery.state in SENT:
        raise OnItsWay(state=delivery.state)
    to, verb = DeliveryState.SCHEDULED, "reschedule"
    values = {"due_at": due_at.isoformat(), "before": delivery.due_at.isoformat()}
    transitions.apply_or_record(
        session, delivery, to, actor=actor, now=now, verb=verb, values=values
    )
    delivery.due_at, delivery.late_limit = due_at, late_limit
    delivery.not_before, delivery.reason, delivery.looks = None, {}, 0
    return delivery


def cancel(session: Session, *, actor: Actor, now: datetime, delivery_id: int) -> Delivery:
    """Cancel a delivery that was not sent; raises `OnItsWay` otherwise.

    A stuck text may be given up this way; for a stuck order it raises `WrongState`.
    """
    delivery = existing(transitions.lock(session, Delivery, delivery_id), delivery_id)
    action = _CANCELS.get(delivery.action, Action.CANCEL)
    require(actor, action, delivery.post.department_id, now=now)
    if delivery.state in SENT:
        raise OnItsWay(state=delivery.state)
    if delivery.state in STUCK and delivery.action not in OF_TEXTS:
        raise WrongState(state=delivery.state, to=DeliveryState.CANCELLED)
    transitions.apply(
        session, delivery, DeliveryState.CANCELLED, actor=actor, now=now, verb="cancel"
    )
    return delivery


# The right to give an order includes the right to cancel it.
_CANCELS = {
    DeliveryAction.DELETE: Action.ORDER_DELETION,
    DeliveryAction.HIDE: Action.HIDE,
    DeliveryAction.UNHIDE: Action.UNHIDE,
}


def send_reply(
    session: Session, *, actor: Actor, now: datetime, revision: Revision
) -> list[Delivery]:
    """Schedule an approved reply for now, with a late limit of a day."""
    limit = LONGEST_LATE_LIMIT
    return [
        _set_time(session, actor=actor, now=now, variant=variant, due_at=now, late_limit=limit)
        for variant in revision.variants
    ]


def get_delivery(session: Session, delivery_id: int) -> Delivery:
    """Return the delivery, or raise `NotFound`."""
    return existing(session.get(Delivery, delivery_id), delivery_id)


def add_delivery(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    variant: Variant,
    due_at: datetime,
    late_limit: int,
) -> Delivery:
    """Create a delivery of a variant; the caller has checked the right to schedule.

    Its action is an edit if the variant corrects a publication that the platform can edit.
    """
    delivery = Delivery(
        action=DeliveryAction.EDIT if outgoing_text.is_edit(variant) else DeliveryAction.PUBLISH,
        variant_id=variant.id,
        post_id=variant.revision.post_id,
        account_id=variant.account_id,
        state_at=now,
        due_at=due_at,
        late_limit=late_limit,
        scheduled_by_id=actor.person_id,
    )
    session.add(delivery)
    transitions.record(
        session, delivery, "schedule", actor=actor, now=now, values={"due_at": due_at.isoformat()}
    )
    return delivery


def get_variant(session: Session, variant_id: int) -> Variant:
    """Return the variant, or raise `NotFound`."""
    return existing(session.get(Variant, variant_id), variant_id)


def lock_post(session: Session, post_id: int) -> Post:
    """Lock the post and return it; raises `NotFound`."""
    return existing(transitions.lock(session, Post, post_id), post_id)


def text_delivery(session: Session, variant: Variant) -> Delivery | None:
    """Lock the delivery that publishes this variant and return it, or None."""
    query = select(Delivery).where(Delivery.variant_id == variant.id, Delivery.action.in_(OF_TEXTS))
    # Freshly read: what this session saw before it waited for the lock may have been sent since.
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(fresh).one_or_none()


def delivery_mark(delivery: Delivery | None) -> str:
    """Return what a page sends back, so that a change in between is noticed; "" for none."""
    if delivery is None:
        return ""
    is_waiting = delivery.state in UNSENT  # a clock claims it and may release it
    state = DeliveryState.SCHEDULED if is_waiting else delivery.state
    return f"{state} {delivery.due_at.isoformat()}"


def check_variant(session: Session, post: Post, variant: Variant) -> None:
    """Raise unless this text of the locked post may be given a time now."""
    check_approved(post, variant.revision)
    corrections.check_still_correct(session, variant)
    if not variant.target:
        outgoing_text.check_open(session, variant.account, post.department_id)


def check_approved(post: Post, revision: Revision) -> None:
    """Raise `WrongState` or `NotApproved` unless this is the post's newest, approved revision."""
    if post.state is not PostState.APPROVED:
        raise WrongState(state=post.state, to=DeliveryState.SCHEDULED)
    if revision.number != post.newest:
        raise NotApproved(reason=Refusal.NOT_NEWEST)
