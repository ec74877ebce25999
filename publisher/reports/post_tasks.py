"""The open tasks of posts, and who may approve them, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.models.approvals import Absence
from publisher.models.people import Appointment
from publisher.models.posts import Post, Revision
from publisher.models.tasks import Task
from publisher.people import absences
from publisher.reports.post_bundles import PostBundle
from publisher.reports.types import Who, who_of
from publisher.review.gate_adapter import excluded_authors
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

_TO_APPROVE = (TaskKind.TO_APPROVE, TaskKind.ANSWER_TO_APPROVE, TaskKind.BLOCKED)
_KINDS = (*_TO_APPROVE, TaskKind.POST_RETURNED, TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED)


@dataclass(frozen=True)
class PostTasks:
    """The kinds of a post's open tasks; `approvers` by department that has not decided."""

    kinds: frozenset[str] = frozenset()
    approvers: Mapping[int, Sequence[Who]] = field(default_factory=dict)

    @property
    def lacks_a_time(self) -> bool:
        """A text of the approved post has no time."""
        return not self.kinds.isdisjoint((TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED))


def tasks_of(
    session: Session, bundles: Collection[PostBundle], *, now: datetime
) -> Mapping[int, PostTasks]:
    """Return the open tasks of these posts by post id, in two statements."""
    post_ids = [bundle.post.id for bundle in bundles]
    rows = session.execute(_open_tasks(), {"post_ids": post_ids}).all()
    kinds: defaultdict[int, set[str]] = defaultdict(set)
    offices: defaultdict[int, defaultdict[int, list[Appointment]]]
    offices = defaultdict(lambda: defaultdict(list))
    for post_id, kind, department_id, office in rows:
        kinds[post_id].add(kind)
        if kind in _TO_APPROVE:
            offices[post_id][department_id] += [office] if office is not None else []
    person_ids = {office.person_id for *_, office in rows if office is not None}
    away = absences.of_people(session, person_ids, now=now) if person_ids else {}
    return {
        bundle.post.id: PostTasks(
            frozenset(kinds[bundle.post.id]),
            {
                department_id: _approvers(bundle.revision, approvers, away)
                for department_id, approvers in offices[bundle.post.id].items()
            },
        )
        for bundle in bundles
    }


@cache
def _open_tasks() -> Select[int, str, int, Appointment]:
    """Select the tasks with who has each: officers before heads, in the order of their ranks."""
    return (
        select(Task.subject_id, Task.kind, Task.department_id, Appointment)
        .outerjoin(Appointment, Appointment.id == Task.appointment_id)
        .where(
            Task.subject == Post.__tablename__,
            Task.subject_id.in_(bindparam("post_ids", expanding=True)),
            open_tasks.is_open(*_KINDS),
        )
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(
            Task.department_id,
            Appointment.role == Role.HEAD,
            Appointment.rank.nulls_last(),
            Appointment.id,
        )
    )


def _approvers(
    revision: Revision | None,
    offices: Sequence[Appointment],
    away: Mapping[int, Sequence[Absence]],
) -> list[Who]:
    """Return those who are not away, else all; a head has the task only in the officers' place."""
    authors = excluded_authors(revision) if revision is not None and away else ()
    present = [
        office
        for office in offices
        if office.role is Role.HEAD
        or all(absence.recorded_by_id in authors for absence in away.get(office.person_id, ()))
    ]
    return [who_of(office) for office in present or offices]
