"""The calendar's pages: items grouped by post, with clashes, quiet times and gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import Action, Actor, Scope, scope_of
from approvals.states import PostState
from publisher.models.deliveries import Account, ReceiptOrigin
from publisher.models.desk import QuietTime
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.calendar import (
    OVER,
    CalendarEntry,
    CalendarPart,
    Item,
    ItemText,
    department_conditions,
    list_entries,
)
from publisher.reports.types import AccountName, account_of, office_of
from publisher.scheduling import slots
from publisher.scheduling.constraints import CLASH
from publisher.scheduling.entries import entries
from publisher.states import STUCK, AccountState, DeliveryState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, is_working_day, local_day

GAP_DAYS = 14
"""How many days ahead a working day without a post is marked."""

_PLANNED = (PostState.DRAFT, PostState.IN_REVIEW, PostState.REJECTED)
_MOVABLE = (DeliveryState.SCHEDULED, *STUCK)
_MOST_PRESSING = (
    "held",
    "missed",
    "failed",
    "unconfirmed",
    "paused",
    "sending",
    "claimed",
    "scheduled",
    "published",
    "by_hand",
    "cancelled",
)
"""The states of texts; an item shows the first of them that applies."""


@dataclass(frozen=True)
class CalendarDay:
    """A day with its items in order; `gaps` are the accounts without any on it."""

    day: date
    items: tuple[Item, ...]
    gaps: tuple[AccountName, ...] = ()

    @property
    def clashes(self) -> int:
        """Return the number of items that clash with another."""
        return sum(item.is_clash for item in self.items)


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
    """Return the days with everything that was published, is due or is wished for.

    `state` keeps only items in that state. Gaps are computed only if the actor sees every
    department and no filter but the account is set. Raises `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    part = CalendarPart(first_day, days, visible_departments, account_id, department_id)
    quiet = slots.quiet_times(session)
    judged = [
        replace(day, items=tuple(_mark_item(item, day.items, quiet, now=now) for item in day.items))
        for day in items_by_day(session, part, now=now)
    ]
    sees_all = scope_of(actor, Action.SEE_POST) is Scope.ANY
    if sees_all and department_id is None and not state:
        judged = _add_gaps(session, judged, account_id, now=now)
    if state:
        judged = [
            replace(day, items=tuple(item for item in day.items if _has_state(item, state)))
            for day in judged
        ]
    return judged


def _has_state(item: Item, state: str) -> bool:
    return state == item.state or any(text.state == state for text in item.texts)


def items_by_day(session: Session, part: CalendarPart, *, now: datetime) -> list[CalendarDay]:
    """Return each of the days with its items."""
    if not part.dates:
        return []
    items_by_date: defaultdict[date, list[Item]] = defaultdict(list)
    for item in [
        *_group_entries(list_entries(session, part, now=now)),
        *_items_without_delivery(session, part),
    ]:
        if part.account_id is None or part.account_id in {text.account.id for text in item.texts}:
            items_by_date[local_day(item.at)].append(item)
    return [CalendarDay(day, tuple(sorted(items_by_date[day], key=_order))) for day in part.dates]


def _order(item: Item) -> tuple[datetime, int, str]:
    return item.at, item.post_id, item.state


def _group_entries(calendar_entries: Iterable[CalendarEntry]) -> list[Item]:
    """Return one item for the texts of a post that are published within an hour."""
    groups = entries(
        calendar_entries, lambda entry: (entry.delivery.due_at, entry.delivery.post_id)
    )
    return [_item(group) for group in groups]


def _entry_state(entry: CalendarEntry) -> str:
    if entry.is_paused:
        return "paused"
    receipt = entry.delivery.receipt
    if receipt is not None and receipt.origin is ReceiptOrigin.BY_HAND:
        return "by_hand"
    return entry.delivery.state.value


def _item(group: Sequence[CalendarEntry]) -> Item:
    texts = tuple(map(_text, group))
    post = group[0].delivery.post
    return Item(
        post_id=post.id,
        path=links.post(post.id),
        title=post.title,
        department=office_of(post.department),
        at=texts[0].at,
        thing="delivery",
        state=min((text.state for text in texts), key=_MOST_PRESSING.index),
        texts=texts,
    )


def _text(entry: CalendarEntry) -> ItemText:
    delivery = entry.delivery
    return ItemText(
        account=account_of(delivery.account),
        language=delivery.variant.language,
        at=delivery.due_at,
        thing="delivery",
        state=_entry_state(entry),
        delivery_id=delivery.id,
        variant_id=delivery.variant_id if delivery.state in _MOVABLE else None,
        url=delivery.receipt.url or "" if delivery.receipt is not None else "",
        frozen_until=entry.frozen_until,
    )


def _items_without_delivery(session: Session, part: CalendarPart) -> Iterator[Item]:
    """Yield the posts without a delivery, at their wished time."""
    begins, ends = part.span
    moment = sql_conditions.earliest_wish()
    planned = and_(Post.kind == PostKind.POST, Post.state.in_(_PLANNED))
    without_a_time = open_tasks.everybodys_subjects(TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED)
    query = (
        select(Post, Revision, moment, sql_conditions.is_blocked())
        .outerjoin(Revision, sql_conditions.newest())
        .where(
            or_(planned, Post.id.in_(without_a_time)),
            Post.id.in_(sql_conditions.posts_by_wish(begins, ends)),
            moment >= begins,
            moment < ends,
            *department_conditions(part.visible_departments, part.department_id),
        )
        .options(
            joinedload(Post.department),
            selectinload(Revision.variants).joinedload(Variant.account),
            selectinload(Revision.variants).selectinload(Variant.deliveries),
        )
        .order_by(moment, Post.id)
    )
    for post, revision, wished_at, is_blocked in session.execute(query):
        if wished_at is None:
            continue
        state = "blocked" if is_blocked else post.state.value
        yield _planned_item(post, revision, state, wished_at)


def _planned_item(post: Post, revision: Revision | None, state: str, wished_at: datetime) -> Item:
    return Item(
        post_id=post.id,
        path=links.post(post.id),
        title=post.title,
        department=office_of(post.department),
        at=wished_at,
        thing="post",
        state=state,
        texts=tuple(
            ItemText(account_of(variant.account), variant.language, wished_at, "post", state)
            for variant in (revision.variants if revision is not None else ())
            if all(delivery.state is DeliveryState.CANCELLED for delivery in variant.deliveries)
        ),
    )


def _mark_item(
    item: Item, items: Sequence[Item], quiet: Sequence[QuietTime], *, now: datetime
) -> Item:
    """Return the item with a clash and a quiet time marked, as far as they can change."""
    texts = [text for text in item.texts if not text.is_over and text.at >= now]
    others = [
        text
        for other in items
        if texts and other.post_id != item.post_id
        for text in other.texts
        if text.state not in OVER
    ]
    return replace(
        item,
        is_clash=any(_clash(text, other) for text in texts for other in others),
        is_quiet=any(slots.find_quiet_time(quiet, text.account.id, text.at) for text in texts),
    )


def _clash(text: ItemText, other: ItemText) -> bool:
    return text.account.id == other.account.id and abs(text.at - other.at) < CLASH


def _add_gaps(
    session: Session, days: Sequence[CalendarDay], account_id: int | None, *, now: datetime
) -> list[CalendarDay]:
    today = local_day(now)
    query = select(Account).where(Account.state == AccountState.CONNECTED).order_by(Account.id)
    accounts = [
        account_of(account)
        for account in session.scalars(query)
        if account_id in (None, account.id)
    ]
    return [
        replace(day, gaps=_gaps(day, accounts))
        if today <= day.day < today + GAP_DAYS * ONE_DAY and is_working_day(day.day)
        else day
        for day in days
    ]


def _gaps(day: CalendarDay, accounts: Sequence[AccountName]) -> tuple[AccountName, ...]:
    used = {text.account.id for item in day.items for text in item.texts if text.state not in OVER}
    return tuple(account for account in accounts if account.id not in used)


def month_grid(month: date) -> tuple[date, int]:
    """Return the Monday on or before the month's first day, and the days of its weeks."""
    first = month.replace(day=1)
    begins = first - first.weekday() * ONE_DAY
    last = next_month(first) - ONE_DAY
    return begins, (last - begins).days + 7 - last.weekday()


def next_month(month: date) -> date:
    """Return the first day of the next month."""
    return (month.replace(day=28) + 4 * ONE_DAY).replace(day=1)


def previous_month(month: date) -> date:
    """Return the first day of the previous month."""
    return (month.replace(day=1) - ONE_DAY).replace(day=1)
