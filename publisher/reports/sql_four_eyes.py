"""The four-eyes rule as a condition in SQL, for the lists of what waits for whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CTE, ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.appointments import STAFF
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, ContactChange
from publisher.models.posts import Post, PostKind, Revision
from publisher.people import channel_writers
from publisher.people.absences import is_away_on
from publisher.reports.sql_basics import once
from publisher.working_time import local_day


def is_barred(appointment: type[Appointment]) -> ColumnElement[bool]:
    """The four-eyes rule keeps the holder of this appointment from approving `Revision`.

    It is the SQL form of `Candidate.may_approve`: the person, or somebody on whom the
    appointment rests, wrote the revision or one that it restores. Replies bind nobody.
    """
    gave_channel = exists().where(
        channel_writers.is_ground(appointment),
        _wrote(ContactChange.asked_by_id, ContactChange.seconded_by_id),
    )
    return or_(
        _wrote(appointment.person_id, *_ground(appointment)),
        gave_channel.correlate_except(ContactChange),
    )


def is_away(appointment: type[Appointment], *, now: datetime) -> ColumnElement[bool]:
    """The holder of this appointment is away, by the word of somebody who did not write `Revision`.

    It is the SQL form of `Candidate.is_away`.
    """
    is_recorded = exists().where(
        Absence.person_id == appointment.person_id,
        is_away_on(local_day(now)),
        ~_wrote(Absence.recorded_by_id),
    )
    return is_recorded.correlate_except(Absence)


def _wrote(
    *person_ids: ColumnElement[int]
    | InstrumentedAttribute[int]
    | InstrumentedAttribute[int | None],
) -> ColumnElement[bool]:
    """One of these persons wrote `Revision`, which is of a post, or a revision that it restores."""
    sources, older = _restored_sources(), aliased(Revision)
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
    recorder_ids = [
        select(column)
        .where(confirming.id == appointment.confirmed_under_id, confirming.role.in_(STAFF))
        .correlate_except(confirming)
        .scalar_subquery()
        for column in (confirming.recorded_by_id, confirming.changed_by_id)
    ]
    # NULL in a list makes NOT IN unknown, and the officer would disappear.
    return tuple(
        func.coalesce(person_id, 0) for person_id in (appointment.confirmed_by_id, *recorder_ids)
    )


@once
def _restored_sources() -> CTE:
    """Return each restored revision paired with every revision it restores, transitively.

    It exists once, so that a statement contains the CTE once.
    """
    restored, source = aliased(Revision), aliased(Revision)
    first = select(restored.id, restored.restored_from_id.label("source_id"))
    sources = first.where(restored.restored_from_id.is_not(None)).cte("restored", recursive=True)
    further = select(sources.c.id, source.restored_from_id).join(
        source, source.id == sources.c.source_id
    )
    return sources.union(further.where(source.restored_from_id.is_not(None)))
