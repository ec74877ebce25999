"""What leaves when: a month, a week and a list, and what is approved but has no time yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask.sansio.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session

from approvals.policy import Action, Scope, may, scope_of
from publisher.i18n import dates
from publisher.i18n.date_parsing import BadWhen, parse_day
from publisher.i18n.languages import language_rules
from publisher.models.people import Department
from publisher.people.departments import departments_in_force
from publisher.reports import calendar
from publisher.reports.calendar_month import CalendarDay, Item, calendar_days, month_grid
from publisher.scheduling import slots
from publisher.working_time import ONE_DAY, local_day
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.i18n import page_language
from web.core.permissions import for_action
from web.core.state_badges import STATE_LOOK
from web.forms import number_of
from web.schedule import calendar_layout
from web.schedule.calendar_layout import CalendarQuery, CalendarView

routes = Blueprint("calendar", __name__)
LIST_DAYS = 14
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
"""What may stand in the calendar; also what it can be narrowed to."""


@routes.record_once
def _equip(state: BlueprintSetupState) -> None:
    """Give the templates short times, and how an item looks in a cell."""
    state.app.jinja_env.filters["short_time"] = _short_time
    state.app.jinja_env.filters["item_classes"] = _item_classes


@routes.get("/calendar")
@for_action(Action.SEE_POST)
@reads
def index(session: Session) -> str:
    """A month, a week or a list of days, from the one asked for; this month if none was."""
    choice = _choice()
    days = calendar_days(
        session,
        actor=actor(),
        now=ctx.now(),
        first_day=choice.first,
        days=choice.days,
        account_id=choice.account,
        department_id=choice.department,
        state=choice.state,
    )
    return render_template(
        "schedule/calendar.html",
        choice=choice,
        accounts=slots.accounts(session),
        departments=_departments(session),
        quiet=slots.quiet_times(session),
        unscheduled=calendar.unscheduled(
            session, actor=actor(), account_id=choice.account, department_id=choice.department
        ),
        may_schedule=may(actor(), Action.SCHEDULE, actor().department_id),
        legend=LEGEND,
        **_laid_out(choice, days),
    )


def _laid_out(choice: CalendarQuery, days: Sequence[CalendarDay]) -> dict[str, object]:
    """The days as tables and as a list, and the ways to others."""
    today = local_day(ctx.now())
    begins = calendar_layout.place(choice, today)
    return {
        "days": days,
        "today": today,
        "today_word": language_rules(page_language()).today,
        "title": calendar_layout.title(choice),
        "names": dates.weekdays(page_language()),
        "ways": calendar_layout.ways(choice, today),
        "views": [(one, choice.href(one, begins)) for one in CalendarView],
        "weeks": calendar_layout.weeks(days, choice, today),
        "bands": calendar_layout.bands(days, choice, today),
        "listed": calendar_layout.listed(days, choice, today),
    }


def _choice() -> CalendarQuery:
    """What is asked for; whatever cannot be read counts for nothing."""
    asked = request.args
    known = {one.value for one in CalendarView}
    view = CalendarView(asked["view"]) if asked.get("view") in known else CalendarView.MONTH
    today = local_day(ctx.now())
    first = _day(asked.get("from", ""), today)
    month = _day(f"{asked.get('month', '')}-1", first).replace(day=1)
    begins, days = _span(view, first, month)
    state = asked.get("state", "")
    return CalendarQuery(
        view=view,
        first=begins,
        days=days,
        month=month,
        account=number_of(asked.get("account")) or None,
        department=number_of(asked.get("department")) or None,
        state=state if any(state == one for _thing, one in LEGEND) else "",
    )


def _span(view: CalendarView, first: date, month: date) -> tuple[date, int]:
    """The first day and how many are shown."""
    if view is CalendarView.MONTH:
        return month_grid(month)
    if view is CalendarView.WEEK:
        return first - first.weekday() * ONE_DAY, 7
    return first, LIST_DAYS


def _day(typed: str, otherwise: date) -> date:
    try:
        return parse_day(typed)
    except BadWhen:
        return otherwise


def _departments(session: Session) -> list[Department]:
    """The departments to choose from: all for whoever sees all, else those of the line."""
    known = departments_in_force(session, now=ctx.now())
    if scope_of(actor(), Action.SEE_POST) is Scope.ANY:
        return known
    seen = actor().line | {actor().department_id}
    own = [one for one in known if one.id in seen]
    return own if len(own) > 1 else []


def _short_time(item: Item) -> str:
    return dates.clock_time(item.at, page_language(), short=True)


def _item_classes(item: Item) -> str:
    """Filled where a person must act, white where it is past, tinted where it is to come."""
    look = STATE_LOOK[item.thing, item.state]
    if look.fill == "filled":
        return f"tone-{look.tone} month-item-filled"
    is_past = item.is_over or item.at < ctx.now() - timedelta(hours=1)
    return f"tone-{look.tone} month-item-past" if is_past else f"tone-{look.tone}"
