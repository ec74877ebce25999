"""Posts and replies that went live, by week and department."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Subquery, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from approvals.policy import Action, Actor
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.people import Department
from publisher.models.posts import Post, PostKind
from publisher.people.departments import is_in_force
from publisher.reports.types import Office, office_of
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds, local_day

WEEKS = 12
ONE_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class PublishedCounts:
    """The number of posts and replies, each counted on the day it first went live."""

    posts: int = 0
    answers: int = 0


@dataclass(frozen=True)
class Week:
    """A week of the city's calendar, Monday to Sunday; the present one is not over yet."""

    first_day: date
    last_day: date
    is_present: bool
    tally: PublishedCounts


@dataclass(frozen=True)
class WeeklyReport:
    """The weeks, oldest first, and the totals of each visible department."""

    weeks: tuple[Week, ...]
    departments: tuple[tuple[Office, PublishedCounts], ...]

    @property
    def total(self) -> PublishedCounts:
        """Return the sum of all weeks."""
        return PublishedCounts(
            sum(week.tally.posts for week in self.weeks),
            sum(week.tally.answers for week in self.weeks),
        )


def weekly_report(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department_id: int | None = None,
) -> WeeklyReport:
    """Return the report of the last twelve weeks, the present one included.

    `department_id` restricts the weeks to one department, not the list of departments. Raises
    `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_REPORT)
    mondays = _mondays(local_day(now))
    counted = _counted(session, mondays, visible_departments)
    by_week: Counter[tuple[int, PostKind]] = Counter()
    by_department: Counter[tuple[int, PostKind]] = Counter()
    for week, department, kind, count in counted:
        if department_id in (None, department):
            by_week[week, kind] += count
        by_department[department, kind] += count
    active_departments = {department for department, _kind in by_department}
    return WeeklyReport(
        tuple(
            Week(day, day + 6 * ONE_DAY, at == WEEKS - 1, _tally(by_week, at))
            for at, day in enumerate(mondays)
        ),
        tuple(
            (office_of(department), _tally(by_department, department.id))
            for department in _departments(session, visible_departments)
            if is_in_force(department, now=now) or department.id in active_departments
        ),
    )


def _mondays(today: date) -> list[date]:
    present = today - today.weekday() * ONE_DAY
    return [present - back * ONE_WEEK for back in reversed(range(WEEKS))]


def _tally(counts: Counter[tuple[int, PostKind]], key: int) -> PublishedCounts:
    return PublishedCounts(counts[key, PostKind.POST], counts[key, PostKind.REPLY])


def _counted(
    session: Session, mondays: Sequence[date], visible_departments: frozenset[int] | None
) -> list[tuple[int, int, PostKind, int]]:
    """Return rows of week, department, kind and number, without zeros."""
    begins = [day_bounds(day)[0] for day in mondays]
    ends = [*begins[1:], day_bounds(mondays[-1] + ONE_WEEK)[0]]
    live = _first_live(begins[0], ends[-1])
    week = case(
        *((live.c.at < end, at) for at, end in enumerate(ends)),  # the first that fits
        else_=len(mondays),
    )
    query = (
        select(week, Post.department_id, Post.kind, func.count())
        .join(live, live.c.post_id == Post.id)
        .group_by(week, Post.department_id, Post.kind)
    )
    if visible_departments is not None:
        query = query.where(Post.department_id.in_(visible_departments))
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


def _first_live(begins: datetime, ends: datetime) -> Subquery:
    """Return when each post first went live, for those where it was in this time."""
    before, earlier = aliased(Delivery), aliased(ReceiptRow)
    was_live_before = exists().where(
        before.post_id == Delivery.post_id,
        before.action == DeliveryAction.PUBLISH,
        earlier.delivery_id == before.id,
        earlier.published_at < begins,
    )
    return (
        select(Delivery.post_id, func.min(ReceiptRow.published_at).label("at"))
        .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
        .where(
            Delivery.action == DeliveryAction.PUBLISH,
            ReceiptRow.published_at >= begins,
            ReceiptRow.published_at < ends,
            ~was_live_before.correlate(Delivery),
        )
        .group_by(Delivery.post_id)
        .subquery()
    )


def _departments(session: Session, visible_departments: frozenset[int] | None) -> list[Department]:
    query = select(Department).order_by(Department.name_mr, Department.id)
    if visible_departments is not None:
        query = query.where(Department.id.in_(visible_departments))
    return list(session.scalars(query))
