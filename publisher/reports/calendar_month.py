"""The calendar as its pages show it: a post at a time, with clashes, quiet times and gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import Action, Actor, Scope, scope_of
from approvals.states import PostState
from publisher.models.deliveries import Account
from publisher.models.desk import QuietTime
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.notifications import links
from publisher.reports import sql_conditions, sql_scheduling
from publisher.reports.calendar import CalendarEntry, entries_by_day
from publisher.reports.types import AccountName, Office, account_of, office_of
from publisher.scheduling import slots
from publisher.scheduling.constraints import CLASH
from publisher.states import AccountState, DeliveryState
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds, is_working_day, local_day

GAP_DAYS = 14
"""How far ahead a working day without a post is pointed out."""

_PLANNED = (PostState.DRAFT, PostState.IN_REVIEW, PostState.REJECTED)
_OVER = frozenset({"cancelled", "missed", "failed", "rejected"})
_LEFT = frozenset({"published", "by_hand"})
_MOVABLE = (DeliveryState.SCHEDULED, DeliveryState.MISSED, DeliveryState.FAILED)


@dataclass(frozen=True)
class Item:
    """A post at one time, on every account where it stands so then.

    `thing` and `state` are its look: a delivery's, or a post's that has no delivery yet and stands
    at its wished time. `movable` are the deliveries that can be given another time. `is_clash`
    where another post stands within ten minutes on the same account; `is_quiet` where the cell
    recommends that nothing leaves; `frozen_until` is the end of the freeze into which it falls.
    """

    post_id: int
    path: str
    title: str
    department: Office
    at: datetime
    thing: str
    state: str
    accounts: tuple[AccountName, ...]
    languages: tuple[Language, ...]
    movable: tuple[int, ...] = ()
    deliveries: tuple[int, ...] = ()
    urls: tuple[tuple[AccountName, str], ...] = ()
    is_clash: bool = False
    is_quiet: bool = False
    frozen_until: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has left, or will not leave."""
        return self.state in _OVER or self.state in _LEFT


@dataclass(frozen=True)
class CalendarDay:
    """A day with its items in order; `gaps` are the accounts on which nothing leaves on it."""

    day: date
    items: tuple[Item, ...]
    gaps: tuple[AccountName, ...] = ()

    @property
    def clashes(self) -> int:
        """How many of its items stand too near another."""
        return sum(one.is_clash for one in self.items)


def calendar_days(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    first_day: date,
    days: int,
    account_id: int | None = None,
    department_id: int | None = None,
    state: str = "",
) -> list[CalendarDay]:
    """These days with all that leaves, left, or is wished for on them. Raises `WrongRole`.

    `state` keeps only items in that state. Gaps are told to whoever sees every department, and
    only while nothing is chosen but an account.
    """
    found = items_by_day(
        session,
        seen=departments_in_sight(actor, Action.SEE_POST),
        now=now,
        first_day=first_day,
        days=days,
        account_id=account_id,
        department_id=department_id,
    )
    quiet = slots.quiet_times(session)
    judged = [replace(one, items=_judged(one.items, quiet, now=now), gaps=()) for one in found]
    sees_all = scope_of(actor, Action.SEE_POST) is Scope.ANY
    if sees_all and department_id is None and not state:
        judged = _with_gaps(session, judged, account_id, now=now)
    if state:
        judged = [
            replace(one, items=tuple(item for item in one.items if item.state == state))
            for one in judged
        ]
    return judged


def items_by_day(
    session: Session,
    *,
    seen: frozenset[int] | None,
    now: datetime,
    first_day: date,
    days: int,
    account_id: int | None = None,
    department_id: int | None = None,
) -> list[CalendarDay]:
    """The items of these days for whoever sees these departments; None for all of them."""
    entries = entries_by_day(
        session,
        seen=seen,
        first_day=first_day,
        days=days,
        account_id=account_id,
        department_id=department_id,
        now=now,
    )
    if not entries:
        return []
    span = (day_bounds(entries[0].day)[0], day_bounds(entries[-1].day)[1])
    wished = _wished(session, seen, account_id, department_id, span, now=now)
    return [
        CalendarDay(one.day, tuple(sorted([*_grouped(one.entries), *wished[one.day]], key=_order)))
        for one in entries
    ]


def _order(item: Item) -> tuple[datetime, int, str]:
    return item.at, item.post_id, item.state


def _grouped(entries: Iterable[CalendarEntry]) -> list[Item]:
    """One item for a post's deliveries at one time and in one state."""
    groups: defaultdict[tuple[int, datetime, str], list[CalendarEntry]] = defaultdict(list)
    for one in entries:
        groups[one.post_id, one.due_at, _look(one)].append(one)
    return [_item(state, group) for (_, _, state), group in groups.items()]


def _look(one: CalendarEntry) -> str:
    if one.is_paused:
        return "paused"
    return "by_hand" if one.is_by_hand else one.state.value


