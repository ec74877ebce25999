"""The spending of a month and its budget: who is warned, and what is read less often.

A budget belongs to the app, so all accounts of a platform share it. Its months are UTC months. Once
it is used up, reading is slowed step by step: looks at live posts first, mentions last; nothing
stops, and publishing is never slowed. A step is a stored limit of each account (`allowances`), so
that every clock heeds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from approvals.policy import CLOCK, Role
from publisher import transitions
from publisher.database.session import Database
from publisher.delivery.costs import ledger
from publisher.delivery.rate_limits import response_limits
from publisher.models.accounts import AllowanceRow, ChargeDay
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.platforms.base.charges import MICROS, Cause, ChargeKind
from publisher.platforms.base.rate_limits import RateWindow
from publisher.platforms.registry import all_platforms, capabilities

WARNED_AT: Final = 80
"""The share of the budget, in percent, at which the admins are warned."""

SLOWED_AT: Final[Mapping[Cause, int]] = {
    Cause.LOOKS: 100,
    Cause.REPLIES: 110,
    Cause.MENTIONS: 120,
}
"""The shares at which each kind of reading is slowed, in this order."""

SLOW_LOOKS: Final = timedelta(days=6)
"""How much longer a slow look waits after it is due: a daily one becomes weekly."""

SLOW_FACTOR: Final = 15
"""How many times its interval a slowed source of comments waits: half an hour for mentions."""

AVERAGED: Final = timedelta(days=7)
"""The estimate of a month takes the mean of this many days before today for each remaining day."""

NEAR = "budget_near"
USED_UP = "budget_used_up"


@dataclass(frozen=True)
class CauseSpending:
    """What one cause has cost: the number of charges and their amount."""

    cause: Cause
    number: int
    amount: int


@dataclass(frozen=True)
class MonthSpending:
    """The spending of a platform in a UTC month. Amounts are millionths of a dollar.

    `estimate` is for the whole month; `budget` is None if there is none.
    """

    platform: str
    first_day: date
    by_cause: Sequence[CauseSpending]
    estimate: int
    budget: int | None

    @property
    def began_at(self) -> datetime:
        """The moment from which the month is counted."""
        return _midnight(self.first_day)

    @property
    def spent(self) -> int:
        """The amount since the first of the month."""
        return sum(row.amount for row in self.by_cause)

    @property
    def share(self) -> int:
        """The share of the budget that is spent, in percent, rounded down; 0 without a budget."""
        return self.spent * 100 // self.budget if self.budget else 0

    @property
    def is_near(self) -> bool:
        """True if the admins are warned."""
        return self.share >= WARNED_AT

    @property
    def slowed(self) -> Sequence[Cause]:
        """The causes that are read less often now."""
        return [cause for cause, share in SLOWED_AT.items() if self.share >= share]


def spending(
    session: Session, settings: Mapping[str, str], *, now: datetime
) -> Sequence[MonthSpending]:
    """Return this month's spending on each platform that charges, and has an account."""
    used = set(session.scalars(select(Account.platform).distinct()))
    return [
        _spending(session, platform.name, platform.billing.monthly_budget(settings), now)
        for platform in all_platforms()
        if platform.billing is not None and platform.name in used
    ]


def months_near(
    session: Session, settings: Mapping[str, str], *, now: datetime
) -> Sequence[MonthSpending]:
    """Return the months about which the admins are warned; without a budget, make no query."""
    has_budget = any(
        platform.billing is not None and platform.billing.monthly_budget(settings)
        for platform in all_platforms()
    )
    return (
        [month for month in spending(session, settings, now=now) if month.is_near]
        if has_budget
        else []
    )


def _spending(session: Session, platform: str, budget: int | None, now: datetime) -> MonthSpending:
    today = now.astimezone(UTC).date()
    first_day = today.replace(day=1)
    by_cause = _spending_by_cause(session, platform, first_day, today + timedelta(days=1))
    before = sum(row.amount for row in _spending_by_cause(session, platform, first_day, today))
    averaged = _spending_by_cause(session, platform, today - AVERAGED, today)
    a_day = sum(row.amount for row in averaged) // AVERAGED.days
    to_come = (_next_month(first_day) - today).days * a_day
    spent = sum(row.amount for row in by_cause)
    return MonthSpending(platform, first_day, by_cause, max(spent, before + to_come), budget)


def _spending_by_cause(
    session: Session, platform: str, begin: date, end: date
) -> Sequence[CauseSpending]:
    """Return what the causes have cost from `begin` until before `end`, the dearest first."""
    amount = func.sum(ChargeDay.number * ChargeDay.price)
    query = (
        select(ChargeDay.cause, func.sum(ChargeDay.number), amount)
        .join(Account, Account.id == ChargeDay.account_id)
        .where(ChargeDay.utc_day >= begin, ChargeDay.utc_day < end, Account.platform == platform)
        .group_by(ChargeDay.cause)
        .order_by(amount.desc(), ChargeDay.cause)
    )
    return [
        CauseSpending(Cause(cause), int(number), int(spent))
        for cause, number, spent in session.execute(query)
    ]


