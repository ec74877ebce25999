"""The start page: what waits for the signed-in person, most urgent first."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.coverage.states import count_uncovered
from publisher.delivery.costs import budget
from publisher.people import upgrade_review
from publisher.reports.todo import list_waiting
from web.core.auth import acting, actor, reads
from web.core.context import ctx
from web.core.counts import actor_counts
from web.core.permissions import allow_roles
from web.emergency.summary import load_work
from web.home import tour
from web.home.other_appointments import other_work
from web.home.people_work import people_tasks
from web.messages.progress import DUE, WAITING

routes = Blueprint("today", __name__)
READERS = (Role.OVERSIGHT, Role.AUDITOR)
"""The roles that only have to look, except on duty."""

MOST = 60
"""The most items on the page: more than a day's work; the tabs lead to the rest."""


@routes.get("/")
@allow_roles()
@reads
def index(session: Session) -> str:
    """Show the start page."""
    now = ctx.now()
    waiting = list_waiting(session, actor=actor(), now=now, most=MOST)
    counts = actor_counts(session, actor())
    return render_template(
        "home/today.html",
        tasks=waiting,
        kind_labels=WAITING,
        due_labels=DUE,
        own_department=actor().department_id,
        lane=load_work(session),
        unreviewed_count=upgrade_review.count(session, now=now)
        if actor().role is Role.ADMIN
        else 0,
        months_near=budget.months_near(session, ctx.settings.platforms, now=now)
        if actor().role is Role.ADMIN
        else [],
        # How many departments have no two active officers, of how many there are.
        uncovered=count_uncovered(session, now=now) if actor().role is Role.CELL_LEAD else (0, 0),
        people_tasks=people_tasks(session, actor(), counts),
        waiting_for_people=counts.about_people,
        other_work=[other for other in other_work(session, acting()) if other.waiting],
        only_reads=actor().role in READERS,
        is_new=acting().is_newcomer and not tour.is_dismissed(),
    )
