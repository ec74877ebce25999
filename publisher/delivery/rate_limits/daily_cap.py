"""The daily cap, a limit of our own: publications of an account in 24 hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Insert, delete, select, union_all, update
from sqlalchemy.orm import Session

from publisher.database.bulk import insert_for
from publisher.delivery.rate_limits.response_limits import ROW, window_values
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Attempt, Delivery, DeliveryAction
from publisher.platforms.base.rate_limits import PUBLISH, RateWindow
from publisher.states import DeliveryState

CAP = f"{PUBLISH}.cap"
DAY = timedelta(hours=24)

NOT_SENT = ("later", "store", "refused", "credentials", "credits", "gate")
"""Outcomes of attempts that certainly published nothing."""


def recount(session: Session, account_id: int, now: datetime) -> None:
    """Update the cap's row from the account's cap and what was sent; delete it without a cap."""
    cap = session.scalar(select(Account.daily_cap).where(Account.id == account_id))
    if cap is None:
        gone = delete(AllowanceRow).where(
            AllowanceRow.account_id == account_id, AllowanceRow.name == CAP
        )
        session.execute(gone)
        return
    ensure_row(session, account_id, cap, now)
    _write(session, account_id, cap, _publication_times(session, account_id, cap, now), now)


def count_daily_publications(session: Session, account_id: int, now: datetime) -> int:
    """Count the publications that were sent, or may have been, in the last 24 hours."""
    return len(_publication_times(session, account_id, None, now))


def _publication_times(
    session: Session, account_id: int, most: int | None, now: datetime
) -> list[datetime]:
    """Return when publications were sent in the last 24 hours, the newest first."""
    # An attempt gets this moment when it ends; while it is being sent, its delivery has it. One
    # statement reads both: a receipt that is stored between two would be counted by neither.
    is_publication = (
        Delivery.account_id == account_id,
        Delivery.action == DeliveryAction.PUBLISH,
    )
    ended = (
        select(Attempt.sending_at)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            *is_publication,
            Attempt.sending_at > now - DAY,
            Attempt.outcome.not_in(NOT_SENT),
            Attempt.fence > 0,  # retries of a staged post (fence < 0) are not publications
        )
    )
    under_way = select(Delivery.sending_at).where(
        *is_publication, Delivery.state == DeliveryState.SENDING
    )
    sent = union_all(ended, under_way).subquery()
    query = select(sent.c.sending_at).order_by(sent.c.sending_at.desc()).limit(most)
    return list(session.scalars(query))


def ensure_row(session: Session, account_id: int, cap: int, now: datetime) -> None:
    """Insert the cap's row, which clocks lock, unless it exists."""
    connection = session.connection()
    cap_row = window_values(account_id, RateWindow(CAP, cap, cap, now + DAY), now)
    connection.execute(_insert_missing(connection.dialect.name), cap_row)


#: PostgreSQL:
#:   INSERT INTO allowances (account_id, name, most, remaining, resets_at, learned_at)
#:   VALUES (:account_id, :name, :most, :remaining, :resets_at, :learned_at)
#:   ON CONFLICT (account_id, name) DO NOTHING
#:   RETURNING allowances.id
@cache
def _insert_missing(dialect: str) -> Insert:
    statement = insert_for(dialect, AllowanceRow).values(ROW)
    return statement.on_conflict_do_nothing(index_elements=["account_id", "name"])


def count(session: Session, account_id: int, cap: int, now: datetime) -> None:
    """Count a publication that is about to be sent."""
    _write(session, account_id, cap, [now, *_publication_times(session, account_id, cap, now)], now)


def _write(
    session: Session, account_id: int, cap: int, sent: list[datetime], now: datetime
) -> None:
    # If nothing remains, the cap is free again once the oldest publication counted is a day old.
    remaining = max(0, cap - len(sent))
    until = (sent[cap - 1] if remaining == 0 else now) + DAY
    statement = (
        update(AllowanceRow)
        .where(AllowanceRow.account_id == account_id, AllowanceRow.name == CAP)
        .values(most=cap, remaining=remaining, resets_at=until, learned_at=now)
    )
    session.execute(statement.execution_options(synchronize_session=False))
