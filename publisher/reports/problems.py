"""Problems other than posts: stopped accounts, unsent mails, holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Scope, may, scope_of
from publisher.models.accounts import Ending, EndingWarning
from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Account, Delivery
from publisher.models.notifications import Notice
from publisher.models.posts import Post, PostKind, Variant
from publisher.models.tasks import Task
from publisher.notifications.retry import is_undelivered
from publisher.reports import sql_conditions
from publisher.scheduling.constraints import latest_moment
from publisher.scheduling.holds import Facts, facts_of, freeze_at, freezes_ahead, standing_stop
from publisher.states import UNSENT, AccountState, DeliveryState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.validation import departments_in_sight


@dataclass(frozen=True)
class StoppedAccount:
    """An account on which nothing is published, with the number of deliveries scheduled on it.

    It is paused or disconnected, or there have been no credits on its platform since
    `credits_since`. `next_at` is when the first delivery is due.
    """

    account: Account
    waiting: int
    next_at: datetime | None
    credits_since: datetime | None = None


@dataclass(frozen=True)
class EndingAccess:
    """A connected account's access that ends soon or has ended, after a warning was sent."""

    account: Account
    about: Ending
    ends_at: datetime


@dataclass(frozen=True)
class ProblemSummary:
    """The problems that concern this actor; `mails_since` is the oldest unsent mail's time."""

    accounts: tuple[StoppedAccount, ...] = ()
    mails: int = 0
    mails_since: datetime | None = None
    ending: tuple[EndingAccess, ...] = ()

    @property
    def number(self) -> int:
        """Return the number of problems; all unsent mails count as one."""
        return len(self.accounts) + (self.mails > 0) + len(self.ending)


def problem_summary(session: Session, *, actor: Actor) -> ProblemSummary:
    """Return the problems that concern the actor.

    Accounts are shown to roles that see all posts, mails to those that may send them again.
    """
    columns = number_columns(actor)
    # On nearly every day there are none.
    if not columns or not any(session.execute(select(*columns)).one()):
        return ProblemSummary((), 0, None, ())
    mails, since = _mails(session) if _hears_of_mails(actor) else (0, None)
    hears = _hears_of_accounts(actor)
    accounts, ending = (_stopped_accounts(session), _ending(session)) if hears else ((), ())
    return ProblemSummary(accounts, mails, since, ending)


def number_columns(actor: Actor) -> list[ColumnElement[int]]:
    """Return the parts of `ProblemSummary.number` for this actor, as columns to be added up."""
    columns: list[ColumnElement[int]] = []
    if _hears_of_accounts(actor):
        stopped = select(func.count()).select_from(Account).where(_has_stopped())
        columns.append(stopped.scalar_subquery())
        columns.append(select(func.count()).select_from(_endings().subquery()).scalar_subquery())
    if _hears_of_mails(actor):
        columns.append(case((exists().where(is_undelivered()), 1), else_=0))
    return columns


def _hears_of_accounts(actor: Actor) -> bool:
    return scope_of(actor, Action.SEE_POST) is Scope.ANY


def _hears_of_mails(actor: Actor) -> bool:
    return may(actor, Action.SEND_MAIL_AGAIN, None)


def _mails(session: Session) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(Notice.state_at)).where(is_undelivered())
    count, since = session.execute(query).one()
    return count, since


@cache
def _has_stopped() -> ColumnElement[bool]:
    """The account is paused, without credits, or disconnected with a delivery scheduled on it."""
    has_scheduled = exists().where(
        Delivery.account_id == Account.id, Delivery.state == DeliveryState.SCHEDULED
    )
    gone = and_(Account.state == AccountState.DISCONNECTED, has_scheduled.correlate(Account))
    kinds = (TaskKind.ACCOUNT_PAUSED, TaskKind.CREDITS_USED_UP)
    return or_(Account.id.in_(open_tasks.everybodys_subjects(*kinds)), gone)


@cache
def _endings() -> Select[int, Ending, datetime]:
    """Return the endings that were warned of and not moved by a renewal since."""
    still = or_(
        and_(EndingWarning.about == Ending.TOKEN, EndingWarning.ends_at == Account.token_until),
        and_(EndingWarning.about == Ending.DATA, EndingWarning.ends_at == Account.data_until),
    )
    return (
        select(Account.id, EndingWarning.about, EndingWarning.ends_at)
        .join(EndingWarning, EndingWarning.account_id == Account.id)
        .where(still, Account.state == AccountState.CONNECTED)
        .distinct()
    )


