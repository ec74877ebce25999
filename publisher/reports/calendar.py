"""The items and deliveries of the calendar, and the approved variants without a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select, union_all
from sqlalchemy.orm import Session, aliased, joinedload

from approvals.policy import Action, Actor
from publisher.models.controls import Freeze
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Language, Post, PostKind, Revision, Variant
from publisher.reports import sql_conditions
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import AccountName, Office
from publisher.scheduling.entries import TOGETHER
from publisher.scheduling.holds import facts_of, freeze_at, freezes_ahead, standing_stop
from publisher.states import UNSENT, AccountState, DeliveryState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.tasks.subjects.drafts import texts_without_time
from publisher.validation import departments_in_sight
from publisher.working_time import ONE_DAY, day_bounds

MOST_DAYS = 366
MOST_MOVABLE = 100
OVER = frozenset({"cancelled", "missed", "failed", "rejected"})
LEFT = frozenset({"published", "by_hand"})
"""The states in which a text was published, and in which it will not be."""


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

    `is_paused` is true if its account, a stop or a freeze keeps it from being sent; `frozen_until`
    is the end of that freeze.
    """

    delivery: Delivery
    is_paused: bool = False
    frozen_until: datetime | None = None


@dataclass(frozen=True)
class ItemText:
    """A text of an item, with its own time and state.

    `variant_id` is set if it can be rescheduled, `url` once it is live. `frozen_until` is the end
    of the freeze that covers it.
    """

    account: AccountName
    language: Language
    at: datetime
    thing: str
    state: str
    delivery_id: int | None = None
    variant_id: int | None = None
    url: str = ""
    frozen_until: datetime | None = None

    @property
    def is_over(self) -> bool:
        """True if the text was published, or will not be."""
        return self.state in OVER or self.state in LEFT


@dataclass(frozen=True)
class Item:
    """An entry of the calendar: the texts of a post that are published within an hour.

    `at` is the time of the first. `thing` and `state` select its icon and label: those of its most
    pressing text, or of a post that has no delivery and is shown at its wished time. `is_clash` is
    true if another post is due within ten minutes on the same account, `is_quiet` if a text is in a
    quiet time.
    """

    post_id: int
    path: str
    title: str
    department: Office
    at: datetime
    thing: str
    state: str
    texts: tuple[ItemText, ...]
    is_clash: bool = False
    is_quiet: bool = False

    @property
    def accounts(self) -> tuple[AccountName, ...]:
        """Return the accounts of its texts, each once."""
        return tuple({text.account.id: text.account for text in self.texts}.values())

    @property
    def frozen_until(self) -> datetime | None:
        """Return the end of the freeze that covers a text of it."""
        return max((text.frozen_until for text in self.texts if text.frozen_until), default=None)

    @property
    def deliveries(self) -> tuple[int, ...]:
        """Return the ids of its deliveries."""
        return tuple(text.delivery_id for text in self.texts if text.delivery_id is not None)

    @property
    def movable(self) -> tuple[int, ...]:
        """Return the ids of its variants that can be rescheduled."""
        return tuple(text.variant_id for text in self.texts if text.variant_id is not None)

    @property
    def is_over(self) -> bool:
        """True if the item was published, or will not be."""
        return self.state in OVER or self.state in LEFT


@dataclass(frozen=True)
class Unscheduled:
    """An approved post with its texts that have no delivery."""

    post: Post
    variants: tuple[Variant, ...]
    wished_at: datetime | None


def list_entries(session: Session, part: CalendarPart, *, now: datetime) -> list[CalendarEntry]:
    """Return the deliveries of posts in order of time; replies are left out.

    A cancelled delivery is included only while its revision is the newest. An hour before and after
    is read too, and every account, so that no entry is cut.
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
            Delivery.due_at >= begins - TOGETHER,
            Delivery.due_at < ends + TOGETHER,
            or_(Delivery.state != DeliveryState.CANCELLED, Revision.number == Post.newest),
            *department_conditions(part.visible_departments, part.department_id),
        )
        .options(*_DELIVERY_OPTIONS)
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
    )
    if freezes:
        query = query.options(joinedload(Delivery.post).selectinload(Post.submissions))
    return [_entry(delivery, freezes, is_stopped, now) for delivery in session.scalars(query)]


_DELIVERY_OPTIONS = (
    joinedload(Delivery.account),
    joinedload(Delivery.variant),
    joinedload(Delivery.receipt),
    joinedload(Delivery.post).joinedload(Post.department),
)


def department_conditions(
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


def list_unscheduled(
    session: Session,
    *,
    actor: Actor,
    most: int,
    skip: int = 0,
    account_id: int | None = None,
    department_id: int | None = None,
) -> list[Unscheduled]:
    """Return `most` approved posts that wait for a time, by wished time, after the first `skip`.

    A post whose window has passed waits for a decision instead. Raises `WrongRole`.
    """
    wished_at = sql_conditions.earliest_wish()
    query = (
        select(Post, wished_at)
        .where(
            Post.id.in_(open_tasks.everybodys_subjects(TaskKind.TO_SCHEDULE)),
            *department_conditions(departments_in_sight(actor, Action.SEE_POST), department_id),
        )
        .options(joinedload(Post.department))
        .order_by(wished_at.is_(None), wished_at, Post.id)
    )
    rows = session.execute(query).all()
    texts = texts_without_time(session, {post.id: post.state_at for post, _ in rows})
    if account_id is not None:
        rows = [row for row in rows if account_id in texts[row[0].id].values()]
    page = rows[skip : skip + most]
    variants = _variants(session, [text for post, _ in page for text in texts[post.id]])
    return [
        Unscheduled(post, tuple(variants[text] for text in texts[post.id]), wished)
        for post, wished in page
    ]


def _variants(session: Session, ids: Sequence[int]) -> dict[int, Variant]:
    query = select(Variant).where(Variant.id.in_(ids)).options(joinedload(Variant.account))
    return {variant.id: variant for variant in session.scalars(query)}


def movable(session: Session, *, actor: Actor) -> Sequence[Delivery]:
    """Return the deliveries that can be rescheduled, the next due first.

    Raises `WrongRole`.
    """
    visible_departments = departments_in_sight(actor, Action.SCHEDULE)
    delivery = aliased(Delivery)
    scheduled = select(delivery.id).where(delivery.state == DeliveryState.SCHEDULED)
    missed = open_tasks.everybodys_subjects(TaskKind.DELIVERY_MISSED, TaskKind.DELIVERY_FAILED)
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Post.kind == PostKind.POST,
            Delivery.action.in_(OF_TEXTS),
            Delivery.id.in_(union_all(scheduled, missed)),
            *sql_conditions.department_conditions(visible_departments),
        )
        .options(*_DELIVERY_OPTIONS)
        .order_by(Delivery.due_at, Delivery.post_id, Delivery.id)
        .limit(MOST_MOVABLE)
    )
    return session.scalars(query).all()
