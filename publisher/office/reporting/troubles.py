"""What stands still beside the posts: accounts that have stopped, and mails that did not go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Scope, may, scope_of
from publisher.lifecycle import AccountState, DeliveryState
from publisher.models.deliveries import Account, Delivery
from publisher.models.notices import Notice
from publisher.notices.resending import did_not_go
from publisher.office.reporting.values import AccountName, account_of


@dataclass(frozen=True)
class StoppedAccount:
    """An account that is paused, since when and why, and how many deliveries wait for it.

    `reason` is a code or the platform's words; `next_at` is when the first of them is due.
    """

    account: AccountName
    since_at: datetime
    reason: str
    waiting: int
    next_at: datetime | None


@dataclass(frozen=True)
class Troubles:
    """Everything of the kind that this actor is to know of; `mails_since` is the oldest mail's."""

    accounts: tuple[StoppedAccount, ...] = ()
    mails: int = 0
    mails_since: datetime | None = None

    @property
    def number(self) -> int:
        """How many things these are on the board: the mails are one."""
        return len(self.accounts) + (self.mails > 0)


def troubles(session: Session, *, actor: Actor) -> Troubles:
    """Paused accounts for whoever sees all posts; stuck mails for whoever may send them again."""
    mails, since = _mails(session) if may(actor, Action.SEND_MAIL_AGAIN, None) else (0, None)
    sees_all = scope_of(actor, Action.SEE_POST) is Scope.ANY
    return Troubles(_stopped(session) if sees_all else (), mails, since)


def _mails(session: Session) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(Notice.state_at)).where(did_not_go())
    count, since = session.execute(query).one()
    return count, since


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
        .where(Account.state == AccountState.PAUSED)
        .order_by(Account.state_at, Account.id)
    )
    return tuple(
        StoppedAccount(account_of(one), one.state_at, one.reason, count or 0, next_at)
        for one, count, next_at in session.execute(query)
    )
