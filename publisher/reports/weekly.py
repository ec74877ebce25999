"""Posts and replies that went live, by week or month and by department, and the posts counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from sqlalchemy import ColumnElement, Select, Subquery, case, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from approvals.policy import Action, Actor
from publisher.database.session import AnyRow
from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.people import Department
from publisher.models.posts import Post, PostKind
from publisher.people.departments import is_in_force
from publisher.reports.types import Office, office_of
from publisher.states import CommentState
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds, local_day

WEEKS = 12
ONE_WEEK = timedelta(weeks=1)
MOST_WEEKS = 16
"""A longer period is counted by months."""
LONGEST = timedelta(days=3 * 366)


@dataclass(frozen=True)
class Period:
    """The days of a report, the first and the last included."""

    first_day: date
    last_day: date


class PeriodName(StrEnum):
    """The periods to choose from; `days` are any two days."""

    WEEKS = "weeks"
    MONTH = "month"
    LAST_MONTH = "last_month"
    QUARTER = "quarter"
    LAST_QUARTER = "last_quarter"
    YEAR = "year"
    DAYS = "days"


def make_period(
    name: PeriodName, *, today: date, first_day: date | None = None, last_day: date | None = None
) -> Period:
    """Return the period of that name; two days are put in order, and span at most three years.

    A missing day is today. Quarters are calendar quarters.
    """
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % 3)
    match name:
        case PeriodName.WEEKS:
            monday = today - today.weekday() * ONE_DAY
            return Period(monday - (WEEKS - 1) * ONE_WEEK, monday + 6 * ONE_DAY)
        case PeriodName.MONTH:
            return Period(month, today)
        case PeriodName.LAST_MONTH:
            return Period(_months_later(month, -1), month - ONE_DAY)
        case PeriodName.QUARTER:
            return Period(quarter, today)
        case PeriodName.LAST_QUARTER:
            return Period(_months_later(quarter, -3), quarter - ONE_DAY)
        case PeriodName.YEAR:
            return Period(_months_later(month, -11), today)
        case PeriodName.DAYS:
            first, last = sorted((first_day or today, last_day or today))
            return Period(max(first, last - min(LONGEST, last - date.min)), last)
        case _:
            assert_never(name)


def _months_later(month: date, count: int) -> date:
    years, at = divmod(month.month - 1 + count, 12)
    return month.replace(year=month.year + years, month=at + 1)


@dataclass(frozen=True)
class PublishedCounts:
    """The number of posts and replies, each counted on the day it first went live.

    `late` is the number of replies that went live after the comment's deadline.
    """

    posts: int = 0
    answers: int = 0
    late: int = 0


@dataclass(frozen=True)
class Week:
    """A week of the city's calendar, Monday to Sunday, or a month; the present one is not over.

    At the ends of the period it may be cut off.
    """

    first_day: date
    last_day: date
    is_present: bool
    tally: PublishedCounts


@dataclass(frozen=True)
class WeeklyReport:
    """The weeks or months, oldest first, and the totals of each visible department.

    `overdue` counts the comments that wait for an answer after their deadline, by department id.
    """

    weeks: tuple[Week, ...]
    departments: tuple[tuple[Office, PublishedCounts], ...]
    overdue: Mapping[int, int]

    @property
    def total(self) -> PublishedCounts:
        """Return the sum of all weeks."""
        return PublishedCounts(
            sum(week.tally.posts for week in self.weeks),
            sum(week.tally.answers for week in self.weeks),
            sum(week.tally.late for week in self.weeks),
        )


def weekly_report(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department_id: int | None = None,
    period: Period | None = None,
) -> WeeklyReport:
    """Return the report of a period, by default the last twelve weeks including the present one.

    `department_id` restricts the weeks to one department, not the list of departments. Raises
    `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_REPORT)
    today = local_day(now)
    parts = _parts(period or make_period(PeriodName.WEEKS, today=today))
    by_week: Counter[tuple[int, str]] = Counter()
    by_department: Counter[tuple[int, str]] = Counter()
    for row in _count_rows(session, parts, visible_departments):
        for name, count in ((row.kind, row.number), ("late", row.late)):
            if department_id in (None, row.department_id):
                by_week[row.part, name] += count
            by_department[row.department_id, name] += count
    overdue = _overdue(session, visible_departments, now)
    active_departments = {department for department, _kind in by_department} | set(overdue)
    return WeeklyReport(
        tuple(
            Week(part.first_day, part.last_day, part.last_day >= today, _tally(by_week, at))
            for at, part in enumerate(parts)
        ),
        tuple(
            (office_of(department), _tally(by_department, department.id))
            for department in _departments(session, visible_departments)
            if is_in_force(department, now=now) or department.id in active_departments
        ),
        overdue,
    )


def _parts(period: Period) -> list[Period]:
    """Return the weeks of the period, or the months of one that is longer than sixteen weeks."""
    parts, first = [], period.first_day
    by_week = period.last_day - period.first_day < MOST_WEEKS * ONE_WEEK
    while first <= period.last_day:
        if by_week:
            following = first + (7 - first.weekday()) * ONE_DAY
        else:
            following = _months_later(first.replace(day=1), 1)
        parts.append(Period(first, min(following - ONE_DAY, period.last_day)))
        first = following
    return parts


def _tally(counts: Counter[tuple[int, str]], key: int) -> PublishedCounts:
    return PublishedCounts(
        counts[key, PostKind.POST], counts[key, PostKind.REPLY], counts[key, "late"]
    )


def _count_rows(
    session: Session, parts: Sequence[Period], visible_departments: frozenset[int] | None
) -> Sequence[AnyRow]:
    """Return rows of part, department, kind, number and late number, without zeros."""
    ends = [day_bounds(part.last_day)[1] for part in parts]
    live = _first_live(day_bounds(parts[0].first_day)[0], ends[-1])
    part = case(
        *((live.c.at < end, at) for at, end in enumerate(ends)),  # the first that fits
        else_=len(parts),
    )
    query = (
        select(
            part.label("part"),
            Post.department_id,
            Post.kind,
            func.count().label("number"),
            func.count().filter(_is_late(live)).label("late"),
        )
        .join(live, live.c.post_id == Post.id)
        .outerjoin(Reply, (Reply.post_id == Post.id) & (Reply.answer == AnswerKind.FINAL))
        .outerjoin(Comment, Comment.id == Reply.comment_id)
        .group_by(part, Post.department_id, Post.kind)
    )
    if visible_departments is not None:
        query = query.where(Post.department_id.in_(visible_departments))
    return session.execute(query).all()


def _is_late(live: Subquery) -> ColumnElement[bool]:
    return Comment.due_at < live.c.at


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    return (Comment.state == CommentState.ROUTED) & (Comment.due_at <= now)


def _overdue(
    session: Session, visible_departments: frozenset[int] | None, now: datetime
) -> dict[int, int]:
    query = select(Comment.department_id, func.count()).where(
        _is_overdue(now), Comment.department_id.is_not(None)
    )
    if visible_departments is not None:
        query = query.where(Comment.department_id.in_(visible_departments))
    rows = session.execute(query.group_by(Comment.department_id))
    return {department_id: count for department_id, count in rows if department_id is not None}


class Counted(StrEnum):
    """What a number of the report counts."""

    POSTS = "posts"
    ANSWERS = "answers"
    LATE = "late"
    OVERDUE = "overdue"


def query_posts(
    actor: Actor, period: Period, counted: Counted, *, department_id: int | None = None
) -> Select[Post]:
    """Return the query of the posts or answers in a number, in the order they went live.

    Raises `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_REPORT)
    live = _first_live(day_bounds(period.first_day)[0], day_bounds(period.last_day)[1])
    kind = PostKind.POST if counted is Counted.POSTS else PostKind.REPLY
    query = (
        select(Post)
        .join(live, live.c.post_id == Post.id)
        .where(Post.kind == kind, *_department_conditions(Post, visible_departments, department_id))
        .options(joinedload(Post.department), joinedload(Post.reply).joinedload(Reply.comment))
        .order_by(live.c.at.desc(), Post.id.desc())
    )
    if counted is Counted.LATE:
        query = query.where(
            Post.id.in_(
                select(Reply.post_id)
                .join(Comment, Comment.id == Reply.comment_id)
                .where(Reply.answer == AnswerKind.FINAL, _is_late(live))
            )
        )
    return query


def overdue_comments(
    actor: Actor, *, now: datetime, department_id: int | None = None
) -> Select[Comment]:
    """Return the query of the comments that wait after their deadline, the longest overdue first.

    Raises `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_REPORT)
    return (
        select(Comment)
        .where(
            _is_overdue(now),
            Comment.department_id.is_not(None),
            *_department_conditions(Comment, visible_departments, department_id),
        )
        .options(joinedload(Comment.department))
        .order_by(Comment.due_at, Comment.id)
    )


def _department_conditions(
    table: type[Post | Comment], visible: frozenset[int] | None, department_id: int | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if visible is not None:
        conditions.append(table.department_id.in_(visible))
    if department_id is not None:
        conditions.append(table.department_id == department_id)
    return conditions


def _first_live(begins: datetime, ends: datetime) -> Subquery:
    """Return when each post first went live, for those that did in this time."""
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
