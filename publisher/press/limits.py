"""How often an account may still publish: learned from answers, capped by us, for all clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CursorResult,
    Integer,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from publisher.database import Database, Key, table_of
from publisher.lifecycle import DeliveryState
from publisher.models.accounts import Allowance
from publisher.models.deliveries import Account, Attempt, Delivery, DeliveryAction
from publisher.moving import MOMENT
from publisher.platforms import allowances as told
from publisher.platforms.allowances import PUBLISH, Window
from publisher.platforms.base import Allowance as Told
from publisher.prepared import Prepared, Value, run

OF, BY = bindparam("of_account", type_=Key), bindparam("by_so_many", type_=Integer())
Moment = datetime | BindParameter[datetime]

CAP = f"{PUBLISH}.cap"
DAY = timedelta(hours=24)
COUNTED: Mapping[str, timedelta] = {
    f"{PUBLISH}.15min": timedelta(minutes=15),
    f"{PUBLISH}.app_day": DAY,
    f"{PUBLISH}.user_day": DAY,
}
"""What goes down by one with each publication, and how long its window is.

The others are shares that only answers tell.
"""

NOT_SENT = ("later", "refused", "credentials", "gate")
"""Outcomes of tries of which it is known that nothing came out of them."""


def learn(session: Session, account_id: int, allowances: Iterable[Told], now: datetime) -> None:
    """Keep what a platform's answers said of the account's limits.

    Within one window the lower number stays: answers may come in another order than they were
    given, and what other clocks have spent since is not in them.
    """
    for window in told.read(allowances, now=now):
        _keep(session, account_id, window, now)


def _keep(session: Session, account_id: int, window: Window, now: datetime) -> None:
    connection = session.connection()
    statement = _keeping(connection.dialect.name)
    connection.execute(statement, _values(account_id, window, now))


@cache
def _keeping(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect)
    new = statement.excluded
    lower = (Allowance.resets_at == new.resets_at) & (Allowance.remaining < new.remaining)
    return statement.on_conflict_do_update(
        index_elements=["account_id", "name"],
        set_={
            "most": new.most,
            "remaining": case((lower, Allowance.remaining), else_=new.remaining),
            "resets_at": new.resets_at,
            "learned_at": new.learned_at,
        },
    )


def _insert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    table = table_of(Allowance)
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _values(account_id: int, window: Window, now: datetime) -> dict[str, object]:
    return {"account_id": account_id, "learned_at": now, **asdict(window)}


def is_free(now: Moment) -> ColumnElement[bool]:
    """That `Account` may publish now: nothing asked us to wait, and no limit is used up."""
    full = exists().where(Allowance.account_id == Account.id, *_used_up(now))
    quiet = or_(Account.quiet_until.is_(None), Account.quiet_until <= now)
    return quiet & ~full.correlate(Account)


def _used_up(now: Moment) -> tuple[ColumnElement[bool], ...]:
    is_publication = Allowance.name.startswith(f"{PUBLISH}.")
    return Allowance.remaining <= 0, Allowance.resets_at > now, is_publication


def free_at(session: Session, account_id: int, now: datetime) -> datetime | None:
    """When the account may publish again; None where it may now."""
    quiet = select(Account.quiet_until).where(Account.id == account_id, Account.quiet_until > now)
    full = select(Allowance.resets_at).where(Allowance.account_id == account_id, *_used_up(now))
    return max((at for at in session.scalars(quiet.union_all(full)) if at), default=None)


def why_not(session: Session, account_id: int, now: datetime) -> str:
    """The code of what holds the account longest: `cap` is ours, `limit` the platform's."""
    query = select(Allowance.name, Allowance.resets_at).where(
        Allowance.account_id == account_id, *_used_up(now)
    )
    full = sorted(session.execute(query), key=lambda one: one.resets_at)
    if not full:
        return "limit"
    quiet = session.scalar(select(Account.quiet_until).where(Account.id == account_id))
    is_cap = full[-1].name == CAP and (quiet is None or quiet < full[-1].resets_at)
    return "cap" if is_cap else "limit"


