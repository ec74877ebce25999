"""Looking at what is out, many at once: who is asked, for what, and what is put off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from sys import maxsize

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from publisher.delivery.monitoring import leases, results
from publisher.delivery.monitoring.intervals import LONGEST, pause
from publisher.delivery.monitoring.leases import Looks
from publisher.delivery.monitoring.rate_guard import heed, may_be_asked
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, DeliveryAction, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OneSeen,
    Platform,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Outgoing, RemotePost
from publisher.scheduling import corrections

ROUNDS = 4
"""Requests for one account in a tick: of fifty looks each they are enough for four times the
50,000 publications that an account is made for, each looked at more than once a day."""

MOST = 24
"""Requests in a tick, for all accounts: it ends within its minute."""

PART = 4
"""Of a request that failed as a whole so many parts are made: a hundred are one after four."""

DOUBTFUL = 5
"""Where so many are asked for and none is there, that is not believed without more."""

MOST_OPENED = 500
CATCH_UP = 1_000
"""So far behind the newest watched receipt one may still have been committed late."""


@dataclass(frozen=True)
class Turn:
    """What came of an account's turn: how many looks, none where nothing was asked.

    `most`: how many its next request may hold; none where it is done for this tick.
    """

    looks: int = 0
    most: int = 0


def tick_watching(
    context: WorkerContext,
    *,
    most: int = MOST,
    rounds: int = ROUNDS,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Look at what has waited longest, in turns of one request; gives the number of looks.

    An account that gives no answer is left alone until the next tick: it keeps no other waiting.
    """
    with context.database.transaction() as session:
        open_watches(session, now=context.now())
        if context.delivery_settings.weekly_looks_after is None:
            _pull_in(session, context.now())
    number = requests = 0
    at_once = dict.fromkeys(_waiting(context), maxsize)
    for account_id in chain.from_iterable(repeat(list(at_once), rounds)):
        if requests == most or is_stopping():
            break
        if at_once[account_id]:
            turn = _turn(context, account_id, at_once[account_id])
            at_once[account_id] = turn.most
            number += turn.looks
            requests += turn.looks > 0
    return number


def open_watches(session: Session, *, now: datetime) -> int:
    """Watch whatever came out since, each from a moment of its own on within the day."""
    newest = session.scalar(select(func.max(Watch.receipt_id)))
    query = (
        select(ReceiptRow.id)
        .outerjoin(Watch, Watch.receipt_id == ReceiptRow.id)
        .where(
            Watch.id.is_(None),
            ReceiptRow.id > (newest or 0) - CATCH_UP,
            ReceiptRow.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
            ReceiptRow.platform_id.not_like(f"{corrections.UNKNOWN_ID}%"),
        )
        .order_by(ReceiptRow.id)
        .limit(MOST_OPENED)
    )
    found_ids = list(session.scalars(query))
    rows = [
        {"receipt_id": receipt_id, "look_at": now + pause(receipt_id)} for receipt_id in found_ids
    ]
    if rows:
        session.execute(insert(Watch), rows)
    return len(rows)


def _pull_in(session: Session, now: datetime) -> None:
    """What had its weekly pause before every look was to be daily is due at once."""
    query = (
        select(Watch.id)
        .where(Watch.look_at > now + LONGEST)
        .order_by(Watch.look_at)
        .limit(MOST_OPENED)
    )
    far = list(session.scalars(query.with_for_update(skip_locked=True)))
    if far:
        session.execute(update(Watch).where(Watch.id.in_(far)).values(look_at=now))


def _waiting(context: WorkerContext) -> list[int]:
    """The accounts with looks due, the one first of which something has waited longest."""
    now = context.now()
    due_accounts = (
        select(ReceiptRow.account_id, func.min(Watch.look_at).label("since"))
        .join(Watch, Watch.receipt_id == ReceiptRow.id)
        .where(Watch.look_at <= now)
        .group_by(ReceiptRow.account_id)
        .subquery()
    )
    query = (
        select(Account.id)
        .join(due_accounts, due_accounts.c.account_id == Account.id)
        .where(*may_be_asked(now))
        .order_by(due_accounts.c.since)
    )
    with context.database.reading() as session:
        return list(session.scalars(query))


