"""Counting publications against rate limits: at the claim if possible, else when sending."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from publisher.database.session import Key
from publisher.delivery.rate_limits import daily_cap
from publisher.delivery.rate_limits.daily_cap import CAP, DAY
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Delivery
from publisher.platforms.base.rate_limits import PUBLISH
from publisher.transitions import NOW

ACCOUNT_ID = bindparam("account_id", type_=Key)

COUNTED: Mapping[str, timedelta] = {
    f"{PUBLISH}.15min": timedelta(minutes=15),
    f"{PUBLISH}.app_day": DAY,
    f"{PUBLISH}.user_day": DAY,
}
"""Limits that each publication lowers by 1, with the lengths of their windows.

Other limits are percentages, which only platforms report.
"""


def reserve(session: Session, account_id: int, most: int, now: datetime) -> int:
    """Count up to `most` publications that are being claimed; return how many were counted.

    Call this in the claim's transaction, so that clocks contend for the limits once per batch and
    not at every `sending`. The rest is counted by `spend` when it is sent: if the account has a
    daily cap, no known limits, or too little left.
    """
    values = {"account_id": account_id, "now": now}
    if session.scalar(_CAP, values) is not None:
        return 0
    windows = session.scalars(_WINDOWS, values).all()
    counted = min([most, *(max(0, remaining) for remaining in windows)]) if windows else 0
    if counted:
        _count_down(session, account_id, now, counted)
    return counted


def give_back(session: Session, account_id: int, claimed_at: datetime, now: datetime) -> None:
    """Give back one publication that was claimed at `claimed_at` and not sent.

    Windows that began later have not counted it and stay as they are.
    """
    _lock_rows(session, account_id, now)
    one_more = case(
        (AllowanceRow.remaining < AllowanceRow.most, AllowanceRow.remaining + 1),
        else_=AllowanceRow.most,
    )
    _change(session, account_id, now, one_more, _is_open_window(claimed_at))


def _is_open_window(moment: datetime) -> ColumnElement[bool]:
    """Return a condition: the rate limit window was already open at `moment`."""
    ends = {name: moment + span for name, span in COUNTED.items()}
    return or_(
        *((AllowanceRow.name == name) & (AllowanceRow.resets_at <= ends[name]) for name in ends)
    )


def spend(
    session: Session,
    account_id: int,
    now: datetime,
    *,
    delivery_id: int | None = None,
    urgent: bool = False,
    counted: bool = False,
) -> datetime | None:
    """Count one publication and return None, or return when the account is free again.

    Call this in the transaction of `sending`, before `sending_at` is written: it locks the
    account's limits until the commit, so that two clocks never both spend the last one. Urgent
    publications are counted but never blocked. If the claim has `counted`, only the cap is checked.
    """
    capped = select(Account.daily_cap).where(Account.id == account_id)
    if delivery_id is not None:  # locked before the limits, as everywhere: see outcomes.py
        capped = capped.join(Delivery, Delivery.id == delivery_id).with_for_update(of=Delivery)
    cap = session.scalar(capped)
    if cap is not None:
        daily_cap.ensure_row(session, account_id, cap, now)
    rows = _lock_rows(session, account_id, now)
    if cap is not None:  # a person may have changed it before the lock, and counted by it
        cap = session.scalar(_CAP, {"account_id": account_id})
    windows = [window for window in rows if window.name == CAP or not counted]
    full = [
        window.resets_at for window in windows if window.remaining <= 0 and window.resets_at > now
    ]
    if full and not urgent:
        return max(full)
    if any(window.name in COUNTED for window in windows):
        _count_down(session, account_id, now)
    if cap is not None:
        daily_cap.count(session, account_id, cap, now)
    return None


def _lock_rows(session: Session, account_id: int, now: datetime) -> list[AllowanceRow]:
    query = select(AllowanceRow).where(
        AllowanceRow.account_id == account_id,
        or_(AllowanceRow.resets_at > now, AllowanceRow.name == CAP),
        AllowanceRow.name.startswith(f"{PUBLISH}."),
    )
    locked = query.order_by(AllowanceRow.id).with_for_update()
    return list(session.scalars(locked.execution_options(populate_existing=True)))


#: PostgreSQL:
#:   SELECT accounts.daily_cap FROM accounts WHERE accounts.id = :account_id
_CAP = select(Account.daily_cap).where(Account.id == ACCOUNT_ID)

#: PostgreSQL:
#:   SELECT allowances.remaining
#:   FROM allowances
#:   WHERE allowances.account_id = :account_id
#:     AND allowances.resets_at > :now
#:     AND (allowances.name LIKE 'publish.' || '%')
#:   ORDER BY allowances.id
#:   FOR UPDATE
_WINDOWS = (
    select(AllowanceRow.remaining)
    .where(
        AllowanceRow.account_id == ACCOUNT_ID,
        AllowanceRow.resets_at > NOW,
        AllowanceRow.name.startswith(f"{PUBLISH}."),
    )
    .order_by(AllowanceRow.id)
    .with_for_update()
)


def _count_down(session: Session, account_id: int, now: datetime, count: int = 1) -> None:
    lower = case((AllowanceRow.remaining > count, AllowanceRow.remaining - count), else_=0)
    _change(session, account_id, now, lower)


def _change(
    session: Session,
    account_id: int,
    now: datetime,
    remaining: ColumnElement[int],
    *only: ColumnElement[bool],
) -> None:
    """Set what remains in the open windows of `COUNTED`."""
    statement = (
        update(AllowanceRow)
        .where(
            AllowanceRow.account_id == account_id,
            AllowanceRow.resets_at > now,
            AllowanceRow.name.in_(COUNTED),
            *only,
        )
        .values(remaining=remaining)
    )
    session.execute(statement.execution_options(synchronize_session=False))
