"""The next moment at which time alone changes the tasks of a subject."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Insert, delete, select
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.database.bulk import insert_for
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, Department
from publisher.models.tasks import TaskLook
from publisher.working_time import day_bounds, local_day

OFFICES: Final = (Role.OFFICER, Role.HEAD, Role.MEMBER)
"""The roles of a department that have tasks."""


def store_department_looks(
    session: Session, department_ids: Collection[int], *, now: datetime
) -> None:
    """Store when an office or an absence in these departments begins or ends next."""
    moments = _next_moments(session, department_ids, now=now)
    _store(session, Department.__tablename__, department_ids, moments)


def look_now(session: Session, table: str, ids: Collection[int], *, now: datetime) -> None:
    """Let the next tick refresh these subjects."""
    _store(session, table, ids, dict.fromkeys(ids, now))


def store_changed(
    session: Session, table: str, moments: Mapping[int, datetime], *, now: datetime
) -> None:
    """Store the next looks at these subjects where they have changed; one that is due stays."""
    query = select(TaskLook.subject_id, TaskLook.look_at).where(
        TaskLook.subject == table, TaskLook.subject_id.in_(moments)
    )
    before = {look.subject_id: look.look_at for look in session.execute(query)}
    # The tick has yet to act on what is due: it reminds people of a post.
    due_ids = {key for key, at in before.items() if at <= now}
    changed = {
        key: at for key, at in moments.items() if key not in due_ids and before.get(key) != at
    }
    _store(session, table, changed, changed)


def _store(
    session: Session, table: str, ids: Collection[int], moments: Mapping[int, datetime]
) -> None:
    for key, look_at in sorted(moments.items()):
        values = {"subject": table, "subject_id": key, "look_at": look_at}
        session.execute(_upsert(session.connection().dialect.name), values)
    if past := [key for key in ids if key not in moments]:
        done = delete(TaskLook).where(TaskLook.subject == table, TaskLook.subject_id.in_(past))
        session.execute(done)


@cache
def _upsert(dialect: str) -> Insert:
    statement = insert_for(dialect, TaskLook)
    return statement.on_conflict_do_update(
        index_elements=["subject", "subject_id"], set_={"look_at": statement.excluded.look_at}
    )


def _next_moments(
    session: Session, department_ids: Collection[int], *, now: datetime
) -> dict[int, datetime]:
    is_ahead = Absence.ended_at.is_(None) & (Absence.until_on >= local_day(now))
    query = (
        select(
            *(Appointment.department_id, Appointment.from_at, Appointment.until_at),
            *(Absence.from_on, Absence.until_on),
        )
        .outerjoin(Absence, (Absence.person_id == Appointment.person_id) & is_ahead)
        .where(Appointment.department_id.in_(department_ids), Appointment.role.in_(OFFICES))
    )
    moments: dict[int, datetime] = {}
    for office in session.execute(query):
        times = [office.from_at, office.until_at]
        if office.from_on is not None:
            times += [day_bounds(office.from_on)[0], day_bounds(office.until_on)[1]]
        _add(moments, office.department_id, times, now)
    return moments


def _add(
    moments: dict[int, datetime], key: int, times: Iterable[datetime | None], now: datetime
) -> None:
    ahead = [at for at in times if at is not None and at > now]
    if ahead:
        moments[key] = min([*ahead, moments.get(key, ahead[0])])
