"""The report of a period: charts and tables of posts and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import Action, scope_of
from publisher.i18n import dates
from publisher.i18n.languages import digits, language_rules
from publisher.reports import export
from publisher.reports.types import Office
from publisher.reports.weekly import (
    Period,
    PeriodName,
    PublishedCounts,
    Week,
    WeeklyReport,
    make_period,
    weekly_report,
)
from publisher.working_time import local_day
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.i18n import N_, _, _l, page_language
from web.core.list_pages import page_of_rows
from web.core.permissions import allow_action
from web.forms import Form, number_of
from web.messages.names import department_name
from web.moments.fields import DayField
from web.reports.csv_files import csv_response

routes = Blueprint("reports", __name__)
WIDTH, HEIGHT, NARROW = 720, 260, 340
TOP, FOOT, LEFT = 24, 48, 8
MOST_BARS = 15
BAR, LINE = 17, 24
"""The thickness of a horizontal bar with its gap, and the height of a line of text."""

VALUE = 44
"""The width left for the number at the end of a horizontal bar."""

PERIODS = {
    PeriodName.WEEKS: N_("The last twelve weeks"),
    PeriodName.MONTH: N_("This month"),
    PeriodName.LAST_MONTH: N_("Last month"),
    PeriodName.QUARTER: N_("This quarter"),
    PeriodName.LAST_QUARTER: N_("Last quarter"),
    PeriodName.YEAR: N_("The last twelve months"),
    PeriodName.DAYS: N_("From one day until another"),
}
COUNTS = (N_("Posts"), N_("Answers"), N_("Late answers"))
WEEK_HEADINGS = (N_("From"), N_("Until"), *COUNTS)
DEPARTMENT_HEADINGS = (N_("Department"), *COUNTS, N_("Overdue now"))
MOST_VALUES = 16
"""With more groups, neither the numbers above the bars nor all names below them would fit."""

Named = Sequence[tuple[str, PublishedCounts]]


class PeriodForm(Form):
    """The first and the last day of a period that the reader chose."""

    since = DayField(_l("From"), name="from", looks_back=True, confirms=False)
    until = DayField(_l("Until"), looks_back=True, confirms=False)


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, in units of the drawing; `value` is written at its end."""

    x: float
    y: float
    width: float
    height: float
    value: int
    kind: str


@dataclass(frozen=True)
class BarGroup:
    """The bars of a week or department, and the position of its name; `under` is a second line."""

    name: str
    x: float
    y: float
    bars: tuple[Bar, ...]
    under: str = ""


@dataclass(frozen=True)
class Chart:
    """Groups of bars, the size of the drawing, and the baseline `floor` of vertical bars.

    If `is_beside`, the names are next to horizontal bars, else above them.
    """

    width: int
    height: int
    floor: int
    groups: tuple[BarGroup, ...]
    is_beside: bool = True


@routes.get("/report")
@allow_action(Action.SEE_REPORT)
@reads
def index(session: Session) -> str:
    """Show a period, for one department or for all that the actor may see."""
    department_id = number_of(request.args.get("department")) or None
    form, name, period = period_in_url()
    report = weekly_report(session, **actor_now(), department_id=department_id, period=period)
    weeks = [(_part_name(week), week) for week in report.weeks]
    busiest = _busiest(report.departments)
    offices = [office for office, _tally in report.departments]
    departments = report.departments
    if not request.args.get("all"):
        departments = tuple(
            (office, tally)
            for office, tally in departments
            if tally != PublishedCounts() or office.id in report.overdue
        )
    return render_template(
        "reports/weekly.html",
        report=report,
        weeks=weeks,
        by_week=_columns(report),
        by_week_narrow=_lying(
            [
                (dates.short_day(week.first_day, page_language()), week.tally)
                for week in report.weeks
            ],
            width=NARROW,
            beside=84,
        ),
        by_department=_lying(busiest, width=WIDTH, beside=250),
        by_department_narrow=_lying(busiest, width=NARROW, beside=0),
        departments=offices if len(offices) > 1 else [],
        shown_departments=page_of_rows(departments),
        hidden_count=len(report.departments) - len(departments),
        chosen_department=next((office for office in offices if office.id == department_id), None),
        form=form,
        period=period,
        period_name=name,
        periods=[(option.value, _(PERIODS[option])) for option in PeriodName],
        days=f"{full_day(period.first_day)} – {full_day(period.last_day)}",
        sees_answers=scope_of(actor(), Action.SEE_COMMENT) is not None,
    )


