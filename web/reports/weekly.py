"""The weekly report: charts and tables of posts and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from approvals.policy import Action
from publisher.i18n import dates
from publisher.i18n.languages import digits, language_rules
from publisher.reports.types import Office
from publisher.reports.weekly import PublishedCounts, WeeklyReport, weekly_report
from web.core.auth import by_actor, reads
from web.core.i18n import page_language
from web.core.permissions import for_action
from web.forms import number_of
from web.messages.names import department_name

routes = Blueprint("report", __name__)
WIDTH, HEIGHT, NARROW = 720, 260, 340
TOP, FOOT, LEFT = 24, 48, 8
MOST_BARS = 15
BAR, LINE = 17, 24
"""The thickness of a horizontal bar with its gap, and the height of a line of text."""

VALUE = 44
"""The width left for the number at the end of a horizontal bar."""

Named = Sequence[tuple[str, PublishedCounts]]


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

    If `is_beside`, the names are beside horizontal bars, else above them.
    """

    width: int
    height: int
    floor: int
    groups: tuple[BarGroup, ...]
    is_beside: bool = True


@routes.get("/report")
@for_action(Action.SEE_REPORT)
@reads
def index(session: Session) -> str:
    """Show the last twelve weeks, of one department or of all that the actor may see."""
    chosen = number_of(request.args.get("department")) or None
    report = weekly_report(session, **by_actor(), department_id=chosen)
    weeks = [(_week_name(week.first_day, week.last_day), week) for week in report.weeks]
    busiest = _busiest(report.departments)
    offices = [office for office, _tally in report.departments]
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
        chosen_department=next((office for office in offices if office.id == chosen), None),
    )


def _week_name(first: date, last: date) -> str:
    return f"{dates.short_day(first, page_language())} – {dates.short_day(last, page_language())}"


def _columns(report: WeeklyReport) -> Chart:
    """Return a chart with two vertical bars for each week."""
    most = max((max(week.tally.posts, week.tally.answers) for week in report.weeks), default=0) or 1
    step = (WIDTH - 2 * LEFT) / len(report.weeks)
    floor, room = HEIGHT - FOOT, HEIGHT - FOOT - TOP
    short_months = language_rules(page_language()).short_months
    groups = []
    for index, week in enumerate(report.weeks):
        left, bar = LEFT + index * step, step * 0.36
        bars = tuple(
            Bar(left + step * 0.12 + position * bar, floor - tall, bar - 3, tall, value, kind)
            for position, (kind, value) in enumerate(_pair(week.tally))
            for tall in (room * value / most,)
        )
        name = digits(str(week.first_day.day), page_language())
        is_first = index == 0 or week.first_day.month != report.weeks[index - 1].first_day.month
        under = short_months[week.first_day.month - 1] if is_first else ""
        groups.append(BarGroup(name, left + step / 2, floor + 19, bars, under))
    return Chart(WIDTH, HEIGHT, floor, tuple(groups))


def _lying(named: Named, *, width: int, beside: int) -> Chart:
    """Return a chart with two horizontal bars for each name.

    The names take up `beside` units beside the bars; if that is 0, they are above them.
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
    return [(_shortened(department_name(office)), tally) for office, tally in active[:MOST_BARS]]


def _shortened(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"


def _pair(tally: PublishedCounts) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("posts", tally.posts), ("answers", tally.answers)
