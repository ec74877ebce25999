"""The tasks of emergency templates: to approve the newest revision, one for each approver."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.emergency import templates
from publisher.models.emergency import EmergencyTemplate, TemplateRevision
from publisher.review.department_approvers import offices_by_department, select_deciders
from publisher.tasks.specs import SpecsOfSubjects, SubjectTasks, TaskKind, TaskSpec


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these templates, in at most two statements."""
    query = (
        select(TemplateRevision)
        .join(TemplateRevision.template)
        .where(
            *(EmergencyTemplate.id.in_(ids), EmergencyTemplate.ended_at.is_(None)),
            TemplateRevision.number == EmergencyTemplate.newest,
            ~TemplateRevision.decisions.any(),
        )
    )
    revisions = session.scalars(query).all()
    department_ids = {revision.department_id for revision in revisions}
    offices = offices_by_department(session, department_ids, now=now)
    return SpecsOfSubjects(
        [
            TaskSpec(
                TaskKind.TEMPLATE_TO_APPROVE,
                revision.template_id,
                revision.saved_at,
                department_id=revision.department_id,
                appointment_id=candidate.appointment_id,
            )
            for revision in revisions
            for candidate in select_deciders(
                offices[revision.department_id], templates.author_ids(revision)
            ).able
        ]
    )


EMERGENCY_TEMPLATES = SubjectTasks(
    table=EmergencyTemplate.__tablename__,
    kinds=(TaskKind.TEMPLATE_TO_APPROVE,),
    specs_of=list_specs,
    open_ids=select(EmergencyTemplate.id, EmergencyTemplate.department_id).where(
        EmergencyTemplate.ended_at.is_(None)
    ),
)
"""What is asked about emergency templates."""
