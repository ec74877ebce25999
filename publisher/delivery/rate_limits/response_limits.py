"""What platforms told of an account's limits, kept for all clocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cache

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from publisher.database.session import table_of
from publisher.models.accounts import AllowanceRow
from publisher.platforms.base.types import Allowance as Told
from publisher.platforms.http import rate_limits
from publisher.platforms.http.rate_limits import RateWindow


def learn(session: Session, account_id: int, allowances: Iterable[Told], now: datetime) -> None:
    """Keep what a platform's answers said of the account's limits.

    Within one window the lower number stays: answers may come in another order than they were
    given, and what other clocks have spent since is not in them.
    """
    for window in rate_limits.read(allowances, now=now):
        _keep(session, account_id, window, now)


def _keep(session: Session, account_id: int, window: RateWindow, now: datetime) -> None:
    connection = session.connection()
    statement = _keeping(connection.dialect.name)
    connection.execute(statement, values_of(account_id, window, now))


@cache
def _keeping(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = insert_for(dialect)
    new = statement.excluded
    lower = (AllowanceRow.resets_at == new.resets_at) & (AllowanceRow.remaining < new.remaining)
    return statement.on_conflict_do_update(
        index_elements=["account_id", "name"],
        set_={
            "most": new.most,
            "remaining": case((lower, AllowanceRow.remaining), else_=new.remaining),
            "resets_at": new.resets_at,
            "learned_at": new.learned_at,
        },
    )


def insert_for(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of limits that may say what is done where the row is there already."""
    table = table_of(AllowanceRow)
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def values_of(account_id: int, window: RateWindow, now: datetime) -> dict[str, object]:
    """The row of one window."""
    return {"account_id": account_id, "learned_at": now, **asdict(window)}
