"""What stands beside the posts: stopped accounts, mails that did not go, what others did.

What stays here for the moment: how many texts wait for a stop, and which fall into a freeze.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Scope, may, scope_of
from publisher.models.accounts import Ending, EndingWarning
from publisher.models.controls import Freeze, Stop
from publisher.models.deliveries import Account, Delivery
from publisher.models.notifications import Notice
from publisher.models.posts import Post, PostKind, Variant
from publisher.notifications.retry import did_not_go
from publisher.reports import sql_conditions
from publisher.reports.external_changes import ExternalChange, how_many, open_findings
from publisher.reports.types import AccountName, account_of
from publisher.scheduling.constraints import UNSENT, latest_moment
from publisher.scheduling.holds import facts_of, freeze_at, freezes_ahead, standing_stop
from publisher.states import AccountState, DeliveryState
from publisher.validation import departments_in_sight


@dataclass(frozen=True)
class StoppedAccount:
    """An account that is paused or disconnected, since when, and how many deliveries wait for it.

    `reason` is a code or the platform's words; `next_at` is when the first of them is due.
    """

    account: AccountName
    since_at: datetime
    reason: str
    waiting: int
    next_at: datetime | None
    state: AccountState = AccountState.PAUSED


@dataclass(frozen=True)
class EndingAccess:
    """What of a connected account's access ends soon, or has ended, and was warned of."""

    account: AccountName
    about: Ending
    ends_at: datetime


@dataclass(frozen=True)
class Troubles:
    """Everything of the kind that this actor is to know of; `mails_since` is the oldest mail's."""

    accounts: tuple[StoppedAccount, ...] = ()
    mails: int = 0
    mails_since: datetime | None = None
    found: tuple[ExternalChange, ...] = ()
    ending: tuple[EndingAccess, ...] = ()

    @property
    def number(self) -> int:
        """How many things these are on the board: the mails are one."""
        return len(self.accounts) + (self.mails > 0) + len(self.found) + len(self.ending)


def troubles(session: Session, *, actor: Actor) -> Troubles:
    """Paused accounts for whoever sees all posts; stuck mails for whoever may send them again.

    What others did to something of ours is for whoever sees that post.
    """
    mails, since = _mails(session) if _hears_of_mails(actor) else (0, None)
    hears = _hears_of_accounts(actor)
    accounts, ending = (_stopped(session), _ending(session)) if hears else ((), ())
    return Troubles(accounts, mails, since, open_findings(session, actor=actor), ending)


def to_count(actor: Actor) -> list[ColumnElement[int]]:
    """What `number` is for this actor, as columns to be added up."""
    found = [how_many(actor)]
    if _hears_of_accounts(actor):
        stopped = select(func.count()).select_from(Account).where(_has_stopped())
        found.append(stopped.scalar_subquery())
        found.append(select(func.count()).select_from(_endings().subquery()).scalar_subquery())
    if _hears_of_mails(actor):
        found.append(case((exists().where(did_not_go()), 1), else_=0))
    return found


def _hears_of_accounts(actor: Actor) -> bool:
    return scope_of(actor, Action.SEE_POST) is Scope.ANY


def _hears_of_mails(actor: Actor) -> bool:
    return may(actor, Action.SEND_MAIL_AGAIN, None)


def _mails(session: Session) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(Notice.state_at)).where(did_not_go())
    count, since = session.execute(query).one()
    return count, since


def _has_stopped() -> ColumnElement[bool]:
    """The account is paused, or it is disconnected and something is scheduled on it."""
    todo_kinds = exists().where(
        Delivery.account_id == Account.id, Delivery.state == DeliveryState.SCHEDULED
    )
    gone = and_(Account.state == AccountState.DISCONNECTED, todo_kinds.correlate(Account))
    return or_(Account.state == AccountState.PAUSED, gone)


def _endings() -> Select[int, Ending, datetime]:
    """What was warned of and still ends then: a renewed access has another end."""
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
    found = _endings().subquery()
    query = select(Account, found.c.about, found.c.ends_at).join(found, found.c.id == Account.id)
    return tuple(
        EndingAccess(account_of(one), about, ends_at)
        for one, about, ends_at in session.execute(query.order_by(found.c.ends_at, Account.id))
    )


def _stopped(session: Session) -> tuple[StoppedAccount, ...]:
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
        select(Account, waiting.c.count, waiting.c.next_at)
        .outerjoin(waiting, waiting.c.account_id == Account.id)
        .where(_has_stopped())
        .order_by(Account.state_at, Account.id)
    )
    return tuple(
        StoppedAccount(account_of(one), one.state_at, one.reason, count or 0, next_at, one.state)
        for one, count, next_at in session.execute(query)
    )


@dataclass(frozen=True)
class FreezeImpact:
    """A freeze, and the texts in sight that are due while it holds.

    `next_at` is when the first of them is due, `lost` how many will be missed unless they are
    moved: the freeze lasts past their late limit.
    """

    freeze: Freeze
    delivery_ids: tuple[int, ...]
    next_at: datetime | None
    lost: int


@dataclass(frozen=True)
class Braked:
    """The standing stop with the number of texts that are due, and every freeze ahead."""

    stop: Stop | None
    waiting: int
    freezes: tuple[FreezeImpact, ...]

    @property
    def number(self) -> int:
        """How many things on the board this is: those that keep something here."""
        return int(self.stop is not None) + sum(bool(one.delivery_ids) for one in self.freezes)


def braked(session: Session, *, actor: Actor, now: datetime) -> Braked:
    """What a stop and freezes keep here, of the posts in sight. Raises `WrongRole`."""
    seen = departments_in_sight(actor, Action.SEE_POST)
    stop = standing_stop(session)
    known = freezes_ahead(session, now=now)
    waiting = _unsent(session, seen, known, now=now) if stop or known else []
    due = [one for one in waiting if one.due_at <= now]
    return Braked(
        stop=stop,
        waiting=len(due) if stop else 0,
        freezes=tuple(_frozen(one, waiting, now=now) for one in known),
    )


def _unsent(
    session: Session,
    seen: frozenset[int] | None,
    known: Sequence[Freeze],
    *,
    now: datetime,
) -> list[Delivery]:
    """What has not left, up to the end of the last freeze."""
    ends = max([now, *(one.until_at for one in known)])
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Delivery.state.in_(UNSENT),
            Delivery.due_at < ends,
            *sql_conditions.of_department(seen),
        )
        .options(
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).selectinload(Post.submissions),
        )
        .order_by(Delivery.due_at, Delivery.id)
    )
    return list(session.scalars(query))


def _frozen(freeze: Freeze, waiting: Collection[Delivery], *, now: datetime) -> FreezeImpact:
    held = [
        one
        for one in waiting
        if freeze_at([freeze], facts_of(one), max(one.due_at, now)) is not None
    ]
    return FreezeImpact(
        freeze=freeze,
        delivery_ids=tuple(one.id for one in held if one.post.kind is PostKind.POST),
        next_at=held[0].due_at if held else None,
        lost=sum(freeze.until_at > latest_moment(one) for one in held),
    )