def period_in_url() -> tuple[PeriodForm, PeriodName, Period]:
    """Return the period in the URL, with its form; without a valid one, the last twelve weeks."""
    form = PeriodForm(request.args, meta={"csrf": False})
    form.validate()
    name = request.args.get("period", "")
    period_name = PeriodName(name) if name in set(PeriodName) else PeriodName.WEEKS
    days = form.since.data, form.until.data
    if period_name is PeriodName.DAYS and None in days:
        period_name = PeriodName.WEEKS
    today = local_day(ctx.now())
    period = make_period(period_name, today=today, first_day=days[0], last_day=days[1])
    for field, day in ((form.since, period.first_day), (form.until, period.last_day)):
        if not field.typed:
            field.fill(day)
    return form, period_name, period


def full_day(day: date) -> str:
    """Return the day as text, in the language of the page."""
    return dates.full_date(day, page_language())


@routes.get("/report.csv")
@allow_action(Action.SEE_REPORT)
def csv() -> Response:
    """Return the table of departments, or with `by=week` that of the weeks, as CSV."""
    by_week = request.args.get("by") == "week"
    with writing() as session:
        department_id = number_of(request.args.get("department")) or None
        report = weekly_report(
            session, **actor_now(), department_id=department_id, period=period_in_url()[2]
        )
        if by_week:
            rows = [
                [f"{week.first_day}", f"{week.last_day}", *_cells(week.tally)]
                for week in report.weeks
            ]
        else:
            rows = [
                [department_name(office), *_cells(tally), str(report.overdue.get(office.id, 0))]
                for office, tally in report.departments
            ]
        export.record_export(session, **actor_now(), rows=len(rows), page="report")
    return csv_response("report", WEEK_HEADINGS if by_week else DEPARTMENT_HEADINGS, rows)


def _cells(tally: PublishedCounts) -> list[str]:
    return [str(tally.posts), str(tally.answers), str(tally.late)]


def _part_name(week: Week) -> str:
    first, last = (dates.short_day(day, page_language()) for day in (week.first_day, week.last_day))
    return first if week.first_day == week.last_day else f"{first} – {last}"


def _columns(report: WeeklyReport) -> Chart:
    """Return a chart with two vertical bars for each week or month."""
    most = max((max(week.tally.posts, week.tally.answers) for week in report.weeks), default=0) or 1
    step = (WIDTH - 2 * LEFT) / len(report.weeks)
    floor, room = HEIGHT - FOOT, HEIGHT - FOOT - TOP
    short_months = language_rules(page_language()).short_months
    every = ceil(len(report.weeks) / MOST_VALUES)
    groups = []
    for index, week in enumerate(report.weeks):
        left, bar = LEFT + index * step, step * 0.36
        bars = tuple(
            Bar(
                left + step * 0.12 + position * bar,
                floor - tall,
                bar - 2,
                tall,
                value * (every == 1),
                kind,
            )
            for position, (kind, value) in enumerate(_pair(week.tally))
            for tall in (room * value / most,)
        )
        is_named = index % every == 0
        name = digits(str(week.first_day.day), page_language()) if is_named else ""
        is_first = index == 0 or week.first_day.month != report.weeks[index - 1].first_day.month
        under = short_months[week.first_day.month - 1] if is_first and is_named else ""
        groups.append(BarGroup(name, left + step / 2, floor + 19, bars, under))
    return Chart(WIDTH, HEIGHT, floor, tuple(groups))


def _lying(named: Named, *, width: int, beside: int) -> Chart:
    """Return a chart with two horizontal bars for each name.

    The names take up `beside` units next to the bars; if that is 0, they are above them.
    """
    most = max((max(tally.posts, tally.answers) for _name, tally in named), default=0) or 1
    above = 0 if beside else LINE
    row, room = 2 * BAR + 10 + above, width - beside - VALUE
    groups = []
    for index, (name, tally) in enumerate(named):
        top = index * row + 4 + above
        bars = tuple(
            Bar(beside + 1, top + position * BAR, room * value / most, BAR - 2, value, kind)
            for position, (kind, value) in enumerate(_pair(tally))
        )
        x, y = (beside - 8, top + BAR + 4) if beside else (0, top - 6)
        groups.append(BarGroup(name, x, y, bars))
    return Chart(width, len(groups) * row + 8, 0, tuple(groups), is_beside=bool(beside))


def _busiest(departments: Sequence[tuple[Office, PublishedCounts]]) -> Named:
    """Return the busiest departments, as many as a chart holds; the table has all of them."""
    active = [(office, tally) for office, tally in departments if tally.posts or tally.answers]
    active.sort(key=lambda pair: (-pair[1].posts - pair[1].answers, pair[0].id))
    return [(_shorten(department_name(office)), tally) for office, tally in active[:MOST_BARS]]


def _shorten(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"


def _pair(tally: PublishedCounts) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("posts", tally.posts), ("answers", tally.answers)