def _ending(session: Session) -> tuple[EndingAccess, ...]:
    endings = _endings().subquery()
    query = select(Account, endings.c.about, endings.c.ends_at).join(
        endings, endings.c.id == Account.id
    )
    rows = session.execute(query.order_by(endings.c.ends_at, Account.id))
    return tuple(EndingAccess(*row) for row in rows)


def _stopped_accounts(session: Session) -> tuple[StoppedAccount, ...]:
    waiting = (
        select(
            Delivery.account_id,
            func.count().label("count"),
            func.min(Delivery.due_at).label("next_at"),
        )
        .where(Delivery.state == DeliveryState.SCHEDULED)
        .group_by(Delivery.account_id)
        .subquery()
    )
    query = (
        select(Account, waiting.c.count, waiting.c.next_at, Task.since_at)
        .outerjoin(waiting, waiting.c.account_id == Account.id)
        .outerjoin(
            Task, open_tasks.is_open(TaskKind.CREDITS_USED_UP) & (Task.subject_id == Account.id)
        )
        .where(_has_stopped())
        .order_by(Account.state_at, Account.id)
    )
    return tuple(
        StoppedAccount(account, count or 0, next_at, credits_since)
        for account, count, next_at, credits_since in session.execute(query)
    )


@dataclass(frozen=True)
class FreezeImpact:
    """A freeze with the visible deliveries that are due while it is in force.

    `variant_ids` are those of posts. `next_at` is when the first is due; `lost` is the number that
    will be missed unless they are rescheduled, because the freeze lasts beyond their late limit.
    """

    freeze: Freeze
    variant_ids: tuple[int, ...]
    next_at: datetime | None
    lost: int


@dataclass(frozen=True)
class HeldDeliveries:
    """The active stop with the number of deliveries due, and the coming freezes."""

    stop: Stop | None
    waiting: int
    freezes: tuple[FreezeImpact, ...]

    @property
    def number(self) -> int:
        """Return the number of holds that keep at least one delivery."""
        return int(self.stop is not None) + sum(bool(freeze.variant_ids) for freeze in self.freezes)


def count_held_deliveries(session: Session, *, actor: Actor, now: datetime) -> HeldDeliveries:
    """Return the visible deliveries that a stop or freezes hold. Raises `WrongRole`."""
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    stop = standing_stop(session)
    freezes = freezes_ahead(session, now=now)
    waiting = _unsent(session, visible_departments, freezes, now=now) if stop or freezes else []
    facts = [(delivery, facts_of(delivery)) for delivery in waiting]
    due = [delivery for delivery in waiting if delivery.due_at <= now]
    return HeldDeliveries(
        stop=stop,
        waiting=len(due) if stop else 0,
        freezes=tuple(_freeze_impact(freeze, facts, now=now) for freeze in freezes),
    )


def _unsent(
    session: Session,
    visible_departments: frozenset[int] | None,
    freezes: Sequence[Freeze],
    *,
    now: datetime,
) -> list[Delivery]:
    """Return the unsent deliveries due before the last freeze ends."""
    ends = max([now, *(freeze.until_at for freeze in freezes)])
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Delivery.state.in_(UNSENT),
            Delivery.due_at < ends,
            *sql_conditions.department_conditions(visible_departments),
        )
        .options(
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).selectinload(Post.submissions),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    return list(session.scalars(query))


def _freeze_impact(
    freeze: Freeze, waiting: Sequence[tuple[Delivery, Facts]], *, now: datetime
) -> FreezeImpact:
    deliveries = [
        delivery
        for delivery, facts in waiting
        if freeze_at([freeze], facts, max(delivery.due_at, now)) is not None
    ]
    return FreezeImpact(
        freeze=freeze,
        variant_ids=tuple(
            delivery.variant_id for delivery in deliveries if delivery.post.kind is PostKind.POST
        ),
        next_at=deliveries[0].due_at if deliveries else None,
        lost=sum(freeze.until_at > latest_moment(delivery) for delivery in deliveries),
    )
