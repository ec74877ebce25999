"""Put appointments back to *recorded*: unpublished approvals under them no longer count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from approvals.errors import Overtaken
from approvals.gate import ApprovalKind
from approvals.policy import Actor
from approvals.states import PostState
from publisher import cancellation, transitions
from publisher.models.emergency import (
    EmergencyTemplate,
    EmergencyUse,
    TemplateDecision,
    TemplateRevision,
    TemplateVerdict,
)
from publisher.models.people import Appointment
from publisher.models.posts import Decision, DecisionKind, Post, Revision
from publisher.states import SENT, AppointmentState

_UNCONFIRMED = dict.fromkeys(
    ("confirmed_by_id", "confirmed_under_id", "confirmed_at", "told_at"), None
)


def put_back(
    session: Session,
    appointments: Sequence[Appointment],
    *,
    approvals: Sequence[Decision],
    actor: Actor,
    now: datetime,
    verb: str,
    columns: Mapping[str, object] | None = None,
) -> None:
    """Let confirmed or active appointments of one person wait again, without checking the actor.

    `approvals` is what `lock_approvals` returned: posts that were not sent return to review in this
    transaction; `review.lapsed_approvals` then asks the approvers again, and notifies the cell and
    the head of what was sent already. Emergency templates wait to be approved again. `columns` are
    set in addition to those of the confirmation. Raises `Overtaken` if one of them approves
    something, or is moved, at this moment.
    """
    let_lapse(session, approvals, actor=actor, now=now, why=verb)
    for appointment in sorted(appointments, key=attrgetter("id")):
        transitions.apply(
            session,
            appointment,
            AppointmentState.RECORDED,
            actor=actor,
            now=now,
            verb=verb,
            columns={**_UNCONFIRMED, **(columns or {})},
        )
    # They are locked only now, and deciding locks them too: what came in between is visible.
    if any(approval.lapsed_at is None for approval in session.scalars(_approvals(appointments))):
        raise Overtaken(state=AppointmentState.ACTIVE, to=AppointmentState.RECORDED)
    _withdraw_templates(session, appointments, actor=actor, now=now, why=verb)


def let_lapse(
    session: Session, approvals: Sequence[Decision], *, actor: Actor, now: datetime, why: str
) -> None:
    """Let locked approvals lapse; `review.lapsed_approvals` then asks and notifies others."""
    for decision in approvals:
        decision.lapsed_at = now
        revision = decision.revision
        states = cancellation.states_of_texts(session, revision)
        if states and all(state in SENT for state in states):
            continue  # it stays approved, as what it released stays
        cancellation.cancel_unsent(session, actor=actor, now=now, post_id=revision.post_id, why=why)
        values, lapsed = {"revision": revision.number, "why": why}, [decision]
        cancellation.void_approvals(session, revision, lapsed, actor=actor, now=now, values=values)


def _withdraw_templates(
    session: Session,
    appointments: Sequence[Appointment],
    *,
    actor: Actor,
    now: datetime,
    why: str,
) -> None:
    """Withdraw the approvals of emergency templates, which wait for their department again."""
    query = _template_approvals(appointments)
    for approval in session.scalars(query.order_by(TemplateDecision.id).with_for_update()).all():
        approval.withdrawn_at, approval.withdrawn_by_id = now, actor.person_id
        transitions.record(
            session,
            approval.revision.template,
            "withdraw_approval",
            actor=actor,
            now=now,
            values={"revision": approval.revision.number, "why": why},
        )


def lock_approvals(session: Session, appointments: Sequence[Appointment]) -> Sequence[Decision]:
    """Lock the posts that these appointments approve now, and return the approvals.

    They include emergency posts from a template that one of the appointments has approved. The
    templates are locked first, then the posts in the order of ids, then the person and the
    appointments: publishing and workers use the same order, which avoids deadlocks.
    """
    # Publishing from a template locks it too, so no post rests on an approval that lapses here.
    revision_ids = _template_approvals(appointments).with_only_columns(TemplateDecision.revision_id)
    query = (
        select(EmergencyTemplate.id)
        .where(EmergencyTemplate.revisions.any(TemplateRevision.id.in_(revision_ids)))
        .order_by(EmergencyTemplate.id)
        .with_for_update()
    )
    session.execute(query)
    approvals = _approvals(appointments)
    for decision in session.scalars(approvals).all():
        transitions.lock(session, Post, decision.revision.post_id)
    # Read again: what waited for a lock may have been withdrawn or revised meanwhile.
    return session.scalars(approvals.execution_options(populate_existing=True)).all()


def _template_approvals(appointments: Sequence[Appointment]) -> Select[TemplateDecision]:
    return select(TemplateDecision).where(
        TemplateDecision.appointment_id.in_([appointment.id for appointment in appointments]),
        TemplateDecision.verdict == TemplateVerdict.APPROVED,
        TemplateDecision.withdrawn_at.is_(None),
    )


def _approvals(appointments: Sequence[Appointment]) -> Select[Decision]:
    template_approval_ids = _template_approvals(appointments).with_only_columns(TemplateDecision.id)
    return (
        select(Decision)
        .join(Decision.revision)
        .join(Revision.post)
        .where(
            or_(
                and_(
                    # For the index of the person.
                    Decision.person_id.in_({appointment.person_id for appointment in appointments}),
                    Decision.appointment_id.in_([appointment.id for appointment in appointments]),
                ),
                Decision.use.has(EmergencyUse.approval_id.in_(template_approval_ids)),
            ),
            Decision.kind.in_([DecisionKind(kind) for kind in ApprovalKind]),
            Decision.withdrawn_at.is_(None),
            Revision.number == Post.newest,
            Post.state.in_((PostState.IN_REVIEW, PostState.APPROVED)),
        )
        .order_by(Post.id, Decision.id)
    )
