"""The open tasks of posts, and who may approve them, read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, load_only

from approvals.policy import Role
from publisher.models.approvals import Absence
from publisher.models.people import Appointment
from publisher.models.posts import Post, Revision
from publisher.models.tasks import Task
from publisher.people import absences
from publisher.reports.post_bundles import PostBundle
from publisher.reports.types import Who, holder_of, with_name, with_office
from publisher.review.gate_adapter import authors_to_exclude
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.working_time import local_day

_TO_APPROVE = (TaskKind.TO_APPROVE, TaskKind.ANSWER_TO_APPROVE, TaskKind.BLOCKED)
_Offices = dict[Appointment, set[int]]
"""Who may approve, each with those who recorded that they are away."""
_KINDS = (*_TO_APPROVE, TaskKind.POST_RETURNED, TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED)


@dataclass(frozen=True)
class PostTasks:
    """The kinds of a post's open tasks; `approvers` by department that has not decided."""

    kinds: frozenset[str] = frozenset()
    approvers: Mapping[int | None, Sequence[Who]] = field(default_factory=dict)

    @property
    def lacks_a_time(self) -> bool:
        """A text of the approved post has no time."""
        return not self.kinds.isdisjoint((TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED))


def tasks_of(
    session: Session, bundles: Collection[PostBundle], *, now: datetime
) -> Mapping[int, PostTasks]:
    """Return the open tasks of these posts by post id, in one statement."""
    kinds: defaultdict[int, set[str]] = defaultdict(set)
    offices: defaultdict[int, dict[int | None, _Offices]] = defaultdict(dict)
    query, post_ids = _open_tasks(local_day(now)), [bundle.post.id for bundle in bundles]
    for post_id, kind, department_id, office, recorded_by_id in session.execute(
        query, {"post_ids": post_ids}
    ):
        kinds[post_id].add(kind)
        if kind in _TO_APPROVE:
            of_department = offices[post_id].setdefault(department_id, {})
            if office is not None:
                recorders = of_department.setdefault(office, set())
                recorders |= {recorded_by_id} if recorded_by_id is not None else set()
    return {
        bundle.post.id: PostTasks(
            frozenset(kinds[bundle.post.id]),
            {
                department_id: _approvers(bundle.revision, of_department)
                for department_id, of_department in offices[bundle.post.id].items()
            },
        )
        for bundle in bundles
    }


@lru_cache(maxsize=1)
def _open_tasks(today: date) -> Select[int, str, int | None, Appointment | None, int | None]:
    """Select the tasks with the holder of each, and who recorded these as away.

    Officers come before heads, in the order of their ranks.
    """
    is_away = absences.is_absence_day(today) & (Absence.person_id == Appointment.person_id)
    return (
        select(Task.subject_id, Task.kind, Task.department_id, Appointment, Absence.recorded_by_id)
        .outerjoin(Appointment, Appointment.id == Task.appointment_id)
        .outerjoin(Absence, is_away)
        .where(
            Task.subject == Post.__tablename__,
            Task.subject_id.in_(bindparam("post_ids", expanding=True)),
            open_tasks.is_open(*_KINDS),
        )
        .options(
            load_only(Appointment.role, Appointment.rank),
            with_name(Appointment.person),
            with_office(Appointment.department),
        )
        .order_by(
            Task.department_id,
            Appointment.role == Role.HEAD,
            Appointment.rank.nulls_last(),
            Appointment.id,
        )
    )


def _approvers(revision: Revision | None, offices: _Offices) -> list[Who]:
    """Return those who are not away, or else all; a head has the task only in the officers' place.

    An absence that an author recorded does not count.
    """
    authors = frozenset[int]()
    if revision is not None and any(offices.values()):
        authors = authors_to_exclude(revision)
    present = [
        office
        for office, recorders in offices.items()
        if office.role is Role.HEAD or recorders <= authors
    ]
    return [holder_of(office) for office in present or offices]