def tick_limits(database: Database, *, now: datetime) -> int:
    """Say of what is due and waits for a full account until when it waits; gives how many."""
    with database.transaction() as session:
        return sum(_say(session, one, now) for one in _full_accounts(session, now))


def _full_accounts(session: Session, now: datetime) -> list[int]:
    query = select(Allowance.account_id).where(*_used_up(now)).distinct()
    return list(session.scalars(query.order_by(Allowance.account_id)))


def _say(session: Session, account_id: int, now: datetime) -> int:
    until = free_at(session, account_id, now)
    if until is None:
        return 0
    code, at = why_not(session, account_id, now), until.isoformat()
    known = [func.coalesce(Delivery.reason[one].as_string(), "") for one in ("code", "at")]
    statement = (
        update(Delivery)
        .where(
            Delivery.account_id == account_id,
            Delivery.state == DeliveryState.SCHEDULED,
            Delivery.action == DeliveryAction.PUBLISH,
            Delivery.due_at <= now,
            Delivery.urgent.is_(False),
            or_(known[0] != code, known[1] != at),
        )
        .values(reason={"code": code, "at": at})
    )
    result = session.execute(statement.execution_options(synchronize_session=False))
    return result.rowcount if isinstance(result, CursorResult) else 0


def reserve(session: Session, account_id: int, most: int, now: datetime) -> int:
    """Count up to so many publications that are being claimed; gives how many were.

    Belongs into the transaction of the claim, so that the clocks wait for one another once for
    many, and not at every `sending`. What is not counted here is asked for by `spend` when it is
    sent: under a cap of ours, where nothing is known of the account, and where little is left.
    """
    values: dict[str, Value] = {"of_account": account_id, "at_moment": now}
    connection = session.connection()
    caps, windows = run(connection, _CAP(values), _WINDOWS(values))
    if any(one.daily_cap is not None for one in caps):
        return 0
    counted = min([most, *(max(0, one.remaining) for one in windows)]) if windows else 0
    if counted:
        run(connection, _DOWN({**values, "by_so_many": counted}))
    return counted


def give_back(session: Session, account_id: int, claimed_at: datetime, now: datetime) -> None:
    """Undo the counting of one that was claimed then and did not leave.

    A window that began since has not counted it, and gets nothing back.
    """
    _locked(session, account_id, now)
    left = case(
        (Allowance.remaining < Allowance.most, Allowance.remaining + 1), else_=Allowance.most
    )
    _change(session, account_id, now, left, _ran_at(claimed_at))


def _ran_at(moment: datetime) -> ColumnElement[bool]:
    """That `Allowance` is of a window which had begun at this moment."""
    ends = {name: moment + span for name, span in COUNTED.items()}
    return or_(*((Allowance.name == one) & (Allowance.resets_at <= ends[one]) for one in ends))


def spend(
    session: Session,
    account_id: int,
    now: datetime,
    *,
    delivery_id: int | None = None,
    urgent: bool = False,
    counted: bool = False,
) -> datetime | None:
    """Count one publication; None, or when the account is free again and nothing was counted.

    Belongs into the transaction of `sending`, before `sending_at` is written there: it locks the
    account's limits until the commit, so that two clocks never spend the last one both. An urgent
    one is counted, and never held back. What its claim has `counted` is asked for the cap alone.
    """
    capped = select(Account.daily_cap).where(Account.id == account_id)
    if delivery_id is not None:  # locked before the limits, as everywhere: see recording.py
        capped = capped.join(Delivery, Delivery.id == delivery_id).with_for_update(of=Delivery)
    cap = session.scalar(capped)
    if cap is not None:
        _lay_cap(session, account_id, cap, now)
    rows = _locked(session, account_id, now)
    asked = [one for one in rows if one.name == CAP or not counted]
    full = [one.resets_at for one in asked if one.remaining <= 0 and one.resets_at > now]
    if full and not urgent:
        return max(full)
    if any(one.name in COUNTED for one in asked):
        _count_down(session, account_id, now)
    if cap is not None:
        _write_cap(session, account_id, cap, [now, *_sent(session, account_id, cap, now)], now)
    return None


