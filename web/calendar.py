"""What leaves when, day by day, and what is approved but has no time yet."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from approvals.policy import Action, may
from publisher.office import reporting
from publisher.words.when import BadWhen, parse_day
from publisher.worktime import local_day
from web.acting import actor, reads
from web.house import house
from web.rules import for_action

routes = Blueprint("calendar", __name__)
DAYS = 7


@routes.get("/calendar")
@for_action(Action.SEE_POST)
@reads
def index(session: Session) -> str:
    """A week of days from the one asked for, today if none was."""
    first = _first_day()
    return render_template(
        "calendar/index.html",
        days=reporting.deliveries_by_day(session, actor=actor(), first_day=first, days=DAYS),
        unscheduled=reporting.unscheduled(session, actor=actor()),
        today=local_day(house().now()),
        earlier=first - timedelta(days=DAYS),
        later=first + timedelta(days=DAYS),
        may_schedule=may(actor(), Action.SCHEDULE, actor().department_id),
    )


def _first_day() -> date:
    try:
        return parse_day(request.args.get("from", ""))
    except BadWhen:
        return local_day(house().now())
