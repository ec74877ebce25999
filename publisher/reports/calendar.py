"""The deliveries of the calendar, and the approved variants without a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals.policy import Action, Actor
from publisher.models.controls import Freeze
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.reports import sql_conditions, sql_scheduling
from publisher.reports.sql_conditions import Condition
from publisher.scheduling.holds import facts_of, freeze_at, freezes_ahead, standing_stop
from publisher.states import UNSENT, AccountState, DeliveryState
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds

MOST_DAYS = 366
MOST_MOVABLE = 200


@dataclass(frozen=True)
class CalendarPart:
    """The days, the account and the departments that are read; None means all."""

    first_day: date
    days: int
    visible_departments: frozenset[int] | None
    account_id: int | None = None
    department_id: int | None = None

    @property
    def dates(self) -> list[date]:
        """Return the days, `MOST_DAYS` at most."""
        return [self.first_day + count * ONE_DAY for count in range(min(self.days, MOST_DAYS))]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Return the moments at which the first day begins and the last one ends."""
        return day_bounds(self.dates[0])[0], day_bounds(self.dates[-1])[1]


@dataclass(frozen=True)
class CalendarEntry:
    """A delivery in the calendar.

    `is_paused` is true if its account, a stop or a freeze keeps it from leaving; `frozen_until` is
    the end of that freeze.
    """

    delivery: Delivery
    is_paused: bool = False
    frozen_until: datetime | None = None


@dataclass(frozen=True)
class Unscheduled:
    """A variant of an approved post without a delivery."""

    variant: Variant
    wished_at: datetime | None


def entries_in(session: Session, part: CalendarPart, *, now: datetime) -> list[CalendarEntry]:
    """Return the deliveries of posts in order of time; replies are left out.

    A cancelled delivery is included only while its revision is the newest.
    """
    begins, ends = part.span
    is_stopped = standing_stop(session) is not None
    freezes = freezes_ahead(session, now=now)
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(
            Post.kind == PostKind.POST,
            Delivery.action.in_(OF_TEXTS),
            Delivery.due_at >= begins,
            Delivery.due_at < ends,
            or_(Delivery.state != DeliveryState.CANCELLED, Revision.number == Post.newest),
            *of_departments(part.visible_departments, part.department_id),
        )
        .options(*_DELIVERY_OPTIONS)
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
    )
    if part.account_id is not None:
        query = query.where(Delivery.account_id == part.account_id)
    if freezes:
        query = query.options(joinedload(Delivery.post).selectinload(Post.submissions))
    return [_entry(delivery, freezes, is_stopped, now) for delivery in session.scalars(query)]


_DELIVERY_OPTIONS = (
    joinedload(Delivery.account),
    joinedload(Delivery.variant),
    joinedload(Delivery.receipt),
    joinedload(Delivery.post).joinedload(Post.department),
)


def of_departments(
    visible_departments: frozenset[int] | None, department_id: int | None
) -> list[Condition]:
    """Return the conditions for posts of the visible departments, and of one if it is set."""
    conditions: list[Condition] = []
    if visible_departments is not None:
        conditions.append(Post.department_id.in_(visible_departments))
    if department_id is not None:
        conditions.append(Post.department_id == department_id)
    return conditions


def _entry(
    delivery: Delivery, freezes: Sequence[Freeze], is_stopped: bool, now: datetime
) -> CalendarEntry:
    if delivery.state not in UNSENT:
        return CalendarEntry(delivery)
    # A freeze depends on the post's submissions, which are not read if there is no freeze.
    leaves_at = max(delivery.due_at, now)
    freeze = freeze_at(freezes, facts_of(delivery), leaves_at) if freezes else None
    is_paused = (
        freeze is not None
        or (is_stopped and delivery.due_at <= now)
        or delivery.account.state is not AccountState.CONNECTED
    )
    return CalendarEntry(delivery, is_paused, freeze.until_at if freeze is not None else None)


def unscheduled(
    session: Session,
    *,
    actor: Actor,
    account_id: int | None = None,
    department_id: int | None = None,
) -> list[Unscheduled]:
    """Return the approved variants without a delivery, by wished time.

    Raises `WrongRole`.
    """
    wished_at = sql_conditions.wished_at()
    query = (
        select(Variant, wished_at)
        .join(Variant.revision)
        .join(Post, sql_conditions.newest())
        .join(Variant.account)
        .where(
            sql_scheduling.is_without_a_time(),
            sql_scheduling.has_no_time(),
            *of_departments(departments_in_sight(actor, Action.SEE_POST), department_id),
        )
        .options(
            contains_eager(Variant.account),
            contains_eager(Variant.revision)
            .contains_eager(Revision.post)
            .joinedload(Post.department),
        )
        .order_by(wished_at.is_(None), wished_at, Post.id, Variant.position)
    )
    if account_id is not None:
        query = query.where(Variant.account_id == account_id)
    return [Unscheduled(*row) for row in session.execute(query)]


def movable(session: Session, *, actor: Actor) -> Sequence[Delivery]:
    """Return the deliveries that can be rescheduled, the next due first.

    Raises `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SCHEDULE)
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Post.kind == PostKind.POST,
            Delivery.action.in_(OF_TEXTS),
            sql_conditions.is_or_stands_still((DeliveryState.SCHEDULED,)),
            *sql_conditions.of_department(visible_departments),
        )
        .options(*_DELIVERY_OPTIONS)
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
        .limit(MOST_MOVABLE)
    )
    return session.scalars(query).all()
