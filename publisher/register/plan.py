"""The plan of a file: what each row would do to the register, without doing it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from publisher.auth.contact_details import BadInput, BadPerson
from publisher.models.departments import RegisterKind
from publisher.models.people import Appointment, Department
from publisher.people.lookup import PersonDetails
from publisher.register.answers import Answer, NamedPerson
from publisher.register.current_state import CurrentState
from publisher.register.department_match import DepartmentMatch

OFFICERS_OF_A_DEPARTMENT = 2


class RowOutcome(StrEnum):
    """What becomes of a row, or of a person in it."""

    NEW = "new"
    CHANGES = "changes"
    #: The register has this already.
    SAME = "same"
    #: A later answer of the department replaces it.
    REPLACED = "replaced"
    REFUSED = "refused"


@dataclass
class PlannedPerson:
    """A person of a row, and the appointment that the register has already."""

    named: NamedPerson
    outcome: RowOutcome
    appointment: Appointment | None = None


@dataclass
class PlannedRow:
    """What a row would do; `by_row` is the row that replaces it, if any.

    `near` are departments with a spelling similar to the row's, or to its office above, if none
    matches exactly.
    """

    answer: Answer
    outcome: RowOutcome = RowOutcome.SAME
    department: Department | None = None
    above: Department | None = None
    people: list[PlannedPerson] = field(default_factory=list)
    problems: list[BadInput] = field(default_factory=list)
    near: tuple[Department, ...] = ()
    by_row: int | None = None

    @property
    def moves(self) -> bool:
        """True if the department would report to another office than now."""
        if self.above is None or self.department is None:
            return False
        return self.department.reports_to_id != self.above.id

    def refuse(self, *problems: BadInput) -> None:
        """Refuse the row for these reasons."""
        self.problems += problems
        self.outcome = RowOutcome.REFUSED


@dataclass(frozen=True)
class RegisterPlan:
    """The rows in the order of the file."""

    kind: RegisterKind
    rows: tuple[PlannedRow, ...]

    def count(self, outcome: RowOutcome) -> int:
        """Return how many rows have this outcome."""
        return Counter(planned.outcome for planned in self.rows)[outcome]

    @property
    def digest(self) -> str:
        """A digest of what is planned, which shows that somebody has seen exactly this plan."""
        parts = [
            (
                *(row.answer.number, row.outcome, row.department and row.department.id, row.moves),
                *((person.outcome, repr(person.named)) for person in row.people),
            )
            for row in self.rows
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def make_plan(
    answers: Sequence[Answer],
    *,
    kind: RegisterKind,
    match: DepartmentMatch,
    state: CurrentState,
    is_paired: bool,
    confirms: bool = False,
) -> RegisterPlan:
    """Return what the answers would do; `state` is changed as the register would be.

    The later answer of a department counts, by its time, or by its row if one has no time. If it
    `is_paired`, a row names both officers; else the last two persons of a department count. With
    `confirms`, people who wait for confirmation in the register change too.
    """
    rows = [PlannedRow(answer) for answer in answers]
    for planned in rows:
        _find_departments(planned, kind, match)
    most = 1 if is_paired or kind is RegisterKind.HEADS else OFFICERS_OF_A_DEPARTMENT
    _replace_earlier(rows, most)
    planner = _Planner(kind, state, confirms)
    for planned in rows:
        if planned.outcome is not RowOutcome.REPLACED:
            planner.plan(planned)
    return RegisterPlan(kind, tuple(rows))


def _find_departments(planned: PlannedRow, kind: RegisterKind, match: DepartmentMatch) -> None:
    answer = planned.answer
    if answer.problems:
        planned.refuse(*answer.problems)
    if text := answer.department_text:
        planned.department = match.find(text)
        if planned.department is None:
            planned.near = match.near(text)
            planned.refuse(BadInput("department_id", "unknown_department", text=text))
    if (text := answer.above_text) and kind is RegisterKind.HEADS:
        planned.above = match.find(text)
        if planned.above is None:
            planned.near = planned.near or match.near(text)
            planned.refuse(BadInput("other_id", "unknown_department", text=text))


def _replace_earlier(rows: Sequence[PlannedRow], most: int) -> None:
    """Mark the rows that a later one of the same department replaces."""
    order = list(range(len(rows)))
    times = {index: rows[index].answer.answered_at for index in order}
    if None not in times.values():
        order.sort(key=lambda index: (times[index], index))
    counted: dict[int, list[PlannedRow]] = {}
    for planned in (rows[index] for index in reversed(order)):
        if planned.department is None:
            continue
        later = counted.setdefault(planned.department.id, [])
        of_same = next((other for other in later if _channels(other) & _channels(planned)), None)
        if of_same is not None or len(later) >= most:
            planned.outcome, planned.by_row = (
                RowOutcome.REPLACED,
                (of_same or later[-1]).answer.number,
            )
        else:
            later.append(planned)


def _channels(planned: PlannedRow) -> set[str | None]:
    details = (person.details for person in planned.answer.people)
    return {channel for person in details for channel in (person.mail, person.mobile)} - {None}


@contextmanager
def _naming(details: PersonDetails) -> Iterator[None]:
    """Make refusals inside the block name this person."""
    try:
        yield
    except BadInput as problem:
        problem.officer = details.name_mr
        raise


class _Planner:
    """Plans row after row; each row sees what the rows before it would have done."""

    def __init__(self, kind: RegisterKind, state: CurrentState, confirms: bool) -> None:
        self._kind, self._state, self._confirms = kind, state, confirms

    def plan(self, planned: PlannedRow) -> None:
        """Find out what the row does, or why it is refused."""
        department = planned.department
        if planned.outcome is RowOutcome.REFUSED or department is None:
            return
        try:
            self._check_pair(planned, department)
            people = []
            for person in planned.answer.people:
                with _naming(person.details):
                    people.append(self._plan_person(person, department))
            planned.people = people
            if planned.moves and planned.above is not None:
                self._state.place(department, planned.above)
        except BadInput as problem:
            others = problem.others if isinstance(problem, BadPerson) else ()
            planned.refuse(problem, *others)
            return
        planned.outcome = min(self._outcomes(planned), key=list(RowOutcome).index)

    def _outcomes(self, planned: PlannedRow) -> Iterator[RowOutcome]:
        yield from (person.outcome for person in planned.people)
        yield RowOutcome.CHANGES if planned.moves else RowOutcome.SAME

    def _check_pair(self, planned: PlannedRow, department: Department) -> None:
        people = [person.details for person in planned.answer.people]
        if len(people) == 2:
            first, second = people
            if first.mobile and first.mobile == second.mobile:
                raise BadPerson("mobile", "one_mobile")
            if first.mail and first.mail == second.mail:
                raise BadPerson("mail", "one_mail")
        for details in people:
            with _naming(details):
                self._state.require_other(self._kind, department, details)

    def _plan_person(self, named: NamedPerson, department: Department) -> PlannedPerson:
        changes = self._state.check_person(named.details)
        appointment = self._state.appointment(self._kind, department, named.details)
        if appointment is None:
            self._state.appoint(self._kind, department, named.details)
            return PlannedPerson(named, RowOutcome.NEW)
        wants_class = named.service_class not in (None, appointment.service_class)
        waits = self._confirms and self._state.waits(appointment)
        is_changed = changes or wants_class or waits
        return PlannedPerson(
            named, RowOutcome.CHANGES if is_changed else RowOutcome.SAME, appointment
        )
