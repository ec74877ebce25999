"""What leaves when, day by day on the city's calendar, and what is approved but has no time yet."""

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
from publisher.states import AccountState, DeliveryState
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds, local_day

MOST_DAYS = 366
MOST_MOVABLE = 200


@dataclass(frozen=True)
class CalendarEntry:
    """One delivery in the calendar.

    `is_paused` where its account is, or where a stop or a freeze keeps it, so that it does not
    leave; `frozen_until` is the end of that freeze. `is_by_hand` where a person published it on
    the platform; `url` once it is live.
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
    """A day on the city's calendar and what is due on it, in order."""

    day: date
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True)
class Unscheduled:
    """A variant of an approved post that has no time yet; `not_after` is its window's end."""

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


def deliveries_by_day(
    session: Session,
    *,
    actor: Actor,
    first_day: date,
    days: int,
    account_id: int | None = None,
    department_id: int | None = None,
) -> list[Day]:
    """Each of these days (62 at most) with the posts due on it; replies are not on the calendar.

    A cancelled delivery is shown only while its revision is the newest. Raises `WrongRole`.
    """
    return entries_by_day(
        session,
        seen=departments_in_sight(actor, Action.SEE_POST),
        first_day=first_day,
        days=days,
        account_id=account_id,
        department_id=department_id,
    )


def entries_by_day(
    session: Session,
    *,
    seen: frozenset[int] | None,
    first_day: date,
    days: int,
    account_id: int | None = None,
    department_id: int | None = None,
    now: datetime | None = None,
) -> list[Day]:
    """The same for whoever sees these departments; None for all.

    With `now` it is told what a stop or a freeze keeps here.
    """
    shown = [first_day + count * ONE_DAY for count in range(min(days, MOST_DAYS))]
    if not shown:
        return []
    (begins, _), (_, ends) = day_bounds(shown[0]), day_bounds(shown[-1])
    holds = _Brakes.known(session, now)
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
            *asked_for(seen, account_id, department_id, Delivery.account_id.expression),
        )
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.receipt),
            joinedload(Delivery.post).joinedload(Post.department),
            *holds.needs,
        )
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
    )
    found: defaultdict[date, list[CalendarEntry]] = defaultdict(list)
    for one in session.scalars(query):
        found[local_day(one.due_at)].append(_entry(one, holds))
    return [Day(day, tuple(found[day])) for day in shown]


def asked_for(
    seen: frozenset[int] | None,
    account_id: int | None,
    department_id: int | None,
    account: ColumnElement[int],
) -> list[ColumnElement[bool]]:
    """What is in sight, and narrowed to one account or department where one was chosen."""
    wanted: list[ColumnElement[bool]] = []
    if seen is not None:
        wanted.append(Post.department_id.in_(seen))
    if department_id is not None:
        wanted.append(Post.department_id == department_id)
    if account_id is not None:
        wanted.append(account == account_id)
    return wanted


@dataclass(frozen=True)
class _Brakes:
    """What keeps here what has not left: whether all is stopped, and the freezes ahead."""

    now: datetime | None = None
    is_stopped: bool = False
    freezes: tuple[Freeze, ...] = ()

    @classmethod
    def known(cls, session: Session, now: datetime | None) -> _Brakes:
        """As they stand; none where nobody asks."""
        if now is None:
            return cls()
        freezes = tuple(freezes_ahead(session, now=now))
        return cls(now, standing_stop(session) is not None, freezes)

    @property
    def needs(self) -> tuple[ORMOption, ...]:
        """What of a post has to be read to know whether a freeze touches it."""
        return (joinedload(Delivery.post).selectinload(Post.submissions),) if self.freezes else ()

    def frozen_until(self, delivery: Delivery) -> datetime | None:
        """The end of the freeze into which this falls."""
        if self.now is None or not self.freezes:
            return None
        found = freeze_at(self.freezes, facts_of(delivery), max(delivery.due_at, self.now))
        return found.until_at if found is not None else None

    def stops(self, delivery: Delivery) -> bool:
        """Whether it is due and everything is stopped."""
        return self.is_stopped and self.now is not None and delivery.due_at <= self.now


def _entry(delivery: Delivery, brakes: _Brakes) -> CalendarEntry:
    todo_kinds = delivery.state in (DeliveryState.SCHEDULED, DeliveryState.CLAIMED)
    frozen_until = brakes.frozen_until(delivery) if todo_kinds else None
    is_kept = (
        frozen_until is not None
        or brakes.stops(delivery)
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
        is_paused=todo_kinds and is_kept,
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
    """The approved variants that have no time yet, by wished time. Raises `WrongRole`."""
    wished_at = sql_conditions.wished_at()
    query = (
        select(Variant, Post, Revision, Account, wished_at)
        .join(Revision, Revision.id == Variant.revision_id)
        .join(Post, sql_conditions.newest())
        .join(Account, Account.id == Variant.account_id)
        .where(
            sql_scheduling.is_without_a_time(),
            sql_scheduling.has_no_time(),
            *asked_for(
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
    """What has not left and can be given another time, the next due first. Raises `WrongRole`."""
    seen = departments_in_sight(actor, Action.SCHEDULE)
    todo_kinds = sql_conditions.is_or_stands_still((DeliveryState.SCHEDULED,))
    todo_kinds = and_(Delivery.action.in_(OF_TEXTS), todo_kinds)
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(Post.kind == PostKind.POST, todo_kinds, *sql_conditions.of_department(seen))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.receipt),
            joinedload(Delivery.post).joinedload(Post.department),
        )
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
        .limit(most)
    )
    return [_entry(one, _Brakes()) for one in session.scalars(query)]
