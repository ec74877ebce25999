"""Queries for uses of emergency templates: their deliveries, and the department's decision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, exists, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import Action, Actor
from publisher.models.deliveries import Delivery
from publisher.models.emergency import EmergencyUse, Ratification, TemplateDecision
from publisher.models.people import Appointment
from publisher.models.posts import Decision, Post, Revision, Variant
from publisher.people import roster
from publisher.scheduling import corrections
from publisher.states import MAY_BE_LIVE
from publisher.validation import NotFound, departments_in_sight

PAGE = 50


class Owed(StrEnum):
    """The state of the department's decision on a use."""

    OWED = "owed"
    OVERDUE = "overdue"
    RATIFIED = "ratified"
    REFUSED = "refused"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class UseOutcome:
    """A use with its deliveries, and the state of the department's decision.

    `wrong_still` are the texts that are live and uncorrected though the department refused.
    """

    use: EmergencyUse
    post: Post
    deliveries: tuple[Delivery, ...]
    owed: Owed
    wrong_still: tuple[corrections.LiveText, ...] = ()


def uses(session: Session, *, actor: Actor, now: datetime, page: int = 1) -> list[UseOutcome]:
    """Return a page of the uses that this actor may see, the newest first, and one more if any.

    The person who published a use may see it, whatever their role.
    """
    query = _visible_uses(actor, now).order_by(EmergencyUse.id.desc())
    rows = session.scalars(query.limit(PAGE + 1).offset(PAGE * (max(page, 1) - 1)))
    return outcomes(session, rows.all(), now=now)


def _visible_uses(actor: Actor, now: datetime) -> Select[EmergencyUse]:
    decision = joinedload(EmergencyUse.decision)
    revision = decision.joinedload(Decision.revision)
    under = decision.joinedload(Decision.appointment)
    approval = joinedload(EmergencyUse.approval)
    query = select(EmergencyUse).options(
        decision.joinedload(Decision.person),
        decision.joinedload(Decision.department),
        under.joinedload(Appointment.department),
        revision.joinedload(Revision.post),
        revision.selectinload(Revision.variants).joinedload(Variant.account),
        approval.joinedload(TemplateDecision.person),
        approval.joinedload(TemplateDecision.appointment).joinedload(Appointment.department),
        joinedload(EmergencyUse.template_revision),
        joinedload(EmergencyUse.ratified_by),
        joinedload(EmergencyUse.ratified_under).joinedload(Appointment.department),
    )
    return query.where(is_in_sight(actor, now=now))


def is_in_sight(actor: Actor, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition of the uses that this actor may see."""
    department_ids = departments_in_sight(actor, Action.SEE_EMERGENCY)
    if department_ids is None:
        return true()
    return exists().where(
        Decision.id == EmergencyUse.decision_id,
        or_(
            Decision.department_id.in_(list(department_ids)),
            Decision.person_id == actor.person_id,
            roster.has_duty(actor.person_id, now=now),
        ),
    )


def get_use(session: Session, *, actor: Actor, now: datetime, use_id: int) -> UseOutcome:
    """Return a use that the actor may see. Raises `NotFound`."""
    query = _visible_uses(actor, now).where(EmergencyUse.id == use_id)
    rows = session.scalars(query).all()
    if not rows:
        raise NotFound(use_id)
    return outcomes(session, rows, now=now)[0]


def uses_of(session: Session, post_ids: Collection[int]) -> dict[int, int]:
    """Return the ids of the uses that published these posts, by post id."""
    query = (
        select(Revision.post_id, EmergencyUse.id)
        .join(Decision, Decision.id == EmergencyUse.decision_id)
        .join(Revision, Revision.id == Decision.revision_id)
        .where(Revision.post_id.in_(post_ids))
    )
    return {row.post_id: row.id for row in session.execute(query)}


def outcomes(session: Session, rows: Sequence[EmergencyUse], *, now: datetime) -> list[UseOutcome]:
    """Return these uses with their deliveries, and the state of the department's decision."""
    # All deliveries of these posts, with their corrections.
    query = (
        select(Delivery)
        .where(Delivery.post_id.in_([use.decision.revision.post_id for use in rows]))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.receipt),
            joinedload(Delivery.variant).options(
                joinedload(Variant.account),
                joinedload(Variant.revision),
                selectinload(Variant.renditions),
            ),
        )
        .order_by(Delivery.id)
    )
    by_post: dict[int, list[Delivery]] = {}
    for delivery in session.scalars(query):
        by_post.setdefault(delivery.post_id, []).append(delivery)
    return [_use_outcome(use, by_post.get(use.decision.revision.post_id, []), now) for use in rows]


def _use_outcome(use: EmergencyUse, deliveries: list[Delivery], now: datetime) -> UseOutcome:
    revision = use.decision.revision
    own = tuple(
        delivery
        for delivery in deliveries
        if delivery.urgent and delivery.variant.revision_id == revision.id
    )
    live_texts = corrections.select_live_texts(deliveries)
    corrected = {live_text.first.target for live_text in live_texts if live_text.is_note}
    wrong = tuple(
        live_text
        for live_text in live_texts
        if live_text.current.revision_id == revision.id and live_text.platform_id not in corrected
    )
    return UseOutcome(use, revision.post, own, _ratification_state(use, wrong, own, now), wrong)


def _ratification_state(
    use: EmergencyUse, wrong: Sequence[corrections.LiveText], own: Sequence[Delivery], now: datetime
) -> Owed:
    if use.ratification is Ratification.RATIFIED:
        return Owed.RATIFIED
    if use.ratification is Ratification.REFUSED:
        unknown = any(delivery.state in MAY_BE_LIVE for delivery in own)
        return Owed.REFUSED if wrong or unknown else Owed.CORRECTED
    return Owed.OVERDUE if now >= use.due_at else Owed.OWED