def _turn(context: WorkerContext, account_id: int, at_once: int) -> Turn:
    """One request for an account, of so many looks at most.

    The account is read anew: it may have been connected anew since the tick began.
    """
    query = select(Account).where(Account.id == account_id, *may_be_asked(context.now()))
    with context.database.reading() as session:
        account = session.scalars(query).one_or_none()
    if account is None:
        return Turn()
    try:
        platform = context.open_account(account)
    except CredentialsExpired:
        leases.pause_account(context, account)
        return Turn()
    most = min(at_once, platform.limits.seen_at_once)
    looks = leases.take(context, account, most)
    return Turn(len(looks.ids), _look(context, platform, looks, most)) if looks.ids else Turn()


def _look(context: WorkerContext, platform: Platform, looks: Looks, most: int) -> int:
    """Look, with no transaction open meanwhile; gives how many the next request may hold."""
    answers = _ask(context, platform, looks)
    if answers is None:
        return 0
    if isinstance(answers, TryLater | Refused):
        names_no_time = isinstance(answers, Refused) or answers.at is None
        if names_no_time and len(looks.ids) > 1:
            leases.give_back(context, looks)
            return max(1, len(looks.ids) // PART)
        answers = dict.fromkeys(looks.ids.values(), answers)
    unread, posts = _parted({watch_id: answers[key] for watch_id, key in looks.ids.items()})
    if _is_doubtful(context, platform, looks.account, posts.values()):
        unread |= dict.fromkeys(posts, TryLater())
        posts = {}
    if unread:
        leases.put_off(context, looks, unread)
    results.keep(context, posts, at=looks.at)
    is_answered = not any(isinstance(problem, TryLater) for problem in unread.values())
    return most if is_answered and len(looks.ids) == most else 0


def _ask(
    context: WorkerContext, platform: Platform, looks: Looks
) -> Mapping[str, OneSeen] | TryLater | Refused | None:
    """What the platform says of each, or of the request as a whole; None: it knows us no more."""
    answers: Mapping[str, OneSeen] | TryLater | Refused
    try:
        answers = platform.see_many(list(dict.fromkeys(looks.ids.values())))
    except CredentialsExpired:
        leases.pause_account(context, looks.account, looks)
        return None
    except (TryLater, Refused) as problem:
        answers = problem
    each = answers.values() if isinstance(answers, Mapping) else [answers]
    heed(context, looks.account.id, platform, each)
    return answers


def _is_doubtful(
    context: WorkerContext,
    platform: Platform,
    account: Account,
    posts: Collection[RemotePost | None],
) -> bool:
    """Where none of many is there: Facebook says the same where it was a right that went.

    It is believed where the account is in good health, and shows what it has.
    """
    if len(posts) < DOUBTFUL or any(
        remote_post is not None and remote_post.is_public for remote_post in posts
    ):
        return False
    health = platform.check()
    if not health.ok or health.missing or account.missing:
        return True
    try:
        platform.look_up(Outgoing(""), since=context.now())
    except (TryLater, Refused, CredentialsExpired):
        return True
    return False


def _parted(
    answers: Mapping[int, OneSeen],
) -> tuple[dict[int, TryLater | Refused], dict[int, RemotePost | None]]:
    """What could not be read, and what could: there, or not there."""
    unread: dict[int, TryLater | Refused] = {}
    posts: dict[int, RemotePost | None] = {}
    for watch_id, answer in answers.items():
        if isinstance(answer, TryLater | Refused):
            unread[watch_id] = answer
        else:
            posts[watch_id] = answer
    return unread, posts
