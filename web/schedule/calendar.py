"""The calendar: deliveries by month, week or list, and approved posts without a time."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from approvals.policy import Action, Scope, may, scope_of
from publisher.i18n import dates
from publisher.i18n.date_parsing import BadWhen, parse_day
from publisher.i18n.languages import language_rules
from publisher.models.people import Department
from publisher.people.departments import departments_in_force
from publisher.reports import calendar
from publisher.reports.calendar import Item
from publisher.reports.calendar_month import calendar_days, month_grid
from publisher.scheduling import slots
from publisher.working_time import ONE_DAY, local_day
from web.core.auth import actor, actor_now, reads
from web.core.context import ctx
from web.core.i18n import page_language
from web.core.permissions import allow_action
from web.core.state_badges import STATE_BADGES
from web.forms import number_of
from web.schedule import calendar_layout
from web.schedule.calendar_layout import CalendarQuery, CalendarView

routes = Blueprint("calendar", __name__)
LIST_DAYS = 14
MOST_UNTIMED = 10
"""The most posts without a time on a page of the calendar."""
LEGEND: tuple[tuple[str, str], ...] = (
    ("post", "draft"),
    ("post", "in_review"),
    ("post", "approved"),
    ("post", "rejected"),
    ("post", "blocked"),
    ("delivery", "scheduled"),
    ("delivery", "paused"),
    ("delivery", "published"),
    ("delivery", "by_hand"),
    ("delivery", "unconfirmed"),
    ("delivery", "held"),
    ("delivery", "missed"),
    ("delivery", "failed"),
    ("delivery", "cancelled"),
)
"""The kinds and states that the calendar shows and can be filtered by."""


@routes.get("/calendar")
@allow_action(Action.SEE_POST)
@reads
def index(session: Session) -> str:
    """Show a month, a week or a list of days; by default the current month."""
    choice = read_query()
    skip = (choice.untimed - 1) * MOST_UNTIMED
    unscheduled = calendar.list_unscheduled(
        session,
        actor=actor(),
        most=MOST_UNTIMED + 1,
        skip=skip,
        account_id=choice.account,
        department_id=choice.department,
    )
    days = calendar_days(
        session,
        **actor_now(),
        first_day=choice.first,
        days=choice.days,
        account_id=choice.account,
        department_id=choice.department,
        state=choice.state,
    )
    today = local_day(ctx.now())
    begins = calendar_layout.first_day_of_view(choice, today)
    listed_days = calendar_layout.list_days(days, choice, today)
    return render_template(
        "schedule/calendar.html",
        choice=choice,
        accounts=slots.accounts(session),
        departments=_departments(session),
        quiet_times=slots.quiet_times(session),
        unscheduled=unscheduled[:MOST_UNTIMED],
        untimed_pages=calendar_layout.page_urls(choice, has_more=len(unscheduled) > MOST_UNTIMED),
        untimed_skip=skip,
        may_schedule=may(actor(), Action.SCHEDULE, actor().department_id),
        legend=LEGEND,
        days=days,
        today=today,
        today_label=language_rules(page_language()).today,
        title=calendar_layout.title(choice),
        weekday_names=dates.weekdays(page_language()),
        ways=calendar_layout.ways(choice, today),
        views=[(view, choice.href(view, begins)) for view in CalendarView],
        weeks=calendar_layout.weeks(days, choice, today),
        bands=calendar_layout.bands(days, choice, today),
        listed_days=listed_days,
        next_days_href=choice.href(choice.view, choice.first + len(listed_days) * ONE_DAY),
    )


def read_query() -> CalendarQuery:
    """Parse the request's query; values that cannot be read are ignored."""
    query = request.args
    view_name = query.get("view")
    view = CalendarView(view_name) if view_name in set(CalendarView) else CalendarView.MONTH
    today = local_day(ctx.now())
    first = _day(query.get("from", ""), today)
    month = _day(f"{query.get('month', '')}-1", first).replace(day=1)
    begins, days = _span(view, first, month)
    state = query.get("state", "")
    return CalendarQuery(
        view=view,
        first=begins,
        days=days,
        month=month,
        account=number_of(query.get("account")) or None,
        department=number_of(query.get("department")) or None,
        untimed=max(number_of(query.get("untimed")), 1),
        skip=number_of(query.get("skip")) if view is CalendarView.LIST else 0,
        state=state if any(state == known_state for _kind, known_state in LEGEND) else "",
    )


def _span(view: CalendarView, first: date, month: date) -> tuple[date, int]:
    """Return the first day and the number of days that the view shows."""
    if view is CalendarView.MONTH:
        return month_grid(month)
    if view is CalendarView.WEEK:
        return first - first.weekday() * ONE_DAY, 7
    return first, LIST_DAYS


def _day(text: str, default: date) -> date:
    try:
        return parse_day(text)
    except BadWhen:
        return default


def _departments(session: Session) -> list[Department]:
    """Return the departments to filter by: those that the actor sees, if there are several."""
    departments = departments_in_force(session, now=ctx.now())
    if scope_of(actor(), Action.SEE_POST) is Scope.ANY:
        return departments
    department_ids = actor().line | {actor().department_id}
    own_departments = [department for department in departments if department.id in department_ids]
    return own_departments if len(own_departments) > 1 else []


@routes.app_template_filter()
def short_time(item: Item) -> str:
    """Return the time of an item, short enough for a cell of the month."""
    return dates.clock_time(item.at, page_language(), short=True)


@routes.app_template_filter()
def item_classes(item: Item) -> str:
    """Return the CSS classes: filled if a person must act, white if past, tinted if to come."""
    look = STATE_BADGES[item.thing, item.state]
    if look.fill == "filled":
        return f"tone-{look.tone} month-item-filled"
    is_past = item.is_over or item.at < ctx.now() - timedelta(hours=1)
    return f"tone-{look.tone} month-item-past" if is_past else f"tone-{look.tone}"
