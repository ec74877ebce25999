"""The open emergency work of a person: alerts, uses to correct or to ratify, and templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Actor
from publisher.emergency import queries
from publisher.emergency.alerts import load_post_and_account
from publisher.models.emergency import Alert, EmergencyTemplate, EmergencyUse, Ratification
from publisher.models.posts import Decision
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

OWN_KINDS: Final = (TaskKind.ALERT, TaskKind.USE_TO_RATIFY, TaskKind.TEMPLATE_TO_APPROVE)
"""The kinds that a person has as tasks; uses to correct are the cell's, and others see them."""


@dataclass(frozen=True)
class EmergencyWork:
    """Open alerts, refused uses that are still live, uses to ratify, and templates to approve."""

    alerts: list[Alert]
    refused: list[EmergencyUse]
    owed: list[EmergencyUse]
    templates: list[EmergencyTemplate]

    @property
    def number(self) -> int:
        """The number of all rows."""
        return len(self.alerts) + len(self.refused) + len(self.owed) + len(self.templates)


NO_EMERGENCY_WORK = EmergencyWork([], [], [], [])


def is_to_correct(actor: Actor, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition of the refused uses that may be live, and that this actor may see."""
    use_ids = open_tasks.everybodys_subjects(TaskKind.USE_TO_CORRECT)
    return EmergencyUse.id.in_(use_ids) & queries.is_in_sight(actor, now=now)


def emergency_work(session: Session, *, actor: Actor, now: datetime) -> EmergencyWork:
    """Return the actor's open emergency work, in three queries."""
    alert_ids = open_tasks.subjects(actor, TaskKind.ALERT)
    alerts = load_post_and_account(select(Alert)).where(Alert.id.in_(alert_ids))
    decision = joinedload(EmergencyUse.decision)
    is_to_ratify = EmergencyUse.id.in_(open_tasks.subjects(actor, TaskKind.USE_TO_RATIFY))
    uses = session.scalars(
        select(EmergencyUse)
        .where(or_(is_to_ratify, is_to_correct(actor, now=now)))
        .options(
            decision.joinedload(Decision.department),
            decision.joinedload(Decision.person),
            joinedload(EmergencyUse.template_revision),
        )
        .order_by(EmergencyUse.due_at, EmergencyUse.id)
    ).all()
    template_ids = open_tasks.subjects(actor, TaskKind.TEMPLATE_TO_APPROVE)
    templates = select(EmergencyTemplate).where(EmergencyTemplate.id.in_(template_ids))
    return EmergencyWork(
        alerts=list(session.scalars(alerts.order_by(Alert.id))),
        refused=[use for use in uses if use.ratification is Ratification.REFUSED],
        owed=[use for use in uses if use.ratification is None],
        templates=list(session.scalars(templates.order_by(EmergencyTemplate.id))),
    )
