"""A department's decisions about its template: approve, return, or withdraw the approval."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import emergency, gate
from approvals.errors import FourEyesRequired, NotApproved, Overtaken, RestsOnWriter, WrongState
from approvals.policy import Action, Actor, require
from publisher import cancellation, transitions
from publisher.emergency import notify, templates
from publisher.models.deliveries import Delivery
from publisher.models.emergency import (
    EmergencyUse,
    TemplateDecision,
    TemplateRevision,
    TemplateVerdict,
)
from publisher.models.posts import Decision, Post, Revision
from publisher.people import confirmation
from publisher.review import emergency_grounds, gate_adapter
from publisher.validation import clean_reason, person_of


def approve(
    session: Session, *, actor: Actor, now: datetime, template_id: int, seen_revision: int
) -> TemplateDecision:
    """Approve exactly the revision that was seen, for the actor's department.

    Raises `NotFound`, `StaleRevision`, `WrongRole`, `FourEyesRequired` if the actor wrote it,
    `RestsOnWriter` if their appointment rests on the person who did, `Overtaken` if it is approved
    already, `NotApproved` if its rows were changed since.
    """
    revision = _undecided_revision(session, template_id, seen_revision, actor=actor, now=now)
    if revision.author_id is not None and revision.author_id == actor.person_id:
        raise FourEyesRequired(revision=revision.number)
    if revision.author_id in confirmation.own_ground(session, actor):
        raise RestsOnWriter(revision=revision.number)
    if emergency.digest(emergency_grounds.revision_template(revision)) != revision.digest:
        raise NotApproved(reason=gate.Refusal.CHANGED)
    return _decide(session, revision, TemplateVerdict.APPROVED, "", actor=actor, now=now)


def return_template(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    template_id: int,
    seen_revision: int,
    reason: str,
) -> TemplateDecision:
    """Return the revision to the cell, with a reason. Raises as `approve`, and `Invalid`."""
    revision = _undecided_revision(session, template_id, seen_revision, actor=actor, now=now)
    text = clean_reason(reason)
    decision = _decide(session, revision, TemplateVerdict.RETURNED, text, actor=actor, now=now)
    notify.template_returned(session, decision, now=now)
    return decision


def withdraw(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    template_id: int,
    seen_revision: int,
    reason: str,
) -> list[Delivery]:
    """Withdraw the department's approval, so that the template can no longer be used.

    Cancels and returns the unsent deliveries that rest on it. Raises `WrongState` if there is no
    approval.
    """
    revision = _require_seen_revision(session, template_id, seen_revision)
    _check_right(session, revision, actor=actor, now=now)
    text = clean_reason(reason)
    approval = emergency_grounds.standing_approval(revision)
    if approval is None:
        raise WrongState(state="", to="")
    approval.withdrawn_at, approval.withdrawn_by_id = now, person_of(actor)
    approval.reason = text
    values = {"revision": revision.number}
    transitions.record(
        session, revision.template, "withdraw_approval", actor=actor, now=now, values=values
    )
    notify.template_returned(session, approval, now=now)
    posts_on_approval = (
        select(Post)
        .join(Revision, Revision.post_id == Post.id)
        .join(Decision, Decision.revision_id == Revision.id)
        .join(EmergencyUse, EmergencyUse.decision_id == Decision.id)
        .where(EmergencyUse.approval_id == approval.id)
        .order_by(Post.id)
        .with_for_update(of=Post, key_share=True)  # as `transitions.lock`
    )
    stopped: list[Delivery] = []
    for post in session.scalars(posts_on_approval).all():
        stopped += cancellation.cancel_unsent(
            session, actor=actor, now=now, post_id=post.id, why="withdraw_approval"
        )
    return stopped


def _undecided_revision(
    session: Session, template_id: int, seen_revision: int, *, actor: Actor, now: datetime
) -> TemplateRevision:
    """Return the newest revision if the actor may decide about it and nobody has approved it."""
    revision = _require_seen_revision(session, template_id, seen_revision)
    _check_right(session, revision, actor=actor, now=now)
    if emergency_grounds.standing_approval(revision) is not None:
        raise Overtaken(state=TemplateVerdict.APPROVED, to=TemplateVerdict.APPROVED)
    return revision


def _require_seen_revision(
    session: Session, template_id: int, seen_revision: int
) -> TemplateRevision:
    template = templates.lock_template(session, template_id)
    gate.check_seen(seen_revision, template.newest)
    return templates.newest(template)


def _check_right(
    session: Session, revision: TemplateRevision, *, actor: Actor, now: datetime
) -> None:
    able = templates.find_approvers(session, revision, now=now)
    action, department_id = Action.APPROVE_TEMPLATE, revision.department_id
    require(actor, action, department_id, now=now, standing_in=able.standing_in)
    gate_adapter.check_in_office(session, actor, action, now=now)


def _decide(
    session: Session,
    revision: TemplateRevision,
    verdict: TemplateVerdict,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> TemplateDecision:
    decision = TemplateDecision(
        revision=revision,
        department_id=revision.department_id,
        verdict=verdict,
        person_id=person_of(actor),
        appointment_id=actor.appointment_id or 0,
        at=now,
        reason=reason,
        digest=revision.digest,
    )
    session.add(decision)
    verb = "approve" if verdict is TemplateVerdict.APPROVED else "return"
    values = {"revision": revision.number}
    transitions.record(session, revision.template, verb, actor=actor, now=now, values=values)
    return decision
