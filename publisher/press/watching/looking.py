"""Looking at what is out, many at once: who is asked, for what, and what is put off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice, repeat

from sqlalchemy import ColumnElement, func, insert, or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher.desk import live
from publisher.lifecycle import AccountState
from publisher.models.deliveries import Account, DeliveryAction, Receipt
from publisher.models.watching import Watch
from publisher.platforms.base import CredentialsExpired, OneSeen, Platform, Refused, Seen, TryLater
from publisher.press import accounts
from publisher.press.bench import Bench
from publisher.press.watching import keeping
from publisher.press.watching.pauses import AFTER_TROUBLE, pause

ROUNDS = 4
"""Requests for one account in a tick: of fifty looks each they are enough for four times the
50,000 publications that an account is made for, each looked at more than once a day."""

MOST = 24
"""Requests in a tick, for all accounts: it ends within its minute."""

MOST_OPENED = 500
CATCH_UP = 1_000
"""So far behind the newest watched receipt one may still have been committed late."""


@dataclass(frozen=True)
class Looks:
    """Looks at publications of one account, in one request begun at `at`.

    `ids` are the platform's, by those of the watches.
    """

    account: Account
    ids: Mapping[int, str]
    at: datetime


def tick_watching(
    bench: Bench,
    *,
    most: int = MOST,
    rounds: int = ROUNDS,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Look at what has waited longest, in turns of one request; gives the number of looks.

    An account that gives no answer is left alone until the next tick: it keeps no other waiting.
    """
    with bench.database.transaction() as session:
        open_watches(session, now=bench.now())
    number, done = 0, set[int]()
    for account in islice(chain.from_iterable(repeat(_waiting(bench), rounds)), most):
        if is_stopping():
            break
        if account.id in done:
            continue
        looks, goes_on = _turn(bench, account)
        number += looks
        if not goes_on:
            done.add(account.id)
    return number


def open_watches(session: Session, *, now: datetime) -> int:
    """Watch whatever came out since, each from a moment of its own on within the day."""
    newest = session.scalar(select(func.max(Watch.receipt_id)))
    query = (
        select(Receipt.id)
        .outerjoin(Watch, Watch.receipt_id == Receipt.id)
        .where(
            Watch.id.is_(None),
            Receipt.id > (newest or 0) - CATCH_UP,
            Receipt.action == DeliveryAction.PUBLISH,
            Receipt.gone_at.is_(None),
            Receipt.platform_id.not_like(f"{live.UNKNOWN_ID}%"),
        )
        .order_by(Receipt.id)
        .limit(MOST_OPENED)
    )
    found_ids = list(session.scalars(query))
    rows = [{"receipt_id": one, "look_at": now + pause(one)} for one in found_ids]
    if rows:
        session.execute(insert(Watch), rows)
    return len(rows)


def _may_be_asked(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Account.state == AccountState.CONNECTED,
        or_(Account.quiet_until.is_(None), Account.quiet_until <= now),
    )


def _waiting(bench: Bench) -> list[Account]:
    """The accounts with looks due, the one first of which something has waited longest."""
    now = bench.now()
    waits = (
        select(Receipt.account_id, func.min(Watch.look_at).label("since"))
        .join(Watch, Watch.receipt_id == Receipt.id)
        .where(Watch.look_at <= now)
        .group_by(Receipt.account_id)
        .subquery()
    )
    query = (
        select(Account)
        .join(waits, waits.c.account_id == Account.id)
        .where(*_may_be_asked(now))
        .order_by(waits.c.since)
    )
    with bench.database.reading() as session:
        return list(session.scalars(query))


def _turn(bench: Bench, account: Account) -> tuple[int, bool]:
    """One request for an account: of how many looks, and whether it is worth another one."""
    try:
        platform = bench.open_account(account)
    except CredentialsExpired:
        _pause_account(bench, account, ())
        return 0, False
    most = platform.limits.seen_at_once
    looks = _take(bench, account, most)
    if not looks.ids:
        return 0, False
    return len(looks.ids), _look(bench, platform, looks) and len(looks.ids) == most


def _take(bench: Bench, account: Account, most: int) -> Looks:
    """Take what has waited longest, and keep other clocks off it for a lease."""
    with bench.database.reading() as session:
        now = bench.now()
        query = (
            select(Watch.id)
            .join(Receipt, Receipt.id == Watch.receipt_id)
            .join(Account, Account.id == Receipt.account_id)
            .where(Receipt.account_id == account.id, Watch.look_at <= now, *_may_be_asked(now))
            .order_by(Watch.look_at, Watch.id)
            .limit(most)
        )
        due = list(session.scalars(query))
    with bench.database.transaction() as session:
        now = bench.now()
        still_due = select(Watch).where(Watch.id.in_(due), Watch.look_at <= now)
        locked = still_due.with_for_update(skip_locked=True, of=Watch)
        taken = list(session.scalars(locked))
        for one in taken:
            one.look_at = now + timedelta(seconds=bench.pace.lease)
        ids = {one.id: one.receipt.platform_id for one in taken}
    return Looks(account, ids, now)


def _look(bench: Bench, platform: Platform, looks: Looks) -> bool:
    """Look, with no transaction open meanwhile; gives whether the platform answered all of it."""
    asked = list(dict.fromkeys(looks.ids.values()))
    found: Mapping[str, OneSeen]
    try:
        found = platform.see_many(asked)
    except CredentialsExpired:
        _pause_account(bench, looks.account, looks.ids)
        return False
    except (TryLater, Refused) as problem:
        found = dict.fromkeys(asked, problem)
    answers = {watch_id: found[key] for watch_id, key in looks.ids.items()}
    unread, seen = _parted(answers)
    if unread:
        _put_off(bench, unread)
    keeping.keep(bench, seen, at=looks.at)
    return not any(isinstance(one, TryLater) for one in unread.values())


def _parted(
    answers: Mapping[int, OneSeen],
) -> tuple[dict[int, TryLater | Refused], dict[int, Seen | None]]:
    """What could not be read, and what could: there, or not there."""
    unread: dict[int, TryLater | Refused] = {}
    seen: dict[int, Seen | None] = {}
    for watch_id, one in answers.items():
        if isinstance(one, TryLater | Refused):
            unread[watch_id] = one
        else:
            seen[watch_id] = one
    return unread, seen


def _locked(session: Session, watch_ids: Collection[int]) -> Iterable[Watch]:
    """The rows of these, locked in one order by every clock."""
    query = select(Watch).where(Watch.id.in_(watch_ids)).order_by(Watch.id)
    return session.scalars(query.with_for_update())


def _put_off(bench: Bench, unread: Mapping[int, TryLater | Refused]) -> None:
    with bench.database.transaction() as session:
        soonest = bench.now() + AFTER_TROUBLE
        for watch in _locked(session, unread):
            problem = unread[watch.id]
            until = problem.at if isinstance(problem, TryLater) else None
            watch.look_at = max(until, soonest) if until else soonest


def _pause_account(bench: Bench, account: Account, watch_ids: Collection[int]) -> None:
    with bench.database.transaction() as session:
        now = bench.now()
        for watch in _locked(session, watch_ids):
            watch.look_at = now
        accounts.pause(session, actor=CLOCK, now=now, account_id=account.id, reason="credentials")
