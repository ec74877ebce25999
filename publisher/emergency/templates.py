"""Queries for emergency templates: those in use, those waiting for approval, their approvers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.approvers import Approvers
from approvals.policy import Action, Actor
from publisher.models.emergency import (
    EmergencyTemplate,
    EmergencyUse,
    TemplateDecision,
    TemplateRevision,
)
from publisher.models.people import Appointment
from publisher.review import emergency_grounds
from publisher.review.department_approvers import load_offices, select_deciders
from publisher.validation import NotFound, check_in_sight, departments_in_sight, existing


def newest(template: EmergencyTemplate) -> TemplateRevision:
    """Return the newest revision."""
    return template.revisions[-1]


def current_approval(template: EmergencyTemplate) -> TemplateDecision | None:
    """Return the approval under which the template can be used; None if it cannot."""
    return None if template.ended_at else emergency_grounds.standing_approval(newest(template))


def usable_templates(session: Session) -> list[EmergencyTemplate]:
    """Return the templates that can be used now, by name."""
    return [
        template
        for template in _load(session, _usable_templates())
        if current_approval(template) is not None
    ]


def visible(session: Session, *, actor: Actor, ended: bool = False) -> list[EmergencyTemplate]:
    """Return the templates that this actor may see, by name."""
    department_ids = departments_in_sight(actor, Action.SEE_EMERGENCY)
    has_ended = EmergencyTemplate.ended_at.is_not(None)
    query = _whole().where(has_ended) if ended else _usable_templates()
    if department_ids is not None:
        query = query.where(EmergencyTemplate.department_id.in_(department_ids))
    return _load(session, query)


def _usable_templates() -> Select[EmergencyTemplate]:
    return _whole().where(EmergencyTemplate.ended_at.is_(None))


def _whole() -> Select[EmergencyTemplate]:
    revisions = selectinload(EmergencyTemplate.revisions)
    decisions = revisions.selectinload(TemplateRevision.decisions)
    return (
        select(EmergencyTemplate)
        .options(
            joinedload(EmergencyTemplate.department),
            revisions.joinedload(TemplateRevision.author),
            decisions.joinedload(TemplateDecision.person),
            decisions.joinedload(TemplateDecision.appointment).joinedload(Appointment.department),
        )
        .order_by(EmergencyTemplate.name_mr, EmergencyTemplate.id)
    )


def _load(session: Session, query: Select[EmergencyTemplate]) -> list[EmergencyTemplate]:
    return list(session.scalars(query))


def get_visible_template(session: Session, *, actor: Actor, template_id: int) -> EmergencyTemplate:
    """Return a template that the actor may see. Raises `NotFound` or `WrongRole`."""
    query = _whole().where(EmergencyTemplate.id == template_id)
    template = existing(session.scalars(query).one_or_none(), template_id)
    check_in_sight(actor, Action.SEE_EMERGENCY, [template.department_id])
    return template


def get_current_template(session: Session, template_id: int) -> EmergencyTemplate:
    """Return a template in use with its revisions. Raises `NotFound`, also if it has ended."""
    query = _usable_templates().where(EmergencyTemplate.id == template_id)
    return existing(session.scalars(query).one_or_none(), template_id)


def lock_template(session: Session, template_id: int) -> EmergencyTemplate:
    """Return the template, locked until the transaction ends.

    Raises `NotFound`, also if it has ended.
    """
    template = session.get(
        EmergencyTemplate, template_id, with_for_update=True, populate_existing=True
    )
    if template is None or template.ended_at is not None:
        raise NotFound(template_id)
    return template


def find_approvers(session: Session, revision: TemplateRevision, *, now: datetime) -> Approvers:
    """Return those who can approve this revision for its department now."""
    return find_deciders(session, revision.department_id, author_ids(revision), now=now)


def author_ids(revision: TemplateRevision) -> Collection[int]:
    """Return who wrote the revision and may not approve it; nobody if it came with the product."""
    return () if revision.author_id is None else (revision.author_id,)


def able_to_ratify(session: Session, use: EmergencyUse, *, now: datetime) -> Approvers:
    """Return those who can decide about a use now, except for the person who published it."""
    decision = use.decision
    return find_deciders(session, decision.department_id, [decision.person_id], now=now)


def find_deciders(
    session: Session, department_id: int, without: Collection[int], *, now: datetime
) -> Approvers:
    """Return those who can decide for a department now, except for the people `without`.

    These are its officers; if none of them is left or all are away, its head.
    """
    return select_deciders(load_offices(session, department_id, now=now), without)
