"""Put an appointment back to *recorded*: approvals under it that have not gone out do not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from approvals.errors import Overtaken
from approvals.gate import ApprovalKind
from approvals.policy import Actor
from approvals.states import PostState
from publisher import cancellation, transitions
from publisher.models.emergency import TemplateDecision, TemplateVerdict
from publisher.models.people import Appointment
from publisher.models.posts import Decision, DecisionKind, Post, Revision
from publisher.states import SENT, AppointmentState

_UNCONFIRMED = dict.fromkeys(
    ("confirmed_by_id", "confirmed_under_id", "confirmed_at", "told_at"), None
)


def put_back(
    session: Session,
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    columns: Mapping[str, object] | None = None,
) -> None:
    """Let a confirmed or active appointment wait again, whoever acts.

    Posts that it approved and that have not gone out are in review again, in this transaction;
    `review.lapsed_approvals` then asks the approvers again, and tells the cell and the head what
    has gone out already. Emergency templates wait to be approved again. `columns` are set beside
    those of the confirmation. Raises `Overtaken` if the appointment approves something, or is
    moved, at this moment.
    """
    # As a worker does, lock the posts before the appointment: otherwise they wait for each other.
    for decision in _locked_approvals(session, appointment):
        decision.lapsed_at = now
        if _has_all_gone(session, decision.revision):
            continue  # it stands, as what it released does
        revision = decision.revision
        cancellation.cancel_unsent(
            session, actor=actor, now=now, post_id=revision.post_id, why=verb
        )
        values = {"revision": revision.number, "why": verb}
        cancellation.void_approvals(
            session, revision, [decision], actor=actor, now=now, values=values
        )
    transitions.apply(
        session,
        appointment,
        AppointmentState.RECORDED,
        actor=actor,
        now=now,
        verb=verb,
        columns={**_UNCONFIRMED, **(columns or {})},
    )
    # The appointment is locked only now, and deciding locks it too: what came in between shows.
    if any(row.lapsed_at is None for row in session.scalars(_approvals(appointment))):
        raise Overtaken(state=AppointmentState.ACTIVE, to=AppointmentState.RECORDED)
    _withdraw_templates(session, appointment, actor=actor, now=now, why=verb)


def _withdraw_templates(
    session: Session, appointment: Appointment, *, actor: Actor, now: datetime, why: str
) -> None:
    """Withdraw the approvals of emergency templates: they wait for their department again."""
    query = select(TemplateDecision).where(
        TemplateDecision.appointment_id == appointment.id,
        TemplateDecision.verdict == TemplateVerdict.APPROVED,
        TemplateDecision.withdrawn_at.is_(None),
    )
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


def _locked_approvals(session: Session, appointment: Appointment) -> Sequence[Decision]:
    """Lock the posts that this appointment approves now, and return its approvals of them."""
    approvals = _approvals(appointment)
    for decision in session.scalars(approvals).all():
        transitions.lock(session, Post, decision.revision.post_id)
    # Freshly read: what waited for a lock may have been withdrawn or revised meanwhile.
    return session.scalars(approvals.execution_options(populate_existing=True)).all()


def _approvals(appointment: Appointment) -> Select[Decision]:
    return (
        select(Decision)
        .join(Decision.revision)
        .join(Revision.post)
        .where(
            Decision.person_id == appointment.person_id,
            Decision.appointment_id == appointment.id,
            Decision.kind.in_([DecisionKind(kind) for kind in ApprovalKind]),
            Decision.withdrawn_at.is_(None),
            Revision.number == Post.newest,
            Post.state.in_((PostState.IN_REVIEW, PostState.APPROVED)),
        )
        .order_by(Post.id)
    )


def _has_all_gone(session: Session, revision: Revision) -> bool:
    states = cancellation.states_of_texts(session, revision)
    return bool(states) and all(state in SENT for state in states)
