"""SQL conditions for open emergency work: uses to correct or to ratify, and templates to approve.

They select the same rows as `publisher.delivery.emergency`, which loads them with all that is
shown of them. Every page counts them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.policy import Action, Actor, Role, may, scope_of
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.emergency import (
    Alert,
    Duty,
    EmergencyTemplate,
    EmergencyUse,
    Ratification,
    TemplateDecision,
    TemplateRevision,
)
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post, PostKind, Revision, Variant
from publisher.reports.sql_conditions import Condition, in_office
from publisher.states import MAY_BE_LIVE, DeliveryState
from publisher.validation import departments_in_sight


def is_on_duty(actor: Actor, *, now: datetime) -> Condition:
    """The actor is on the duty roster at `now`."""
    return exists().where(
        Duty.person_id == actor.person_id,
        Duty.from_at <= now,
        Duty.until_at > now,
        Duty.ended_at.is_(None),
        Duty.approved_at.is_not(None),
    )


def is_open_alert() -> Condition:
    """Nobody has taken the alert, and it is not settled."""
    return and_(Alert.taken_at.is_(None), Alert.settled_at.is_(None))


def may_take(actor: Actor, *, now: datetime) -> Condition:
    """The actor may take alerts: everywhere by role, or while on duty."""
    everywhere = may(actor, Action.SETTLE_HELD, None)
    return true() if everywhere else is_on_duty(actor, now=now)


def wants_correction(actor: Actor, *, now: datetime) -> Condition:
    """The use was refused and is not corrected, and this actor may see it."""
    decision = aliased(Decision)
    department_ids = departments_in_sight(actor, Action.SEE_EMERGENCY)
    in_sight: Condition = true()
    if department_ids is not None:
        in_sight = or_(
            decision.department_id.in_(list(department_ids)),
            decision.person_id == actor.person_id,
            is_on_duty(actor, now=now),
        )
    of_use = exists().where(
        decision.id == EmergencyUse.decision_id,
        in_sight,
        or_(_may_be_live(decision), _is_live_uncorrected(decision)),
    )
    return and_(
        EmergencyUse.ratification == Ratification.REFUSED,
        of_use.correlate_except(decision),
    )


def _may_be_live(decision: type[Decision]) -> Condition:
    """A delivery of the emergency publication is in flight, or its outcome is unknown."""
    delivery, variant = aliased(Delivery), aliased(Variant)
    return (
        exists()
        .where(
            variant.revision_id == decision.revision_id,
            delivery.variant_id == variant.id,
            delivery.urgent.is_(True),
            delivery.state.in_(MAY_BE_LIVE),
        )
        .correlate_except(delivery, variant)
    )


def _is_live_uncorrected(decision: type[Decision]) -> Condition:
    """A live publication of the post has the text of that revision, and no note below corrects it.

    It is the SQL form of `corrections.live_texts_among` for one revision.
    """
    revision, delivery, variant = aliased(Revision), aliased(Delivery), aliased(Variant)
    receipt = aliased(ReceiptRow)
    return (
        exists()
        .where(
            revision.id == decision.revision_id,
            delivery.post_id == revision.post_id,
            *_is_publication(delivery, receipt),
            variant.id == delivery.variant_id,
            func.coalesce(_last_edit(delivery, receipt), variant.revision_id) == revision.id,
            ~_has_note(delivery, receipt),
        )
        .correlate_except(revision, delivery, variant, receipt)
    )


def _is_publication(
    delivery: type[Delivery], receipt: type[ReceiptRow]
) -> tuple[ColumnElement[bool], ...]:
    """The delivery published a text that is still on the platform."""
    return (
        delivery.action == DeliveryAction.PUBLISH,
        delivery.state == DeliveryState.PUBLISHED,
        receipt.delivery_id == delivery.id,
        receipt.gone_at.is_(None),
    )


def _last_edit(published: type[Delivery], receipt: type[ReceiptRow]) -> ColumnElement[int | None]:
    """Return the revision whose text was put there by the last edit; NULL if there was none."""
    edit, edit_receipt, edit_variant = aliased(Delivery), aliased(ReceiptRow), aliased(Variant)
    return (
        select(edit_variant.revision_id)
        .where(
            edit.post_id == published.post_id,
            edit.account_id == published.account_id,
            edit.action == DeliveryAction.EDIT,
            edit.state == DeliveryState.PUBLISHED,
            edit_receipt.delivery_id == edit.id,
            edit_variant.id == edit.variant_id,
            edit_variant.target == receipt.platform_id,
        )
        .order_by(edit_receipt.published_at.desc(), edit.id.desc())
        .limit(1)
        .correlate(published, receipt)
        .scalar_subquery()
    )


def _has_note(published: type[Delivery], receipt: type[ReceiptRow]) -> Condition:
    """A live reply of ours below the publication corrects it; elsewhere an edit does."""
    note, note_receipt, note_variant = aliased(Delivery), aliased(ReceiptRow), aliased(Variant)
    post = aliased(Post)
    return (
        exists()
        .where(
            note.post_id == published.post_id,
            *_is_publication(note, note_receipt),
            note_variant.id == note.variant_id,
            note_variant.target == receipt.platform_id,
            post.id == note.post_id,
            post.kind == PostKind.POST,
        )
        .correlate(published, receipt)
    )


def is_owed(actor: Actor, *, now: datetime) -> Condition:
    """This actor can ratify or refuse the use now."""
    if scope_of(actor, Action.RATIFY) is None or actor.department_id is None:
        return false()
    decision = aliased(Decision)
    of_use = exists().where(
        decision.id == EmergencyUse.decision_id,
        decision.department_id == actor.department_id,
        decision.person_id != actor.person_id,
        or_(EmergencyUse.due_at <= now, _can_decide(actor, decision.person_id, now=now)),
    )
    return and_(EmergencyUse.ratification.is_(None), of_use.correlate(EmergencyUse))


def template_waits(actor: Actor, *, now: datetime) -> Condition:
    """The newest revision of the template waits for this actor's approval."""
    if scope_of(actor, Action.APPROVE_TEMPLATE) is None or actor.department_id is None:
        return false()
    revision = aliased(TemplateRevision)
    decided = exists().where(TemplateDecision.revision_id == revision.id)
    undecided = exists().where(
        revision.template_id == EmergencyTemplate.id,
        revision.number == EmergencyTemplate.newest,
        or_(revision.author_id.is_(None), revision.author_id != actor.person_id),
        ~decided.correlate(revision),
        _can_decide(actor, revision.author_id, now=now),
    )
    return and_(
        EmergencyTemplate.ended_at.is_(None),
        EmergencyTemplate.department_id == actor.department_id,
        undecided.correlate(EmergencyTemplate),
    )


def _can_decide(
    actor: Actor,
    excluded_person_id: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    *,
    now: datetime,
) -> Condition:
    """The actor is one of those who decide for the department: its officers, or else its head.

    Whoever is excluded is not this actor, which the caller asks.
    """
    if actor.role is not Role.HEAD:
        return true() if actor.role is Role.OFFICER else false()
    officer, officer_person = aliased(Appointment), aliased(Person)
    earlier, earlier_person = aliased(Appointment), aliased(Person)
    other_officer = exists().where(
        in_office(officer, officer_person, now=now),
        officer.role == Role.OFFICER,
        officer.department_id == actor.department_id,
        or_(excluded_person_id.is_(None), officer.person_id != excluded_person_id),
    )
    earlier_head = exists().where(
        in_office(earlier, earlier_person, now=now),
        earlier.role == Role.HEAD,
        earlier.department_id == actor.department_id,
        earlier.id < actor.appointment_id,
    )
    return and_(
        ~other_officer.correlate_except(officer, officer_person),
        ~earlier_head.correlate_except(earlier, earlier_person),
    )
