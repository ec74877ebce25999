"""Which departments lack somebody who can approve, read for many posts at once."""

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
    """For each of these posts in review the asked departments where nobody can approve."""
    found: defaultdict[int, list[Office]] = defaultdict(list)
    for post_id, department in session.execute(_lacking(posts, now=now)):
        found[post_id].append(office_of(department))
    return found


def _lacking(posts: Collection[int], *, now: datetime) -> Select[int, Department]:
    asked = sql_conditions.asked_department()
    return (
        select(Post.id, Department)
        .join(Revision, sql_conditions.newest())
        .outerjoin(RevisionDepartment, sql_conditions.is_asked())
        .join(Department, Department.id == asked)
        .where(
            Post.id.in_(posts),
            ~sql_conditions.has_decided(now=now),
            ~sql_conditions.officer_serves(asked, now=now, unbound=True),
            ~sql_conditions.unbound_head_serves(asked, now=now),
        )
        .order_by(Post.id, Department.id)
    )
