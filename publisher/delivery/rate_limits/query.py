"""Queries for whether an account may publish now, and if not, from when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from publisher.database.session import Database, execute_and_count
from publisher.delivery.platform_credits import has_no_credits
from publisher.delivery.rate_limits.daily_cap import CAP
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.platforms.base.rate_limits import PUBLISH
from publisher.states import DeliveryState

Moment = datetime | BindParameter[datetime]


def is_free(now: Moment) -> ColumnElement[bool]:
    """Return a condition: `Account` may publish now, as no wait and no used-up limit holds it."""
    full = exists().where(AllowanceRow.account_id == Account.id, *_is_exhausted(now))
    quiet = or_(Account.quiet_until.is_(None), Account.quiet_until <= now)
    return quiet & ~full.correlate(Account)


def _is_exhausted(now: Moment) -> tuple[ColumnElement[bool], ...]:
    is_publication = AllowanceRow.name.startswith(f"{PUBLISH}.")
    # Written into the statement, so that a generic plan can use the partial index.
    nothing = literal_column("0", Integer())
    return AllowanceRow.remaining <= nothing, AllowanceRow.resets_at > now, is_publication


def next_free_time(session: Session, account_id: int, now: datetime) -> datetime | None:
    """Return when the account may publish again; None if it may now."""
    quiet = select(Account.quiet_until).where(Account.id == account_id, Account.quiet_until > now)
    full = select(AllowanceRow.resets_at).where(
        AllowanceRow.account_id == account_id, *_is_exhausted(now)
    )
    return max((at for at in session.scalars(quiet.union_all(full)) if at), default=None)


def find_limit_name(session: Session, account_id: int, now: datetime) -> str:
    """Return what holds the account longest: `cap` is our limit, `limit` the platform's."""
    query = select(AllowanceRow.name, AllowanceRow.resets_at).where(
        AllowanceRow.account_id == account_id, *_is_exhausted(now)
    )
    full = sorted(session.execute(query), key=lambda window: window.resets_at)
    if not full:
        return "limit"
    quiet = session.scalar(select(Account.quiet_until).where(Account.id == account_id))
    is_cap = full[-1].name == CAP and (quiet is None or quiet < full[-1].resets_at)
    return "cap" if is_cap else "limit"


def tick_limits(database: Database, *, now: datetime) -> int:
    """Store on due deliveries of full accounts until when they wait; return the number changed."""
    with database.transaction() as session:
        # What waits for credits as well is stored by `platform_credits.tick_credits`.
        has_credits = AllowanceRow.account_id.in_(select(Account.id).where(~has_no_credits()))
        full = select(AllowanceRow.account_id).where(*_is_exhausted(now), has_credits).distinct()
        number = 0
        for account_id in session.scalars(full.order_by(AllowanceRow.account_id)).all():
            until = next_free_time(session, account_id, now)
            if until is None:
                continue
            code, at = find_limit_name(session, account_id, now), until.isoformat()
            stored = [
                func.coalesce(Delivery.reason[field].as_string(), "") for field in ("code", "at")
            ]
            statement = (
                update(Delivery)
                .where(
                    Delivery.account_id == account_id,
                    Delivery.state == DeliveryState.SCHEDULED,
                    Delivery.action == DeliveryAction.PUBLISH,
                    Delivery.due_at <= now,
                    Delivery.urgent.is_(False),
                    or_(stored[0] != code, stored[1] != at),
                )
                .values(reason={"code": code, "at": at})
            )
            statement = statement.execution_options(synchronize_session=False)
            number += execute_and_count(session, statement)
        return number
