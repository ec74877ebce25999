"""The open emergency work of a person: alerts, uses to correct or to ratify, and templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, scope_of
from publisher.delivery.emergency.alerts import with_post_and_account
from publisher.models.emergency import Alert, EmergencyTemplate, EmergencyUse, Ratification
from publisher.models.posts import Decision
from publisher.reports import emergency_conditions


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


def emergency_work(session: Session, *, actor: Actor, now: datetime) -> EmergencyWork:
    """Return the actor's open emergency work, in at most three queries.

    They are large and take time to build: ask only if the tabs count some.
    """
    uses = session.scalars(_uses(actor, now)).all()
    return EmergencyWork(
        alerts=list(session.scalars(_alerts(actor, now))),
        refused=[use for use in uses if use.ratification is Ratification.REFUSED],
        owed=[use for use in uses if use.ratification is None],
        templates=_templates(session, actor, now),
    )


def _alerts(actor: Actor, now: datetime) -> Select[Alert]:
    takes = emergency_conditions.may_take(actor, now=now)
    is_open = emergency_conditions.is_open_alert()
    return with_post_and_account(select(Alert)).where(is_open, takes).order_by(Alert.id)


def _uses(actor: Actor, now: datetime) -> Select[EmergencyUse]:
    decision = joinedload(EmergencyUse.decision)
    wants_correction = emergency_conditions.wants_correction(actor, now=now)
    return (
        select(EmergencyUse)
        .where(or_(wants_correction, emergency_conditions.is_owed(actor, now=now)))
        .options(
            decision.joinedload(Decision.department),
            decision.joinedload(Decision.person),
            joinedload(EmergencyUse.template_revision),
        )
        .order_by(EmergencyUse.due_at, EmergencyUse.id)
    )


def _templates(session: Session, actor: Actor, now: datetime) -> list[EmergencyTemplate]:
    if scope_of(actor, Action.APPROVE_TEMPLATE) is None:
        return []
    waits = emergency_conditions.template_waits(actor, now=now)
    query = select(EmergencyTemplate).where(waits).order_by(EmergencyTemplate.id)
    return list(session.scalars(query))