def _next_month(first_day: date) -> date:
    return (first_day + timedelta(days=31)).replace(day=1)


def _midnight(utc_day: date) -> datetime:
    return datetime(utc_day.year, utc_day.month, utc_day.day, tzinfo=UTC)


def is_slowed(
    cause: Cause, account_id: InstrumentedAttribute[int] | int, now: datetime
) -> ColumnElement[bool]:
    """Return the condition that reading for this cause is slowed for the account."""
    return exists().where(
        AllowanceRow.account_id == account_id,
        AllowanceRow.name == _limit_name(cause),
        AllowanceRow.resets_at > now,
    )


def _limit_name(cause: Cause) -> str:
    return f"budget.{cause.value}"


def tick_spending(database: Database, settings: Mapping[str, str], *, now: datetime) -> int:
    """Record new creations, apply the budgets, and erase what has expired; return the number."""
    with database.transaction() as session:
        number = sum(
            ledger.charge_actions(session, platform.name, settings, now=now)
            for platform in all_platforms()
        )
        ledger.erase_expired(session, now=now)
    with database.reading() as session:
        months = [
            month
            for month in spending(session, settings, now=now)
            if month.is_near or _is_limited(session, month.platform)
        ]
    for month in months:
        with database.transaction() as session:
            number += _adjust_reading_speed(session, month, now)
    return number


def _is_limited(session: Session, platform: str) -> bool:
    query = select(AllowanceRow.id).join(Account, Account.id == AllowanceRow.account_id)
    names = [_limit_name(cause) for cause in SLOWED_AT]
    return bool(
        session.scalars(
            query.where(Account.platform == platform, AllowanceRow.name.in_(names)).limit(1)
        ).all()
    )


def _adjust_reading_speed(session: Session, month: MonthSpending, now: datetime) -> int:
    """Slow what is to be slowed, and speed up the rest again; return 1 if somebody was warned."""
    accounts = session.scalars(
        select(Account)
        .where(Account.platform == month.platform)
        .order_by(Account.id)
        .with_for_update(key_share=True)
    ).all()
    ids = [account.id for account in accounts]
    others = [_limit_name(cause) for cause in SLOWED_AT if cause not in month.slowed]
    session.execute(
        delete(AllowanceRow).where(AllowanceRow.account_id.in_(ids), AllowanceRow.name.in_(others))
    )
    resets_at = _midnight(_next_month(month.first_day))
    for cause in month.slowed:
        for account_id in ids:
            window = RateWindow(_limit_name(cause), 100, 0, resets_at)
            response_limits.store(session, account_id, window, now)
    verb = USED_UP if month.share >= 100 else NEAR
    return _warn(session, month, accounts[0], verb, now) if month.is_near and accounts else 0


def _warn(
    session: Session, month: MonthSpending, account: Account, verb: str, now: datetime
) -> int:
    """Notify the admins once a month for each verb; the first account keeps the event."""
    query = select(Event.id).where(
        Event.subject == Account.__tablename__,
        Event.subject_id == account.id,
        Event.verb == verb,
        Event.at >= month.began_at,
    )
    if session.scalars(query.limit(1)).all():
        return 0
    amounts = {
        "spent": dollars(month.spent),
        "budget": dollars(month.budget or 0),
        "estimate": dollars(month.estimate),
    }
    values = {"platform": month.platform, **amounts}
    transitions.record(session, account, verb, actor=CLOCK, now=now, values=values)
    kind = NoticeKind.BUDGET_USED_UP if verb == USED_UP else NoticeKind.BUDGET_NEAR
    admins = responsibility.people_of(responsibility.holders(session, Role.ADMIN, now=now))
    mail_values = values | {name: Decimal(amount) for name, amount in amounts.items()}
    compose.queue_for_each(
        session, admins, kind=kind, values=mail_values, now=now, path=links.ACCOUNTS
    )
    return 1


def dollars(amount: int) -> str:
    """Return an amount in dollars with two decimals, such as 12.30; half a cent is rounded up."""
    cents = (amount + MICROS // 200) // (MICROS // 100)
    return f"{cents // 100}.{cents % 100:02d}"


def price_text(amount: int) -> str:
    """Return an amount in dollars with as many decimals as it needs, at least two."""
    text = f"{amount / MICROS:.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def link_prices(platform: str, settings: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what a post with a link costs and one without; None if a link costs no more."""
    billing = capabilities(platform).billing
    if billing is None:
        return None
    with_link = billing.price(ChargeKind.POST_WITH_LINK, settings)
    without = billing.price(ChargeKind.POST, settings)
    return (price_text(with_link), price_text(without)) if with_link > without else None
