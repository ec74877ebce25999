"""The deliveries of each day, and the approved variants without a delivery."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor
from publisher.models.controls import Freeze
from publisher.models.deliveries import OF_TEXTS, Account, Delivery, ReceiptOrigin
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.notifications import links
from publisher.reports import sql_conditions, sql_scheduling
from publisher.reports.types import AccountName, Office, account_of, office_of
from publisher.scheduling.holds import facts_of, freeze_at, freezes_ahead, standing_stop
from publisher.states import UNSENT, AccountState, DeliveryState
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds, local_day

MOST_DAYS = 366
MOST_MOVABLE = 200


@dataclass(frozen=True)
class CalendarEntry:
    """A delivery in the calendar.

    `is_paused` is true if its account, a stop or a freeze keeps it from leaving; `frozen_until` is
    the end of that freeze. `is_by_hand` is true if a person published it on the platform. `url` is
    empty until it is live.
    """

    delivery_id: int
    post_id: int
    path: str
    title: str
    department: Office
    account: AccountName
    language: Language
    state: DeliveryState
    due_at: datetime
    late_limit: int
    is_paused: bool
    is_by_hand: bool
    url: str
    frozen_until: datetime | None = None


@dataclass(frozen=True)
class Day:
    """A day in the city's time zone with its deliveries in order of time."""

    day: date
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True)
class Unscheduled:
    """A variant of an approved post without a delivery; `not_after` is its window's end."""

    variant_id: int
    post_id: int
    path: str
    title: str
    department: Office
    account: AccountName
    language: Language
    since_at: datetime
    wished_at: datetime | None
    not_before: datetime | None
    not_after: datetime | None


def entries_by_day(
    session: Session,
    *,
    visible_departments: frozenset[int] | None,
    first_day: date,
    days: int,
    account_id: int | None = None,
    department_id: int | None = None,
    now: datetime | None = None,
) -> list[Day]:
    """Return each of the days (`MOST_DAYS` at most) with its posts; replies are left out.

    `visible_departments` None means all. A cancelled delivery is included only while its revision
    is the newest. With `now`, entries that a stop or a freeze keeps are marked.
    """
    dates = [first_day + count * ONE_DAY for count in range(min(days, MOST_DAYS))]
    if not dates:
        return []
    (begins, _), (_, ends) = day_bounds(dates[0]), day_bounds(dates[-1])
    holds = _Holds.load(session, now)
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
            *entry_conditions(
                visible_departments, account_id, department_id, Delivery.account_id.expression
            ),
        )
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.receipt),
            joinedload(Delivery.post).joinedload(Post.department),
            *holds.loader_options,
        )
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
    )
    entries: defaultdict[date, list[CalendarEntry]] = defaultdict(list)
    for delivery in session.scalars(query):
        entries[local_day(delivery.due_at)].append(_entry(delivery, holds))
    return [Day(day, tuple(entries[day])) for day in dates]


def entry_conditions(
    visible_departments: frozenset[int] | None,
    account_id: int | None,
    department_id: int | None,
    account: ColumnElement[int],
) -> list[ColumnElement[bool]]:
    """Return the conditions for visible departments, one account and one department."""
    conditions: list[ColumnElement[bool]] = []
    if visible_departments is not None:
        conditions.append(Post.department_id.in_(visible_departments))
    if department_id is not None:
        conditions.append(Post.department_id == department_id)
    if account_id is not None:
        conditions.append(account == account_id)
    return conditions


@dataclass(frozen=True)
class _Holds:
    """The stop and the freezes that keep scheduled deliveries from leaving."""

    now: datetime | None = None
    is_stopped: bool = False
    freezes: tuple[Freeze, ...] = ()

    @classmethod
    def load(cls, session: Session, now: datetime | None) -> _Holds:
        """Read the active stop and the coming freezes; returns no holds if `now` is None."""
        if now is None:
            return cls()
        freezes = tuple(freezes_ahead(session, now=now))
        return cls(now, standing_stop(session) is not None, freezes)

    @property
    def loader_options(self) -> tuple[ORMOption, ...]:
        """Return the options that load what freezes depend on."""
        return (joinedload(Delivery.post).selectinload(Post.submissions),) if self.freezes else ()

    def frozen_until(self, delivery: Delivery) -> datetime | None:
        """Return the end of the freeze that covers the delivery, or None."""
        if self.now is None or not self.freezes:
            return None
        freeze = freeze_at(self.freezes, facts_of(delivery), max(delivery.due_at, self.now))
        return freeze.until_at if freeze is not None else None

    def stops(self, delivery: Delivery) -> bool:
        """The delivery is due while everything is stopped."""
        return self.is_stopped and self.now is not None and delivery.due_at <= self.now


def _entry(delivery: Delivery, holds: _Holds) -> CalendarEntry:
    is_unsent = delivery.state in UNSENT
    frozen_until = holds.frozen_until(delivery) if is_unsent else None
    is_held = (
        frozen_until is not None
        or holds.stops(delivery)
        or delivery.account.state is not AccountState.CONNECTED
    )
    receipt = delivery.receipt
    return CalendarEntry(
        delivery_id=delivery.id,
        post_id=delivery.post_id,
        path=links.post(delivery.post_id),
        title=delivery.post.title,
        department=office_of(delivery.post.department),
        account=account_of(delivery.account),
        language=delivery.variant.language,
        state=delivery.state,
        due_at=delivery.due_at,
        late_limit=delivery.late_limit,
        is_paused=is_unsent and is_held,
        is_by_hand=receipt is not None and receipt.origin is ReceiptOrigin.BY_HAND,
        url=receipt.url if receipt is not None else "",
        frozen_until=frozen_until,
    )


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
        select(Variant, Post, Revision, Account, wished_at)
        .join(Revision, Revision.id == Variant.revision_id)
        .join(Post, sql_conditions.newest())
        .join(Account, Account.id == Variant.account_id)
        .where(
            sql_scheduling.is_without_a_time(),
            sql_scheduling.has_no_time(),
            *entry_conditions(
                departments_in_sight(actor, Action.SEE_POST),
                account_id,
                department_id,
                Variant.account_id.expression,
            ),
        )
        .options(joinedload(Post.department))
        .order_by(wished_at.is_(None), wished_at, Post.id, Variant.position)
    )
    return [_unscheduled(*row) for row in session.execute(query)]


def _unscheduled(
    variant: Variant,
    post: Post,
    revision: Revision,
    account: Account,
    wished_at: datetime | None,
) -> Unscheduled:
    return Unscheduled(
        variant_id=variant.id,
        post_id=post.id,
        path=links.post(post.id),
        title=post.title,
        department=office_of(post.department),
        account=account_of(account),
        language=variant.language,
        since_at=post.state_at,
        wished_at=wished_at,
        not_before=revision.not_before,
        not_after=revision.not_after,
    )


def movable(session: Session, *, actor: Actor, most: int = MOST_MOVABLE) -> list[CalendarEntry]:
    """Return the deliveries that can be rescheduled, the next due first.

    Raises `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SCHEDULE)
    is_movable = sql_conditions.is_or_stands_still((DeliveryState.SCHEDULED,))
    is_movable = and_(Delivery.action.in_(OF_TEXTS), is_movable)
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Post.kind == PostKind.POST,
            is_movable,
            *sql_conditions.of_department(visible_departments),
        )
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.receipt),
            joinedload(Delivery.post).joinedload(Post.department),
        )
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
        .limit(most)
    )
    return [_entry(delivery, _Holds()) for delivery in session.scalars(query)]
