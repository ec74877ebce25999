"""The tasks of uses of emergency templates: to ratify, or to correct what is live and refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, joinedload

from publisher.database.noted_changes import NotedChanges
from publisher.emergency import queries
from publisher.emergency.queries import Owed
from publisher.models.emergency import EmergencyUse, Ratification
from publisher.models.posts import Decision, Post, Revision
from publisher.review.department_approvers import (
    DepartmentOffices,
    offices_by_department,
    select_deciders,
)
from publisher.tasks.specs import SpecsOfSubjects, SubjectTasks, TaskKind, TaskQueue, TaskSpec


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these uses, in at most six statements."""
    # A separate session reads everything again, and leaves what a use case has loaded alone.
    with Session(session.connection()) as reading_session:
        return _specs(reading_session, ids, now)


def _specs(session: Session, ids: Collection[int], now: datetime) -> SpecsOfSubjects:
    uses = _open_uses(session, ids)
    refused = [use for use in uses if use.ratification is not None]
    outcomes = queries.outcomes(session, refused, now=now) if refused else []
    to_correct = [outcome.use for outcome in outcomes if outcome.owed is Owed.REFUSED]
    specs = [
        replace(_spec(TaskKind.USE_TO_CORRECT, use), queue=TaskQueue.CELL) for use in to_correct
    ]
    to_ratify = [use for use in uses if use.ratification is None]
    department_ids = {use.decision.department_id for use in to_ratify}
    offices = offices_by_department(session, department_ids, now=now)
    for use in to_ratify:
        spec = replace(_spec(TaskKind.USE_TO_RATIFY, use), due_at=use.due_at)
        deciding_ids = _deciding_ids(use, offices[use.decision.department_id], now)
        specs += [replace(spec, appointment_id=number) for number in deciding_ids]
    return SpecsOfSubjects(
        specs, looks={use.id: use.due_at for use in to_ratify if use.due_at > now}
    )


def _spec(kind: TaskKind, use: EmergencyUse) -> TaskSpec:
    decision = use.decision
    return TaskSpec(
        kind,
        use.id,
        use.ratified_at or decision.at,
        department_id=decision.department_id,
        post_id=decision.revision.post_id,
    )


def _open_uses(session: Session, ids: Collection[int]) -> Sequence[EmergencyUse]:
    """Return the uses among these that are not ratified."""
    revision = joinedload(EmergencyUse.decision).joinedload(Decision.revision)
    query = (
        select(EmergencyUse)
        .where(EmergencyUse.id.in_(ids), _is_not_ratified())
        .options(revision.joinedload(Revision.post))
    )
    return session.scalars(query).all()


def _is_not_ratified() -> ColumnElement[bool]:
    is_refused = EmergencyUse.ratification == Ratification.REFUSED
    return or_(EmergencyUse.ratification.is_(None), is_refused)


def _deciding_ids(use: EmergencyUse, offices: DepartmentOffices, now: datetime) -> list[int]:
    """Return the appointments that may ratify: once it is overdue, all of the department."""
    user_id = use.decision.person_id
    if now < use.due_at:
        return [candidate.appointment_id for candidate in select_deciders(offices, [user_id]).able]
    everybody = (*offices.officers, *offices.heads)
    return [office.id for office in everybody if office.person_id != user_id]


def _depending(_session: Session, noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield the refused uses of changed posts: what is live may have been corrected."""
    uses = select(EmergencyUse.id).join(EmergencyUse.decision).join(Decision.revision)
    is_refused = EmergencyUse.ratification == Ratification.REFUSED
    yield uses.where(Revision.post_id.in_(noted.ids[Post.__tablename__]), is_refused)


EMERGENCY_USES = SubjectTasks(
    table=EmergencyUse.__tablename__,
    kinds=(TaskKind.USE_TO_RATIFY, TaskKind.USE_TO_CORRECT),
    specs_of=list_specs,
    open_ids=select(EmergencyUse.id, Decision.department_id)
    .join(EmergencyUse.decision)
    .where(_is_not_ratified()),
    depends_on=(Post.__tablename__,),
    depending=_depending,
)
"""What is asked about uses of emergency templates."""
