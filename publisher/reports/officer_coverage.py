"""The officers and heads of departments, and where nobody can approve, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.models.tasks import Task
from publisher.reports.post_bundles import PostBundle
from publisher.reports.types import Office, office_of
from publisher.review.department_approvers import DepartmentOffices, offices_by_department
from publisher.tasks.specs import TaskKind


@dataclass(frozen=True)
class Roster:
    """Who of departments is in office at `now`; a missing department has nobody."""

    now: datetime
    offices: Mapping[int, DepartmentOffices]

    def of(self, department_id: int) -> DepartmentOffices:
        """Return who of a department is in office."""
        return self.offices.get(department_id, DepartmentOffices([], [], {}))


def asked_by(bundles: Iterable[PostBundle]) -> set[int]:
    """Return the departments that own these posts or that their revisions list."""
    department_ids: set[int] = set()
    for bundle in bundles:
        rows = bundle.revision.departments if bundle.revision is not None else ()
        department_ids |= {bundle.post.department_id, *(row.department_id for row in rows)}
    return department_ids


def roster_of(session: Session, departments: Collection[int], *, now: datetime) -> Roster:
    """Return the officers and heads in office at `now`, and who of them is away, in one query."""
    return Roster(now, offices_by_department(session, departments, now=now))


def lacking_in(session: Session, posts: Collection[int]) -> defaultdict[int, list[Office]]:
    """Returns, by post id, the asked departments where nobody can approve."""
    query = (
        select(Task.subject_id, Department)
        .join(Department, Department.id == Task.department_id)
        .where(
            Task.closed_at.is_(None),
            Task.subject == Post.__tablename__,
            Task.subject_id.in_(posts),
            Task.kind == TaskKind.BLOCKED,
        )
        .order_by(Task.subject_id, Department.id)
    )
    departments_by_post: defaultdict[int, list[Office]] = defaultdict(list)
    for post_id, department in session.execute(query):
        departments_by_post[post_id].append(office_of(department))
    return departments_by_post
