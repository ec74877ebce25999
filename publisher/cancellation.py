"""Cancel a post's unsent texts, and withdraw approvals: the post is in review again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from approvals.states import PostState
from publisher import transitions
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Decision, Revision, Variant
from publisher.states import UNSENT, DeliveryState
from publisher.working_time import add_working_days


def cancel_unsent(
    session: Session, *, actor: Actor, now: datetime, post_id: int, why: str
) -> list[Delivery]:
    """Cancel the texts of this post that are not sent, and record why in the history.

    Takedown orders are not cancelled: they concern what is already published.
    """
    query = select(Delivery).where(
        Delivery.post_id == post_id, Delivery.state.in_(UNSENT), Delivery.action.in_(OF_TEXTS)
    )
    deliveries = list(session.scalars(query.order_by(Delivery.id).with_for_update()))
    for state in UNSENT:
        transitions.apply(
            session,
            [delivery for delivery in deliveries if delivery.state is state],
            DeliveryState.CANCELLED,
            actor=actor,
            now=now,
            verb="cancel",
            values={"why": why},
        )
    return deliveries


def states_of_texts(session: Session, revision: Revision) -> list[DeliveryState]:
    """Lock the deliveries of the revision's texts, and return their states."""
    query = (
        select(Delivery.state)
        .join(Variant, Variant.id == Delivery.variant_id)
        .where(Variant.revision_id == revision.id, Delivery.action.in_(OF_TEXTS))
        .with_for_update(of=Delivery)
    )
    return list(session.scalars(query))


def void_approvals(
    session: Session,
    revision: Revision,
    approvals: Iterable[Decision],
    *,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object],
) -> None:
    """Withdraw these approvals of the newest revision; an approved post is in review again."""
    for decision in approvals:
        decision.withdrawn_at, decision.withdrawn_by_id = now, actor.person_id
    # An officer had decided in time, so the wait for the head starts again.
    revision.head_decides_at = add_working_days(now, 1)
    to, verb = PostState.IN_REVIEW, "withdraw_approval"
    transitions.apply_or_record(
        session, revision.post, to, actor=actor, now=now, verb=verb, values=values
    )
