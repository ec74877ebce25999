"""Departments in which nobody can approve, for many posts at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from publisher.models.people import Department
from publisher.models.posts import Post, Revision, RevisionDepartment
from publisher.reports import sql_conditions
from publisher.reports.types import Office, office_of


def lacking_in(
    session: Session, posts: Collection[int], *, now: datetime
) -> defaultdict[int, list[Office]]:
    """Returns, by post id, the asked departments where nobody can approve.

    `posts` are the ids of posts in review.
    """
    departments_by_post: defaultdict[int, list[Office]] = defaultdict(list)
    for post_id, department in session.execute(_lacking(posts, now=now)):
        departments_by_post[post_id].append(office_of(department))
    return departments_by_post


def _lacking(posts: Collection[int], *, now: datetime) -> Select[int, Department]:
    department_id = sql_conditions.asked_department()
    return (
        select(Post.id, Department)
        .join(Revision, sql_conditions.newest())
        .outerjoin(RevisionDepartment, sql_conditions.is_asked())
        .join(Department, Department.id == department_id)
        .where(
            Post.id.in_(posts),
            ~sql_conditions.has_decided(now=now),
            ~sql_conditions.officer_serves(department_id, now=now, unbound=True),
            ~sql_conditions.other_head_serves(department_id, now=now),
        )
        .order_by(Post.id, Department.id)
    )
