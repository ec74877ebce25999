"""The departments where nobody can approve, read for many posts at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.models.tasks import Task
from publisher.reports.types import Office, office_of
from publisher.tasks.specs import TaskKind


def lacking_in(session: Session, posts: Collection[int]) -> defaultdict[int, list[Office]]:
    """Return, by post id, the asked departments where nobody can approve."""
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
    for post_id, department in session.execute(query) if posts else ():
        departments_by_post[post_id].append(office_of(department))
    return departments_by_post
