"""The rate limits that platforms report in responses, stored for all clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Insert, bindparam, case
from sqlalchemy.orm import Session

from publisher.database.bulk import insert_for
from publisher.models.accounts import AllowanceRow
from publisher.platforms.base import rate_limits
from publisher.platforms.base.rate_limits import RateWindow
from publisher.platforms.base.types import Allowance

ROW: Mapping[str, BindParameter[Any]] = {
    name: bindparam(name)
    for name in ("account_id", "name", "most", "remaining", "resets_at", "learned_at")
}
"""The parameters of an INSERT into `allowances`."""


def learn(
    session: Session, account_id: int, allowances: Iterable[Allowance], now: datetime
) -> None:
    """Store the limits that a platform's responses reported for the account.

    Within one window the lower number wins: responses may be stored out of order, and do not
    include what other clocks have spent since.
    """
    for window in rate_limits.read(allowances, now=now):
        store(session, account_id, window, now)


def store(session: Session, account_id: int, window: RateWindow, now: datetime) -> None:
    """Store a limit of the account."""
    connection = session.connection()
    statement = _upsert_statement(connection.dialect.name)
    connection.execute(statement, window_values(account_id, window, now))


#: PostgreSQL:
#:   INSERT INTO allowances (account_id, name, most, remaining, resets_at, learned_at)
#:   VALUES (:account_id, :name, :most, :remaining, :resets_at, :learned_at)
#:   ON CONFLICT (account_id, name) DO UPDATE SET most = excluded.most, remaining = CASE
#:       WHEN (allowances.resets_at = excluded.resets_at
#:       AND allowances.remaining < excluded.remaining) THEN allowances.remaining
#:       ELSE excluded.remaining END, resets_at = excluded.resets_at,
#:       learned_at = excluded.learned_at
#:   RETURNING allowances.id
@cache
def _upsert_statement(dialect: str) -> Insert:
    statement = insert_for(dialect, AllowanceRow).values(ROW)
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


def window_values(account_id: int, window: RateWindow, now: datetime) -> dict[str, object]:
    """Return the row of a window, as the values of `ROW`."""
    return {"account_id": account_id, "learned_at": now, **asdict(window)}
