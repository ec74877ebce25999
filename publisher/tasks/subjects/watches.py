"""The tasks of live posts that somebody else deleted or changed on their platform."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from approvals.policy import Role
from approvals.states import PostState
from publisher.database.noted_changes import NotedChanges
from publisher.database.session import AnyRow
from publisher.delivery.monitoring.findings import is_finding
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Post
from publisher.tasks.specs import SpecsOfSubjects, SubjectTasks, TaskKind, TaskQueue, TaskSpec
from publisher.tasks.subjects.offices import offices_by_department

Columns = TypeVarTuple("Columns")


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these live posts, in at most two statements."""
    query = _open(
        select(
            *(Watch.id, Watch.found_gone_at, Watch.differs_at),
            *(Delivery.post_id, Post.department_id),
        )
    )
    findings = session.execute(query.where(Watch.id.in_(ids))).all()
    department_ids = {finding.department_id for finding in findings}
    offices = offices_by_department(session, department_ids, (Role.OFFICER, Role.HEAD), now=now)
    specs = [
        spec
        for finding in findings
        for spec in _finding_tasks(finding, offices.get(finding.department_id, ()))
    ]
    return SpecsOfSubjects(specs)


def _finding_tasks(finding: AnyRow, offices: Collection[AnyRow]) -> Iterator[TaskSpec]:
    """Yield a task for the cell, and one for each officer, or for the head if no officer serves."""
    is_gone = finding.found_gone_at is not None
    task = TaskSpec(
        TaskKind.FOUND_GONE if is_gone else TaskKind.FOUND_CHANGED,
        finding.id,
        finding.found_gone_at or finding.differs_at,
        department_id=finding.department_id,
        queue=TaskQueue.CELL,
        post_id=finding.post_id,
    )
    yield task
    officers = [office for office in offices if office.role is Role.OFFICER]
    for office in officers or offices:
        yield replace(task, queue=None, appointment_id=office.id)


def _open(query: Select[*Columns]) -> Select[*Columns]:
    """Restrict a query to findings that nobody has noted, of posts that were not withdrawn."""
    return _query_unsettled(query).where(is_finding(), Post.state != PostState.WITHDRAWN)


def _query_unsettled(query: Select[*Columns]) -> Select[*Columns]:
    # The conditions of the partial index, which holds few rows.
    marked = or_(Watch.found_gone_at.is_not(None), Watch.differs_at.is_not(None))
    return (
        query.select_from(Watch)
        .join(ReceiptRow, ReceiptRow.id == Watch.receipt_id)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Post, Post.id == Delivery.post_id)
        .where(Watch.settled_at.is_(None), marked)
    )


def _depending(_session: Session, noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield the findings of changed posts: one may have been withdrawn, or deleted by us."""
    of_posts = Delivery.post_id.in_(noted.ids[Post.__tablename__])
    yield _query_unsettled(select(Watch.id)).where(of_posts)


WATCHES = SubjectTasks(
    table=Watch.__tablename__,
    kinds=(TaskKind.FOUND_GONE, TaskKind.FOUND_CHANGED),
    specs_of=list_specs,
    open_ids=_open(select(Watch.id, Post.department_id)),
    depends_on=(Post.__tablename__,),
    depending=_depending,
)
"""What is asked about changes by others to live posts."""
