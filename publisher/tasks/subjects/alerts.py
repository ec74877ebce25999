"""The tasks of alerts: to take charge of an urgent delivery in trouble."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.database.noted_changes import NotedChanges
from publisher.emergency import alerts
from publisher.models.deliveries import Delivery
from publisher.models.emergency import Alert, Duty
from publisher.models.people import Appointment, Person
from publisher.people import roster
from publisher.tasks import open_tasks
from publisher.tasks.specs import SpecsOfSubjects, SubjectTasks, TaskKind, TaskQueue, TaskSpec


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these alerts, in at most two statements: for leads and those on duty."""
    query = (
        select(Alert.id, Alert.since_at, Delivery.post_id)
        .join(Alert.delivery)
        .where(Alert.id.in_(ids), alerts.is_open())
    )
    open_alerts = session.execute(query).all()
    if not open_alerts:
        return SpecsOfSubjects([])
    offices, next_at = roster.offices_on_duty(session, now=now)
    appointment_ids = {office.id for office in offices if office.role is not Role.CELL_LEAD}
    specs: list[TaskSpec] = []
    for alert in open_alerts:
        spec = TaskSpec(TaskKind.ALERT, alert.id, alert.since_at, post_id=alert.post_id)
        specs.append(replace(spec, queue=TaskQueue.LEAD))
        specs += [replace(spec, appointment_id=number) for number in appointment_ids]
    return SpecsOfSubjects(
        specs, looks={alert.id: next_at for alert in open_alerts} if next_at else {}
    )


def _depending(_session: Session, _noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield all open alerts: people who come on duty get them, those who leave lose them."""
    yield open_tasks.everybodys_subjects(TaskKind.ALERT)


ALERTS = SubjectTasks(
    table=Alert.__tablename__,
    kinds=(TaskKind.ALERT,),
    specs_of=list_specs,
    open_ids=select(Alert.id).where(alerts.is_open()),
    depends_on=(Duty.__tablename__, Appointment.__tablename__, Person.__tablename__),
    depending=_depending,
    has_offices=False,
)
"""What is asked about alerts."""
