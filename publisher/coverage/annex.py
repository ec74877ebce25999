"""The annex: the departments that had named no officer on a day, by their names on that day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from math import ceil
from typing import Final

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.auth.contact_details import BadInput
from publisher.database.session import UtcDateTime
from publisher.i18n.dates import editable_day
from publisher.i18n.languages import digits
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.history import Event
from publisher.models.people import Appointment, Department, Person
from publisher.people.departments import NAMED_NOBODY
from publisher.people.register_data import NAMED_NOBODY_ON
from publisher.working_time import day_bounds, local_day

PAPER: Final = "mr"
"""The language of the annex, whatever the language of the page."""

SENTENCE: Final = "विभाग समन्वयक (IT Nodal Officer) साठी नावे न कळविलेले विभाग दि. {day} पर्यंत"
"""The circular's own sentence."""

HEADINGS: Final = ("अ. क्र.", "विभाग / खाते")

_NO_NUMBER = 10_000
"""Higher than every number of the circular's annex: departments not in it follow, by name."""


class BadAnnexDay(BadInput):
    """There is no annex of this day: `before_record` (values: `first`) or `not_yet`."""


@dataclass(frozen=True)
class AnnexRow:
    """A department that had named no officer, with its name on that day."""

    number: int
    code: str
    name_mr: str

    @property
    def cells(self) -> tuple[str, str]:
        """Its number in Devanagari and its name, as the annex has them."""
        return digits(str(self.number), PAPER), self.name_mr


@dataclass(frozen=True)
class Annex:
    """The departments that had named no officer on a day.

    If it `is_from_circular`, this installation did not exist yet, and what the circular recorded
    counts.
    """

    on: date
    is_from_circular: bool
    rows: tuple[AnnexRow, ...]

    @property
    def sentence(self) -> str:
        """The circular's sentence above the list, with the day."""
        return SENTENCE.format(day=editable_day(self.on, PAPER))

    @property
    def halves(self) -> tuple[Sequence[AnnexRow], Sequence[AnnexRow]]:
        """The two columns of the circular's form: the second half is next to the first."""
        half = ceil(len(self.rows) / 2)
        return self.rows[:half], self.rows[half:]


def annex(
    session: Session, *, on: date, now: datetime, visible_ids: Collection[int] | None = None
) -> Annex:
    """Return the annex as of the end of a day, or as of now if the day is not over.

    With `visible_ids` it has only these departments. Raises `BadAnnexDay`.
    """
    if on > local_day(now):
        raise BadAnnexDay("on", "not_yet")
    if on < NAMED_NOBODY_ON:
        raise BadAnnexDay("on", "before_record", first=NAMED_NOBODY_ON)
    first_day = installation_day(session)
    is_from_circular = first_day is None or on < first_day
    departments = (
        _departments_in_circular(session, on)
        if is_from_circular
        else _departments_lacking_officers(session, on, now)
    )
    names = _former_names(session, on)
    rows = [
        (names.get(department.id, department.name_mr), department.code)
        for department in departments
        if visible_ids is None or department.id in visible_ids
    ]
    numbered = (AnnexRow(number, code, name) for number, (name, code) in enumerate(rows, 1))
    return Annex(on, is_from_circular, tuple(numbered))


def installation_day(session: Session) -> date | None:
    """Return the local day of this installation's first event; None if there is none.

    What it recorded from the circular is backdated, and does not count.
    """
    at = session.scalar(
        select(Event.at).where(Event.verb != NAMED_NOBODY).order_by(Event.id).limit(1)
    )
    return local_day(at) if at is not None else None


def _departments_in_circular(session: Session, on: date) -> Iterator[Department]:
    """Yield the departments that the circular recorded, in the order of its annex."""
    query = (
        select(Event.details, Department)
        .join(Department, Department.id == Event.subject_id)
        .where(Event.subject == Department.__tablename__, Event.verb == NAMED_NOBODY)
        .where(Event.at < day_bounds(on)[1], *_is_in_force(on))
    )
    rows = session.execute(query).all()
    for _details, department in sorted(rows, key=lambda row: row[0]["annex_no"]):
        yield department


def _departments_lacking_officers(
    session: Session, on: date, now: datetime
) -> Iterator[Department]:
    """Yield the departments without an officer at the end of the day, as the annex orders them."""
    at = min(now, day_bounds(on)[1])
    departments = session.scalars(_query_without_officers().where(*_is_in_force(on)), {"at": at})
    yield from sorted(departments, key=lambda row: (row.annex_no or _NO_NUMBER, row.name_mr))


@cache
def _query_without_officers() -> Select[Department]:
    moment = bindparam("at", type_=UtcDateTime())
    named = (
        select(Appointment.department_id)
        .join(Appointment.person)
        .where(
            Appointment.role == Role.OFFICER,
            # An appointment confirmed again has lost its first time, and counts from the later one.
            Appointment.confirmed_at <= moment,
            Appointment.covered_at(moment),
            or_(Person.disabled_at.is_(None), Person.disabled_at > moment),
        )
    )
    return select(Department).where(Department.id.not_in(named))


def _is_in_force(on: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        or_(Department.from_on.is_(None), Department.from_on <= on),
        or_(Department.until_on.is_(None), Department.until_on >= on),
    )


def _former_names(session: Session, on: date) -> dict[int, str]:
    """Return the Marathi names, on that day, of the departments that were renamed after it."""
    query = (
        select(DepartmentChange)
        .where(
            DepartmentChange.kind == DepartmentChangeKind.RENAMED,
            DepartmentChange.done_at.is_not(None),
            DepartmentChange.in_force_on > on,
        )
        .options(joinedload(DepartmentChange.department))
        .order_by(DepartmentChange.in_force_on.desc(), DepartmentChange.id.desc())
    )
    # The earliest renaming after the day comes last, and has the name before it.
    return {change.department_id: change.former_mr for change in session.scalars(query)}
