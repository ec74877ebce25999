"""Ratification: the department ratifies or refuses a use within a day, or it is escalated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from approvals.errors import FourEyesRequired, WrongState
from approvals.policy import CLOCK, Action, Actor, require
from approvals.states import PostState
from publisher import cancellation, transitions
from publisher.database.noted_changes import note_changed
from publisher.database.session import Database
from publisher.emergency import notify, templates
from publisher.emergency.publish import OWED_WITHIN
from publisher.models.emergency import EmergencyUse, Ratification
from publisher.models.posts import Post
from publisher.review import gate_adapter
from publisher.validation import check_in_sight, clean_reason, existing

REMINDERS = (timedelta(hours=4), timedelta(hours=12), timedelta(hours=20))
"""The times after the publication at which the department is reminded."""

AT_ONCE = 50


def ratify(session: Session, *, actor: Actor, now: datetime, use_id: int) -> EmergencyUse:
    """Ratify a use for the department.

    Raises `NotFound`, `WrongRole`, `FourEyesRequired` for the duty officer, or `WrongState` if the
    department has decided already.
    """
    use = _lock_open_use(session, use_id, actor=actor, now=now)
    return _record_decision(session, use, Ratification.RATIFIED, "", actor=actor, now=now)


def refuse(
    session: Session, *, actor: Actor, now: datetime, use_id: int, reason: str
) -> EmergencyUse:
    """Refuse to ratify a use: cancel what is unsent, and return the post to the cell.

    The cell has to correct what is live. Raises as `ratify`, and `Invalid` without a reason.
    """
    use = _lock_open_use(session, use_id, actor=actor, now=now)
    text = clean_reason(reason)
    _record_decision(session, use, Ratification.REFUSED, text, actor=actor, now=now)
    post = use.decision.revision.post
    cancellation.cancel_unsent(
        session, actor=actor, now=now, post_id=post.id, why="refuse_to_ratify"
    )
    if post.state is PostState.APPROVED and post.newest == use.decision.revision.number:
        transitions.apply(
            session, post, PostState.DRAFT, actor=actor, now=now, verb="return_to_the_cell"
        )
    notify.emergency_refused(session, use, now=now)
    return use


def _lock_open_use(session: Session, use_id: int, *, actor: Actor, now: datetime) -> EmergencyUse:
    use = existing(session.get(EmergencyUse, use_id), use_id)
    # The post is locked first, as everywhere, so that no deadlock is possible.
    transitions.lock(session, Post, use.decision.revision.post_id)
    use = session.get_one(EmergencyUse, use_id, with_for_update=True, populate_existing=True)
    decision = use.decision
    check_in_sight(actor, Action.SEE_EMERGENCY, [decision.department_id])
    require(
        actor,
        Action.RATIFY,
        decision.department_id,
        now=now,
        standing_in=may_head_decide(session, use, now=now),
    )
    gate_adapter.check_in_office(session, actor, Action.RATIFY, now=now)
    if decision.person_id == actor.person_id:
        raise FourEyesRequired(revision=decision.revision.number)
    if use.ratification is not None:
        raise WrongState(state=use.ratification, to=Ratification.RATIFIED)
    return use


def may_head_decide(session: Session, use: EmergencyUse, *, now: datetime) -> bool:
    """Return True if the head may decide: no officer can, or the decision is overdue."""
    return templates.able_to_ratify(session, use, now=now).standing_in or now >= use.due_at


def _record_decision(
    session: Session,
    use: EmergencyUse,
    word: Ratification,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> EmergencyUse:
    use.ratification, use.ratified_at, use.reason = word, now, reason
    use.ratified_by_id, use.ratified_under_id = actor.person_id, actor.appointment_id
    verb = "ratify" if word is Ratification.RATIFIED else "refuse_to_ratify"
    values = {"revision": use.decision.revision.number, "decision": use.decision_id}
    post = use.decision.revision.post
    transitions.record(session, post, verb, actor=actor, now=now, values=values)
    note_changed(session, use.__tablename__, use.id, now=now, is_by_person=True)
    return use


def tick_ratifications(database: Database, *, now: Callable[[], datetime]) -> int:
    """Remind departments of uses to decide on, and escalate those that are overdue.

    Returns the number of uses that someone was notified of.
    """
    with database.transaction() as session:
        at = now()
        query = (
            select(EmergencyUse)
            .where(
                EmergencyUse.ratification.is_(None),
                EmergencyUse.escalated_at.is_(None),
                or_(
                    EmergencyUse.due_at <= at,
                    *(_reminder_due(reminder, at) for reminder in REMINDERS),
                ),
            )
            .order_by(EmergencyUse.due_at, EmergencyUse.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return sum(_remind(session, use, at) for use in session.scalars(query).all())


def _reminder_due(span: timedelta, now: datetime) -> ColumnElement[bool]:
    """Return a condition: this reminder is due and was not sent."""
    sent = REMINDERS.index(span)
    return and_(EmergencyUse.due_at <= now + OWED_WITHIN - span, EmergencyUse.reminded <= sent)


def _remind(session: Session, use: EmergencyUse, now: datetime) -> bool:
    if now >= use.due_at:
        use.escalated_at = now
        notify.emergency_overdue(session, use, now=now)
        _note(session, use, "overdue", now)
        return True
    due = sum(now >= use.decision.at + span for span in REMINDERS)
    if due <= use.reminded:
        return False
    use.reminded = due  # one mail, however many reminders were missed while no clock ran
    notify.emergency_owed(session, use, now=now)
    _note(session, use, "remind", now)
    return True


def _note(session: Session, use: EmergencyUse, verb: str, now: datetime) -> None:
    transitions.record(session, use, verb, actor=CLOCK, now=now, values={"reminded": use.reminded})
