"""Polling of live posts, many in one request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain, repeat
from sys import maxsize

from sqlalchemy import Insert, bindparam, func, select
from sqlalchemy.orm import Session

from publisher.database.bulk import insert_for
from publisher.delivery.monitoring import leases, results
from publisher.delivery.monitoring.intervals import first_look
from publisher.delivery.monitoring.leases import LeasedChecks
from publisher.delivery.monitoring.rate_guard import is_due, may_be_asked, store_limits
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Account, Delivery, DeliveryAction, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, PostKind
from publisher.platforms.base.charges import Cause, attribute_calls
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    Platform,
    PostOrError,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Outgoing, RemotePost
from publisher.scheduling import corrections

ROUNDS = 4
"""Requests for an account in a tick. With 50 checks each, this is enough for four times the 50,000
posts that an account is designed for, each checked more than once a day."""

MOST = 24
"""Requests in a tick for all accounts, so that it ends within its minute."""

PART = 4
"""A request that failed as a whole is divided by this: 100 checks are down to 1 after four."""

DOUBTFUL = 5
"""If at least this many posts are requested and none exists, that is verified."""

MOST_OPENED = 500
CATCH_UP = 1_000
"""Receipts this far behind the newest watched one are still looked at: they may commit late."""


@dataclass(frozen=True)
class RequestOutcome:
    """The result of one request for an account: the number of checks, 0 without a request.

    `most` is the size of its next request in this tick; 0 if it is done.
    """

    looks: int = 0
    most: int = 0


@attribute_calls(Cause.LOOKS)
def tick_watching(
    context: WorkerContext,
    *,
    most: int = MOST,
    rounds: int = ROUNDS,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Check the posts that have waited longest, one request for each account in turn.

    Returns the number of checks. An account that does not respond is skipped until the next tick,
    so that it delays no other.
    """
    with context.database.transaction() as session:
        open_watches(session, now=context.now())
    now = context.now()
    due_accounts = (
        select(ReceiptRow.account_id, func.min(Watch.look_at).label("since"))
        .join(Watch, Watch.receipt_id == ReceiptRow.id)
        .where(is_due(now))
        .group_by(ReceiptRow.account_id)
        .subquery()
    )
    longest_overdue_first = (
        select(Account.id)
        .join(due_accounts, due_accounts.c.account_id == Account.id)
        .where(*may_be_asked(now))
        .order_by(due_accounts.c.since)
    )
    with context.database.reading() as session:
        at_once = dict.fromkeys(session.scalars(longest_overdue_first), maxsize)
    number = requests = 0
    for account_id in chain.from_iterable(repeat(list(at_once), rounds)):
        if requests == most or is_stopping():
            break
        if at_once[account_id]:
            turn = _request(context, account_id, at_once[account_id])
            at_once[account_id] = turn.most
            number += turn.looks
            requests += turn.looks > 0
    return number


def open_watches(session: Session, *, now: datetime) -> int:
    """Add watches for new posts, with first checks spread over the day; return their number."""
    newest = session.scalar(select(func.max(Watch.receipt_id)))
    query = (
        select(ReceiptRow.id, Post.kind)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Post, Post.id == Delivery.post_id)
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
    rows = [
        {
            "receipt_id": receipt_id,
            "is_answer": kind is PostKind.REPLY,
            "look_at": first_look(receipt_id, is_answer=kind is PostKind.REPLY, now=now),
        }
        for receipt_id, kind in session.execute(query)
    ]
    if rows:
        connection = session.connection()
        connection.execute(_insert_watches(connection.dialect.name), rows)
    return len(rows)


# Other clocks open watches for the same posts at the same moment.
#: PostgreSQL:
#:   INSERT INTO watches (receipt_id, is_answer, look_at, seen_text, note)
#:   VALUES (:receipt_id, :is_answer, :look_at, :seen_text, :note)
#:   ON CONFLICT DO NOTHING
#:   RETURNING watches.id
@cache
def _insert_watches(dialect: str) -> Insert:
    names = ("receipt_id", "is_answer", "look_at")
    insertion = insert_for(dialect, Watch).values({name: bindparam(name) for name in names})
    return insertion.on_conflict_do_nothing()


