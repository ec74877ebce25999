"""The coverage: which departments have officers, by the office above them, as numbers and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug import Response

from publisher.coverage.states import (
    DepartmentCoverage,
    OfficerState,
    count_states,
    coverage,
    end_of_last_month,
    group_by_line,
)
from publisher.models.people import Department
from publisher.reports import export
from publisher.working_time import local_day
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.i18n import N_, _
from web.core.list_pages import page_of_rows
from web.core.permissions import allow_roles
from web.coverage.annex import line_ids
from web.forms import number_of
from web.messages.names import department_name, person_name
from web.people.departments import READERS
from web.reports.csv_files import csv_response
from web.reports.weekly import Bar, BarGroup, Chart

routes = Blueprint("coverage", __name__)
STATES: Mapping[OfficerState, str] = {
    OfficerState.ACTIVE: N_("Two active"),
    OfficerState.UNSEEN: N_("Two active, neither seen for 30 days"),
    OfficerState.TWO: N_("Two, not both active"),
    OfficerState.ONE: N_("One officer"),
    OfficerState.NONE: N_("No officer"),
}
HEADINGS = (
    N_("Code"),
    N_("Department"),
    N_("Reports to"),
    N_("State"),
    N_("At the end of the month before"),
    N_("First officer"),
    N_("Second officer"),
)
NO_OFFICE = "none"
WIDTH, NARROW, BESIDE, BAR, LINE = 1_100, 340, 400, 20, 24
"""The sizes of the two drawings, the names next to the bars, a bar, and a line of text."""

LONGEST = 46
"""The number of letters of a name that fit."""

Line = tuple[Department | None, list[DepartmentCoverage]]


@dataclass(frozen=True)
class _Choice:
    """The state and the office above that the URL asks for; None asks for all."""

    state: OfficerState | None
    above: str | None

    def fits(self, covered: DepartmentCoverage) -> bool:
        """Return True if the URL asks for the row."""
        above_id = covered.department.reports_to_id
        is_of_line = self.above is None or self.above == str(above_id or NO_OFFICE)
        return is_of_line and self.state in (None, covered.state)


def _choice() -> _Choice:
    state, above = request.args.get("state", ""), request.args.get("above", "")
    return _Choice(
        OfficerState(state) if state in set(OfficerState) else None,
        above if above == NO_OFFICE or number_of(above) else None,
    )


def _rows(session: Session) -> list[DepartmentCoverage]:
    return coverage(session, now=ctx.now(), visible_ids=line_ids(actor()))


@routes.get("/coverage")
@allow_roles(*READERS)
@reads
def index(session: Session) -> str:
    """Show how many departments are in each state, in total and by the office above."""
    rows = _rows(session)
    lines = group_by_line(rows)
    return render_template(
        "coverage/index.html",
        total=len(rows),
        counts=count_states([covered.state for covered in rows]),
        counts_before=count_states([covered.before for covered in rows]),
        month_end=local_day(end_of_last_month(ctx.now()) - timedelta(seconds=1)),
        lines=[
            (above, len(own), count_states([covered.state for covered in own]))
            for above, own in lines
        ],
        states=[(state, _(label)) for state, label in STATES.items()],
        wide=_chart(lines, width=WIDTH, beside=BESIDE),
        narrow=_chart(lines, width=NARROW, beside=0),
    )


@routes.get("/coverage/list")
@allow_roles(*READERS)
@reads
def departments(session: Session) -> str:
    """List the departments behind a number of the coverage."""
    choice = _choice()
    rows = _rows(session)
    above = [office for office, _own in group_by_line(rows)]
    return render_template(
        "coverage/list.html",
        choice=choice,
        rows=page_of_rows([covered for covered in rows if choice.fits(covered)]),
        states=STATES,
        offices=[(str(office.id) if office else NO_OFFICE, office) for office in above],
    )


@routes.get("/coverage.csv")
@allow_roles(*READERS)
def csv() -> Response:
    """Return the departments of the list as CSV."""
    choice = _choice()
    with writing() as session:
        rows = [_cells(covered) for covered in _rows(session) if choice.fits(covered)]
        export.record_export(session, **actor_now(), rows=len(rows), page="coverage")
    return csv_response("coverage", HEADINGS, rows)


def _cells(covered: DepartmentCoverage) -> list[str]:
    above = covered.department.reports_to
    names = [person_name(officer.person) for officer in covered.officers]
    return [
        covered.department.code,
        department_name(covered.department),
        department_name(above) if above is not None else "",
        _(STATES[covered.state]),
        _(STATES[covered.before]) if covered.before is not None else "",
        *[*names, "", ""][:2],
    ]


def _shorten(name: str) -> str:
    """Return a name that fits next to a bar: with its end, in which the offices differ."""
    if len(name) <= LONGEST:
        return name
    return f"{name[:26].rsplit(' ', 1)[0]} … {name[28 - LONGEST :].split(' ', 1)[-1]}"


def _chart(lines: Sequence[Line], *, width: int, beside: int) -> Chart:
    """Return a bar for each office above, with a part for each state.

    The names take up `beside` units next to the bars; if that is 0, they are above them.
    """
    most = max((len(rows) for _above, rows in lines), default=1)
    above_bar = 0 if beside else LINE
    step = BAR + 10 + above_bar
    groups = []
    for index, (office, rows) in enumerate(lines):
        counts = count_states([covered.state for covered in rows])
        top, left, bars = index * step + 4 + above_bar, float(beside + 1), []
        for state in STATES:
            length = (width - beside - 2) * counts[state] / most
            if length:
                bars.append(Bar(left, top, length, BAR, counts[state], state.value))
            left += length
        x, y = (beside - 8, top + 15) if beside else (0, top - 6)
        name = department_name(office) if office is not None else _("no office above")
        groups.append(BarGroup(_shorten(name), x, y, tuple(bars)))
    return Chart(width, len(groups) * step + 8, 0, tuple(groups), is_beside=bool(beside))
