"""The four-eyes rule as a condition in SQL, for the lists of what waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.appointments import STAFF
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, ContactChange
from publisher.models.people_history import AppointmentRecorder
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
    return _wrote(lambda author: _is_bound(appointment, author))


def is_away(appointment: type[Appointment], *, now: datetime) -> ColumnElement[bool]:
    """The holder of this appointment is away, by the word of somebody who did not write `Revision`.

    It is the SQL form of `Candidate.is_away`.
    """
    is_recorded = exists().where(
        Absence.person_id == appointment.person_id,
        is_away_on(local_day(now)),
        ~_wrote(lambda author: author == Absence.recorded_by_id),
    )
    return is_recorded.correlate_except(Absence)


def _wrote(
    is_meant: Callable[[InstrumentedAttribute[int]], ColumnElement[bool]],
) -> ColumnElement[bool]:
    """Somebody who is meant wrote `Revision`, which is of a post, or a revision it restores."""
    sources, older = _restored_sources(), aliased(Revision)
    restored = exists().where(
        sources.c.id == Revision.id,
        older.id == sources.c.source_id,
        is_meant(older.author_id),
    )
    wrote = or_(is_meant(Revision.author_id), restored.correlate_except(sources, older))
    return and_(Post.kind == PostKind.POST, wrote)


def _is_bound(
    appointment: type[Appointment], author: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """The author is the person, or one on whom the appointment rests: `gate.rests_on`."""
    confirming, staff = aliased(Appointment), aliased(AppointmentRecorder)
    recorded_confirmer = exists().where(
        confirming.id == appointment.confirmed_under_id,
        confirming.role.in_(STAFF),
        staff.appointment_id == confirming.id,
        staff.person_id == author,
    )
    gave_channel = exists().where(
        channel_writers.is_ground(appointment),
        or_(ContactChange.asked_by_id == author, ContactChange.seconded_by_id == author),
    )
    # NULL would make its negation unknown, and the officer would disappear.
    confirmer_id = func.coalesce(appointment.confirmed_by_id, 0)
    return or_(
        author == appointment.person_id,
        author == confirmer_id,
        recorded_confirmer.correlate_except(confirming, staff),
        gave_channel.correlate_except(ContactChange),
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