def _request(context: WorkerContext, account_id: int, at_once: int) -> RequestOutcome:
    """Make one request for an account, of at most `at_once` checks."""
    # The account is read again: it may have been reconnected since the tick began.
    query = select(Account).where(Account.id == account_id, *may_be_asked(context.now()))
    with context.database.reading() as session:
        account = session.scalars(query).one_or_none()
    if account is None:
        return RequestOutcome()
    try:
        platform = context.open_account(account)
    except CredentialsExpired:
        leases.pause_account(context, account)
        return RequestOutcome()
    most = min(at_once, platform.limits.seen_at_once)
    looks = leases.lease(context, account, most, platform.limits.own_reach)
    return (
        RequestOutcome(len(looks.ids), _look(context, platform, looks, most))
        if looks.ids
        else RequestOutcome()
    )


def _look(context: WorkerContext, platform: Platform, looks: LeasedChecks, most: int) -> int:
    """Make the request without an open transaction; return the size of the next one."""
    answers = _ask(context, platform, looks)
    if answers is None:
        return 0
    if isinstance(answers, CreditsUsedUp):
        leases.give_back(context, looks)
        return 0
    if isinstance(answers, TryLater | Refused):
        names_no_time = isinstance(answers, Refused) or answers.at is None
        if names_no_time and len(looks.ids) > 1:
            leases.give_back(context, looks)
            return max(1, len(looks.ids) // PART)
        answers = dict.fromkeys(looks.ids.values(), answers)
    unread, posts = _divide({watch_id: answers[key] for watch_id, key in looks.ids.items()})
    if _is_doubtful(context, platform, looks.account, posts.values()):
        unread |= dict.fromkeys(posts, TryLater())
        posts = {}
    if unread:
        leases.postpone(context, looks, unread)
    results.store(context, posts, at=looks.at)
    is_answered = not any(isinstance(problem, TryLater) for problem in unread.values())
    return most if is_answered and not looks.are_all else 0


def _ask(
    context: WorkerContext, platform: Platform, looks: LeasedChecks
) -> Mapping[str, PostOrError] | TryLater | Refused | None:
    """Return the answer for each post, or for the whole request; None if access has ended."""
    answers: Mapping[str, PostOrError] | TryLater | Refused
    try:
        # A post that is not on the timeline may have been edited or deleted, or may be too old for
        # the timeline: it is requested by its id.
        platform_ids = list(dict.fromkeys(looks.ids.values()))
        on_timeline = platform.see_own(platform_ids) if looks.on_timeline else {}
        others = [platform_id for platform_id in platform_ids if platform_id not in on_timeline]
        answers = {**on_timeline, **(platform.see_many(others) if others else {})}
    except CredentialsExpired:
        leases.pause_account(context, looks.account, looks)
        return None
    except (TryLater, Refused) as problem:
        answers = problem
    each = answers.values() if isinstance(answers, Mapping) else [answers]
    store_limits(context, looks.account, platform, each)
    return answers


def _is_doubtful(
    context: WorkerContext,
    platform: Platform,
    account: Account,
    posts: Collection[RemotePost | None],
) -> bool:
    """Return True if all of many posts are missing and a lost permission may be the cause.

    Facebook gives the same answer then. It is trusted only if the account's health check passes
    and its feed is readable.
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


def _divide(
    answers: Mapping[int, PostOrError],
) -> tuple[dict[int, TryLater | Refused], dict[int, RemotePost | None]]:
    """Divide the answers into those that could not be read, and posts (None: missing)."""
    unread: dict[int, TryLater | Refused] = {}
    posts: dict[int, RemotePost | None] = {}
    for watch_id, answer in answers.items():
        if isinstance(answer, TryLater | Refused):
            unread[watch_id] = answer
        else:
            posts[watch_id] = answer
    return unread, posts
