"""Ask again, and notify others, after approvals lapsed because an appointment was put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from approvals.states import PostState
from publisher.database.session import Database
from publisher.models.people import Appointment
from publisher.models.posts import Decision
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.review import notify
from publisher.states import SENT, AppointmentState


def tick_lapsed_approvals(database: Database, *, now: datetime) -> int:
    """Ask the approvers again, and notify the cell and the head; return the number of approvals."""
    with database.transaction() as session:
        lapsed = select(Decision).where(Decision.lapsed_at.is_not(None)).order_by(Decision.id)
        decisions = session.scalars(lapsed.with_for_update(skip_locked=True)).all()
        by_appointment: defaultdict[Appointment, list[Decision]] = defaultdict(list)
        for decision in decisions:
            by_appointment[_approving_appointment(decision)].append(decision)
            revision = decision.revision
            is_waiting = revision.number == revision.post.newest
            is_waiting = is_waiting and revision.post.state is PostState.IN_REVIEW
            if is_waiting and decision.withdrawn_at is not None:
                notify.ask(session, revision, decision.department_id, actor=CLOCK, now=now)
            decision.lapsed_at = None
        for appointment, rows in by_appointment.items():
            _notify(session, appointment, rows, now)
        return len(decisions)


def _approving_appointment(decision: Decision) -> Appointment:
    """Return the appointment whose approval has lapsed: of the post, or of its template."""
    approval = decision.use.approval if decision.use is not None else None
    if approval is not None and approval.withdrawn_at is not None:
        return approval.appointment
    return decision.appointment


def _notify(
    session: Session, appointment: Appointment, decisions: Sequence[Decision], now: datetime
) -> None:
    """Notify the cell and the head of what is in review again, and what was already sent."""
    head = responsibility.head(session, appointment.department_id, now=now)
    offices = responsibility.cell(session, now=now) + ([head] if head else [])
    duty_officers = [row.person for row in decisions if row.use is not None]
    values = {
        "person": appointment.person,
        "role": appointment.role,
        "department": appointment.department,
        "waiting": _titles(row for row in decisions if row.withdrawn_at is not None),
        "gone": _titles(row for row in decisions if _has_gone(row)),
        "left": appointment.state is AppointmentState.ENDED,
    }
    compose.queue_for_each(
        session,
        [
            person
            for person in dict.fromkeys([*responsibility.people_of(offices), *duty_officers])
            if person is not appointment.person
        ],
        kind=NoticeKind.APPROVALS_LAPSED,
        values=values,
        now=now,
        path=links.TODAY,
    )


def _titles(decisions: Iterable[Decision]) -> str:
    return "; ".join(f"“{decision.revision.post.title}”" for decision in decisions)


def _has_gone(decision: Decision) -> bool:
    """Return True if a text that it approved was sent, or may have been."""
    variants = decision.revision.variants
    return any(row.state in SENT for variant in variants for row in variant.deliveries)
