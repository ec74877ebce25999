"""Posts and answers week by week, as bars with the table of their figures beside them."""

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
from publisher.reports.weekly import Tally, WeeklyReport, weekly_report
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import page_language
from web.core.permissions import for_action
from web.forms import number_of
from web.messages.names import department_name

routes = Blueprint("report", __name__)
WIDTH, HEIGHT, NARROW = 720, 260, 340
TOP, FOOT, LEFT = 24, 48, 8
MOST_BARS = 15
BAR, LINE = 17, 24
"""How thick a lying bar is with what parts it from the next, and how high a line of text."""

VALUE = 44
"""The room for the figure at the end of a lying bar."""

Named = Sequence[tuple[str, Tally]]


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, in its own units; `value` stands at its end."""

    x: float
    y: float
    width: float
    height: float
    value: int
    kind: str


@dataclass(frozen=True)
class BarGroup:
    """The bars of one week or department, and where its name stands; `under` is a second line."""

    name: str
    x: float
    y: float
    bars: tuple[Bar, ...]
    under: str = ""


@dataclass(frozen=True)
class Chart:
    """Bars in groups, how large the drawing is, on which line standing bars stand.

    `is_beside` where the names of lying bars stand beside them, else above.
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
    """The last twelve weeks, of one department or of all in sight."""
    chosen = number_of(request.args.get("department")) or None
    report = weekly_report(session, actor=actor(), now=ctx.now(), department_id=chosen)
    weeks = [(_week_name(one.first_day, one.last_day), one) for one in report.weeks]
    busiest = _busiest(report.departments)
    offices = [one for one, _tally in report.departments]
    return render_template(
        "reports/weekly.html",
        report=report,
        weeks=weeks,
        by_week=_columns(report),
        by_week_narrow=_lying(
            [(dates.short_day(one.first_day, page_language()), one.tally) for one in report.weeks],
            width=NARROW,
            beside=84,
        ),
        by_department=_lying(busiest, width=WIDTH, beside=250),
        by_department_narrow=_lying(busiest, width=NARROW, beside=0),
        departments=offices if len(offices) > 1 else [],
        chosen=next((one for one in offices if one.id == chosen), None),
    )


def _week_name(first: date, last: date) -> str:
    return f"{dates.short_day(first, page_language())} – {dates.short_day(last, page_language())}"


def _month_name(day: date) -> str:
    return language_rules(page_language()).short_months[day.month - 1]


def _columns(report: WeeklyReport) -> Chart:
    """Two standing bars for each week."""
    most = max((max(one.tally.posts, one.tally.answers) for one in report.weeks), default=0) or 1
    step = (WIDTH - 2 * LEFT) / len(report.weeks)
    floor, room = HEIGHT - FOOT, HEIGHT - FOOT - TOP
    groups = []
    for at, week in enumerate(report.weeks):
        left, bar = LEFT + at * step, step * 0.36
        bars = tuple(
            Bar(left + step * 0.12 + place * bar, floor - tall, bar - 3, tall, value, kind)
            for place, (kind, value) in enumerate(_pair(week.tally))
            for tall in (room * value / most,)
        )
        name = digits(str(week.first_day.day), page_language())
        is_first = at == 0 or week.first_day.month != report.weeks[at - 1].first_day.month
        under = _month_name(week.first_day) if is_first else ""
        groups.append(BarGroup(name, left + step / 2, floor + 19, bars, under))
    return Chart(WIDTH, HEIGHT, floor, tuple(groups))


def _lying(named: Named, *, width: int, beside: int) -> Chart:
    """Two lying bars each; the name stands in so much room beside them, or above where none is."""
    most = max((max(one.posts, one.answers) for _name, one in named), default=0) or 1
    above = 0 if beside else LINE
    row = 2 * BAR + 10 + above
    groups = []
    for at, (name, tally) in enumerate(named):
        top = at * row + 4 + above
        bars = tuple(
            Bar(
                beside + 1,
                top + place * BAR,
                (width - beside - VALUE) * value / most,
                BAR - 2,
                value,
                kind,
            )
            for place, (kind, value) in enumerate(_pair(tally))
        )
        x, y = (beside - 8, top + BAR + 4) if beside else (0, top - 6)
        groups.append(BarGroup(name, x, y, bars))
    return Chart(width, len(groups) * row + 8, 0, tuple(groups), is_beside=bool(beside))


def _busiest(departments: Sequence[tuple[Office, Tally]]) -> Named:
    """The departments with the most, as many as a drawing holds; the table has all of them."""
    active = [one for one in departments if one[1].posts or one[1].answers]
    order = sorted(active, key=lambda one: (-one[1].posts - one[1].answers, one[0].id))
    return [(_shortened(department_name(office)), tally) for office, tally in order[:MOST_BARS]]


def _shortened(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"


def _pair(tally: Tally) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("posts", tally.posts), ("answers", tally.answers)