def _item(state: str, group: Sequence[CalendarEntry]) -> Item:
    first = group[0]
    return Item(
        post_id=first.post_id,
        path=first.path,
        title=first.title,
        department=first.department,
        at=first.due_at,
        thing="delivery",
        state=state,
        accounts=_each(one.account for one in group),
        languages=tuple(dict.fromkeys(one.language for one in group)),
        movable=tuple(one.delivery_id for one in group if one.state in _MOVABLE),
        deliveries=tuple(one.delivery_id for one in group),
        urls=tuple((one.account, one.url) for one in group if one.url),
        frozen_until=max((one.frozen_until for one in group if one.frozen_until), default=None),
    )


def _each(accounts: Iterable[AccountName]) -> tuple[AccountName, ...]:
    return tuple({one.id: one for one in accounts}.values())


def _wished(
    session: Session,
    seen: frozenset[int] | None,
    account_id: int | None,
    department_id: int | None,
    span: tuple[datetime, datetime],
    *,
    now: datetime,
) -> dict[date, list[Item]]:
    """The posts that have no time yet, on the day for which they are wished."""
    moment = sql_conditions.wished_at()
    planned = and_(Post.kind == PostKind.POST, Post.state.in_(_PLANNED))
    query = (
        select(Post, Revision, moment, sql_conditions.blocked(now=now))
        .outerjoin(Revision, sql_conditions.newest())
        .where(
            or_(planned, sql_scheduling.is_without_a_time()),
            Post.id.in_(sql_conditions.wished_between(*span)),
            moment >= span[0],
            moment < span[1],
            *([] if seen is None else [Post.department_id.in_(seen)]),
            *([] if department_id is None else [Post.department_id == department_id]),
        )
        .options(
            joinedload(Post.department),
            selectinload(Revision.variants).joinedload(Variant.account),
            selectinload(Revision.variants).selectinload(Variant.deliveries),
        )
        .order_by(moment, Post.id)
    )
    found: defaultdict[date, list[Item]] = defaultdict(list)
    for post, revision, wished_at, is_blocked in session.execute(query):
        if wished_at is None:
            continue
        state = "blocked" if is_blocked else post.state.value
        item = _planned(post, revision, state, wished_at, account_id)
        if account_id is None or item.accounts:
            found[local_day(item.at)].append(item)
    return found


def _planned(
    post: Post,
    revision: Revision | None,
    state: str,
    wished_at: datetime,
    account_id: int | None,
) -> Item:
    variants = [
        one
        for one in (revision.variants if revision is not None else ())
        if account_id in (None, one.account_id) and _is_open(one)
    ]
    return Item(
        post_id=post.id,
        path=links.post(post.id),
        title=post.title,
        department=office_of(post.department),
        at=wished_at,
        thing="post",
        state=state,
        accounts=_each(account_of(one.account) for one in variants),
        languages=tuple(dict.fromkeys(one.language for one in variants)),
    )


def _is_open(variant: Variant) -> bool:
    """Whether it has no delivery that stands on the calendar already."""
    return all(one.state is DeliveryState.CANCELLED for one in variant.deliveries)


def _judged(
    items: Sequence[Item], quiet: Sequence[QuietTime], *, now: datetime
) -> tuple[Item, ...]:
    """The same with its clashes and quiet times, as far as they still can be mended."""
    return tuple(
        one
        if one.is_over or one.at < now
        else replace(
            one,
            is_clash=any(_clash(one, other) for other in items),
            is_quiet=any(slots.quiet_at(quiet, each.id, one.at) for each in one.accounts),
        )
        for one in items
    )


def _clash(one: Item, other: Item) -> bool:
    if one.post_id == other.post_id or other.state in _OVER:
        return False
    shared = {each.id for each in one.accounts} & {each.id for each in other.accounts}
    return bool(shared) and abs(one.at - other.at) < CLASH


def _with_gaps(
    session: Session, days: Sequence[CalendarDay], account_id: int | None, *, now: datetime
) -> list[CalendarDay]:
    today = local_day(now)
    query = select(Account).where(Account.state == AccountState.CONNECTED).order_by(Account.id)
    known = [account_of(one) for one in session.scalars(query) if account_id in (None, one.id)]
    return [
        replace(one, gaps=_gaps(one, known))
        if today <= one.day < today + GAP_DAYS * ONE_DAY and is_working_day(one.day)
        else one
        for one in days
    ]


def _gaps(day: CalendarDay, known: Sequence[AccountName]) -> tuple[AccountName, ...]:
    used = {each.id for item in day.items if item.state not in _OVER for each in item.accounts}
    return tuple(one for one in known if one.id not in used)


def month_grid(month: date) -> tuple[date, int]:
    """The Monday on or before the month's first day, and the days of its whole weeks."""
    first = month.replace(day=1)
    begins = first - first.weekday() * ONE_DAY
    last = next_month(first) - ONE_DAY
    return begins, (last - begins).days + 7 - last.weekday()


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + 4 * ONE_DAY).replace(day=1)


def previous_month(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - ONE_DAY).replace(day=1)
