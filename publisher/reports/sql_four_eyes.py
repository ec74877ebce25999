"""The four-eyes rule as a condition in SQL, for the lists of what waits for whom."""

from __future__ import annotations

from functools import cache

from sqlalchemy import CTE, ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from approvals.appointments import STAFF
from publisher.models.people import Appointment
from publisher.models.posts import Post, PostKind, Revision


def is_barred(appointment: type[Appointment]) -> ColumnElement[bool]:
    """The four-eyes rule keeps the holder of this appointment from approving `Revision`.

    It is the SQL form of `gate.Candidate.may_approve`: the person, or somebody on whom the
    appointment rests, wrote the revision or one that it restores. Replies bind nobody.
    """
    sources, older = _restored_sources(), aliased(Revision)
    person_ids = (appointment.person_id, *_ground(appointment))
    restored = exists().where(
        sources.c.id == Revision.id,
        older.id == sources.c.source_id,
        older.author_id.in_(person_ids),
    )
    wrote = or_(Revision.author_id.in_(person_ids), restored.correlate_except(sources, older))
    return and_(Post.kind == PostKind.POST, wrote)


def _ground(appointment: type[Appointment]) -> tuple[ColumnElement[int], ...]:
    """Return the persons on whom the appointment rests, 0 for nobody: `gate.rests_on`."""
    confirming = aliased(Appointment)
    recorder_id = (
        select(confirming.recorded_by_id)
        .where(confirming.id == appointment.confirmed_under_id, confirming.role.in_(STAFF))
        .correlate_except(confirming)
        .scalar_subquery()
    )
    # NULL in a list makes NOT IN unknown, and the officer would disappear.
    return (func.coalesce(appointment.confirmed_by_id, 0), func.coalesce(recorder_id, 0))


@cache
def _restored_sources() -> CTE:
    """Return each restored revision paired with every revision it restores, transitively.

    It is cached, so that a statement contains the CTE once.
    """
    restored, source = aliased(Revision), aliased(Revision)
    first = select(restored.id, restored.restored_from_id.label("source_id"))
    sources = first.where(restored.restored_from_id.is_not(None)).cte("restored", recursive=True)
    further = select(sources.c.id, source.restored_from_id).join(
        source, source.id == sources.c.source_id
    )
    return sources.union(further.where(source.restored_from_id.is_not(None)))