def _locked(session: Session, account_id: int, now: datetime) -> list[Allowance]:
    query = select(Allowance).where(
        Allowance.account_id == account_id,
        or_(Allowance.resets_at > now, Allowance.name == CAP),
        Allowance.name.startswith(f"{PUBLISH}."),
    )
    locked = query.order_by(Allowance.id).with_for_update()
    return list(session.scalars(locked.execution_options(populate_existing=True)))


_CAP = Prepared("cap_of_account", select(Account.daily_cap).where(Account.id == OF), [OF])
_WINDOWS = Prepared(
    "windows_of_account",
    select(Allowance.remaining)
    .where(
        Allowance.account_id == OF,
        Allowance.resets_at > MOMENT,
        Allowance.name.startswith(f"{PUBLISH}."),
    )
    .order_by(Allowance.id)
    .with_for_update(),
    [OF, MOMENT],
)
_DOWN = Prepared(
    "count_down",
    update(table_of(Allowance))
    .where(
        Allowance.account_id == OF,
        Allowance.resets_at > MOMENT,
        or_(*(Allowance.name == one for one in COUNTED)),
    )
    .values(remaining=case((Allowance.remaining > BY, Allowance.remaining - BY), else_=0)),
    [OF, MOMENT, BY],
)


def _count_down(session: Session, account_id: int, now: datetime) -> None:
    values: dict[str, Value] = {"of_account": account_id, "at_moment": now, "by_so_many": 1}
    run(session.connection(), _DOWN(values))


def _change(
    session: Session,
    account_id: int,
    now: datetime,
    remaining: ColumnElement[int],
    *only: ColumnElement[bool],
) -> None:
    """Change what is left in the windows that go down with each publication."""
    statement = (
        update(Allowance)
        .where(
            Allowance.account_id == account_id,
            Allowance.resets_at > now,
            Allowance.name.in_(COUNTED),
            *only,
        )
        .values(remaining=remaining)
    )
    session.execute(statement.execution_options(synchronize_session=False))


def recount(session: Session, account_id: int, now: datetime) -> None:
    """Bring the cap's row in line with the account's cap and with what was sent."""
    cap = session.scalar(select(Account.daily_cap).where(Account.id == account_id))
    if cap is None:
        gone = delete(Allowance).where(Allowance.account_id == account_id, Allowance.name == CAP)
        session.execute(gone)
        return
    _lay_cap(session, account_id, cap, now)
    _write_cap(session, account_id, cap, _sent(session, account_id, cap, now), now)


def sent_in_a_day(session: Session, account_id: int, now: datetime) -> int:
    """How many publications left, or may have left, in the last 24 hours."""
    return len(_sent(session, account_id, None, now))


def _sent(session: Session, account_id: int, most: int | None, now: datetime) -> list[datetime]:
    """When, the newest first."""
    query = (
        select(Attempt.sending_at)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            Attempt.sending_at > now - DAY,
            Attempt.outcome.not_in(NOT_SENT),
            Attempt.fence > 0,  # a second step taken again is no further publication
            Delivery.account_id == account_id,
            Delivery.action == DeliveryAction.PUBLISH,
        )
        .order_by(Attempt.sending_at.desc())
        .limit(most)
    )
    return [at for at in session.scalars(query) if at is not None]


def _lay_cap(session: Session, account_id: int, cap: int, now: datetime) -> None:
    """The row that clocks wait at; one that is there stays as it is."""
    connection = session.connection()
    statement = _insert(connection.dialect.name)
    connection.execute(
        statement.on_conflict_do_nothing(index_elements=["account_id", "name"]),
        _values(account_id, Window(CAP, cap, cap, now + DAY), now),
    )


def _write_cap(
    session: Session, account_id: int, cap: int, sent: list[datetime], now: datetime
) -> None:
    """What is left of the cap; where nothing is, until the oldest that counts is a day old."""
    left = max(0, cap - len(sent))
    until = (sent[cap - 1] if left == 0 else now) + DAY
    statement = (
        update(Allowance)
        .where(Allowance.account_id == account_id, Allowance.name == CAP)
        .values(most=cap, remaining=left, resets_at=until, learned_at=now)
    )
    session.execute(statement.execution_options(synchronize_session=False))
