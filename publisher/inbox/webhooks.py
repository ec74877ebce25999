"""Store a platform's webhooks about comments, and read the comments that they name.

A webhook is stored as it came before it is acknowledged. It only gives hints: each comment that it
names is read by its id, and its present state is stored. So webhooks may come in any order and
twice.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby

from sqlalchemy import Insert, exists, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import failpoints, transitions
from publisher.database.bulk import bulk_insert, column_is, insert_for
from publisher.database.session import core_table
from publisher.delivery import failures
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.worker_context import WorkerContext
from publisher.inbox import comment_storage
from publisher.inbox.ingest import PAUSE_AFTER_ERROR, TOLD_EVERY
from publisher.models.comments import Comment, CommentHint, Webhook
from publisher.models.deliveries import Account, DeliveryAction, ReceiptRow
from publisher.platforms.base.protocol import (
    CommentOrError,
    CredentialsExpired,
    Refused,
    TellsOfComments,
    TryLater,
)
from publisher.platforms.base.types import CommentChange, RemoteComment
from publisher.platforms.registry import capabilities
from publisher.review import takedown_orders
from publisher.states import AccountState

MOST_AT_ONCE = 50
"""The number of comments that are read in one request."""

SHORTEST_PAUSE = timedelta(seconds=5)

DOUBTED_FOR = timedelta(minutes=10)
"""For this long a comment is read again if the platform does not show what it reported of it."""

_VISIBILITY = frozenset({CommentChange.HIDDEN, CommentChange.SHOWN})
log = logging.getLogger("nagarvani.webhooks")


@dataclass(frozen=True)
class HintBatch:
    """Hints about comments of one account that this clock reads now, until their lease ends."""

    account: Account
    hint_ids: tuple[int, ...]
    roots: Mapping[str, str]
    leased_until: datetime


def store(session: Session, *, now: datetime, platform: str, body: bytes) -> None:
    """Store a signed webhook as it came; one that comes again is stored once."""
    session.execute(
        _insert_webhook(session.connection().dialect.name),
        {
            "platform": platform,
            "digest": hashlib.sha256(body).hexdigest(),
            "body": body,
            "received_at": now,
        },
    )


#: PostgreSQL:
#:   INSERT INTO webhooks (id, platform, digest, body, received_at, worked_at)
#:   VALUES (:id, :platform, :digest, :body, :received_at, :worked_at)
#:   ON CONFLICT DO NOTHING
@cache
def _insert_webhook(dialect: str) -> Insert:
    return insert_for(dialect, Webhook).on_conflict_do_nothing()


def tick_webhooks(
    context: WorkerContext, *, most: int = 50, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Process the stored webhooks, and read what they name; return the number of new comments.

    After an account fails to respond, its other comments wait for a later tick.
    """
    waiting = exists().where(Webhook.worked_at.is_(None))
    due = exists().where(CommentHint.read_at <= context.now())
    with context.database.reading() as session:
        if not session.scalar(select(waiting | due)):
            return 0
    for _ in range(most):
        if is_stopping() or not _work_next(context):
            break
    new_count, pool = 0, PlatformPool(context)
    silent_ids: set[int] = set()
    for _ in range(most):
        batch = None if is_stopping() else _lease_next(context, silent_ids)
        if batch is None:
            break
        new_count += _read(pool, batch, silent_ids)
    return new_count


def _work_next(context: WorkerContext) -> bool:
    """Store the hints of the oldest webhook that waits; return False if none does."""
    with context.database.transaction() as session:
        query = select(Webhook).where(Webhook.worked_at.is_(None)).order_by(Webhook.id).limit(1)
        webhook = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
        if webhook is None:
            return False
        webhook.worked_at = context.now()
        if hints := _webhook_hints(webhook):
            bulk_insert(session, CommentHint, hints)
    failpoints.hit("webhook.unworked")
    return True


def _webhook_hints(webhook: Webhook) -> list[dict[str, object]]:
    support = capabilities(webhook.platform).webhooks
    changes = support.load().read_changes(webhook.body) if support else None
    if changes is None:
        log.warning("webhook %d is signed, and of no known form", webhook.id)
    return [
        {
            "platform": webhook.platform,
            "platform_id": change.platform_id,
            "root_id": change.root_id,
            "change": change.change.value,
            "told_at": webhook.received_at,
            "read_at": webhook.received_at,
        }
        for change in changes or ()
    ]


def _lease_next(context: WorkerContext, silent_ids: Collection[int]) -> HintBatch | None:
    """Lease the oldest hints about one account, so that no other clock reads them now.

    Those that cannot be read are postponed until there is a batch, or none is due.
    """
    while True:
        with context.database.transaction() as session:
            now = context.now()
            query = select(CommentHint).where(CommentHint.read_at <= now)
            query = query.order_by(CommentHint.read_at, CommentHint.id).limit(MOST_AT_ONCE)
            hints = session.scalars(query.with_for_update(skip_locked=True)).all()
            if not hints:
                return None
            readable = _readable(session, hints, silent_ids, now)
            if readable:
                account = next(iter(readable.values()))
                ours = [hint for hint in hints if readable.get(hint.id) is account]
                return _lease(context, session, account, ours)


def _readable(
    session: Session, hints: Sequence[CommentHint], silent_ids: Collection[int], now: datetime
) -> dict[int, Account]:
    """Return the account of each hint that can be read now, and postpone the others."""
    query = (
        select(ReceiptRow.platform_id, Account)
        .join(Account, Account.id == ReceiptRow.account_id)
        .where(
            Account.platform.in_({hint.platform for hint in hints}),
            ReceiptRow.platform_id.in_({hint.root_id for hint in hints}),
            column_is(core_table(ReceiptRow).c.action, DeliveryAction.PUBLISH),
        )
    )
    accounts = {(account.platform, root_id): account for root_id, account in session.execute(query)}
    readable = {}
    for hint in hints:
        account = accounts.get((hint.platform, hint.root_id))
        if account is None:
            _postpone(hint, now, longest=TOLD_EVERY)
        elif account.state is not AccountState.CONNECTED or account.id in silent_ids:
            _postpone(hint, now)
        else:
            readable[hint.id] = account
    return readable


def _postpone(hint: CommentHint, now: datetime, *, longest: timedelta = PAUSE_AFTER_ERROR) -> None:
    """Read the comment later: the pauses grow with the age of the hint."""
    hint.read_at = now + min(max(now - hint.told_at, SHORTEST_PAUSE), longest)


def _lease(
    context: WorkerContext, session: Session, account: Account, hints: Sequence[CommentHint]
) -> HintBatch:
    """Lease these hints, and all others about the same comments."""
    comment_ids = {hint.platform_id for hint in hints}
    query = select(CommentHint).where(
        CommentHint.platform == account.platform, CommentHint.platform_id.in_(comment_ids)
    )
    leased_until = context.now() + timedelta(seconds=context.delivery_settings.lease)
    leased = session.scalars(query.with_for_update(skip_locked=True)).all()
    for hint in leased:
        hint.read_at = leased_until
    return HintBatch(
        account,
        tuple(hint.id for hint in leased),
        {hint.platform_id: hint.root_id for hint in hints},
        leased_until,
    )


def _read(pool: PlatformPool, batch: HintBatch, silent_ids: set[int]) -> int:
    """Read the comments of a batch and store them; return the number of new ones."""
    context, asked_at = pool.context, pool.context.now()
    comments: Mapping[str, CommentOrError]
    try:
        platform = pool.open(batch.account)
        if not isinstance(platform, TellsOfComments):
            raise TypeError(batch.account.platform)
        comments = platform.comments_by_ids(batch.roots)
    except (TryLater, Refused) as problem:
        silent_ids.add(batch.account.id)
        comments = dict.fromkeys(batch.roots, problem)
    except CredentialsExpired as problem:
        with context.database.transaction() as session:
            failures.pause(session, batch.account.id, context.now())
        comments = dict.fromkeys(batch.roots, TryLater(None, problem.detail))
    failpoints.hit("webhook.read_unstored")
    new_count = _store_batch(context, batch, comments, asked_at)
    failpoints.hit("webhook.read_stored")
    return new_count


def _store_batch(
    context: WorkerContext,
    batch: HintBatch,
    comments: Mapping[str, CommentOrError],
    asked_at: datetime,
) -> int:
    """Store what was read, unless the lease was lost; return the number of new comments."""
    new_count = 0
    with context.database.transaction() as session:
        now = context.now()
        transitions.lock(session, Account, batch.account.id)
        query = select(CommentHint).where(
            CommentHint.id.in_(batch.hint_ids), CommentHint.read_at == batch.leased_until
        )
        leased = session.scalars(query.order_by(CommentHint.platform_id).with_for_update()).all()
        for comment_id, group in groupby(leased, lambda hint: hint.platform_id):
            hints, comment = list(group), comments[comment_id]
            if isinstance(comment, RemoteComment) and not comment.by_ourselves:
                account_id = batch.account.id
                new_count += comment_storage.store_or_keep(
                    session, account_id, comment, now, asked_at=asked_at
                )
            _end_or_postpone(session, batch.account.id, hints, comment, now)
    return new_count


def _end_or_postpone(
    session: Session,
    account_id: int,
    hints: Sequence[CommentHint],
    comment: CommentOrError,
    now: datetime,
) -> None:
    """Delete the hints once the platform shows what it reported, or has had time to show it."""
    changes = {hint.change for hint in hints}
    is_shown = not isinstance(comment, TryLater | Refused) and _is_shown(changes, comment)
    is_old = all(hint.told_at <= now - DOUBTED_FOR for hint in hints)
    if isinstance(comment, TryLater | Refused) or not (is_shown or is_old):
        for hint in hints:
            _postpone(hint, now)
        return
    if is_shown:
        _note(session, account_id, hints, comment, now)
    for hint in hints:
        session.delete(hint)


def _is_shown(changes: Collection[str], comment: RemoteComment | None) -> bool:
    """Return True if what was read agrees with the hints; platforms show some changes late."""
    if CommentChange.REMOVED in changes:
        return comment is None
    if comment is None:
        return False
    visibility = _VISIBILITY & set(changes)
    present = CommentChange.HIDDEN if comment.is_hidden else CommentChange.SHOWN
    return not visibility or present in visibility


def _note(
    session: Session,
    account_id: int,
    hints: Sequence[CommentHint],
    remote_comment: RemoteComment | None,
    now: datetime,
) -> None:
    """Record in the stored comment when it was reported, and if it was hidden or deleted."""
    query = select(Comment).where(
        Comment.account_id == account_id, Comment.platform_id == hints[0].platform_id
    )
    comment = session.scalars(query).one_or_none()
    if comment is None:
        return
    comment.told_at = comment.told_at or min(hint.told_at for hint in hints)
    if remote_comment is None and comment.gone_at is None:
        comment.gone_at = now
        transitions.record(session, comment, "deleted_on_platform", actor=CLOCK, now=now)
    elif remote_comment is not None and _VISIBILITY & {hint.change for hint in hints}:
        _note_visibility(session, comment, is_hidden=remote_comment.is_hidden is True, now=now)


def _note_visibility(session: Session, comment: Comment, *, is_hidden: bool, now: datetime) -> None:
    orders = takedown_orders.list_comment_orders(session, comment.id)
    if is_hidden is (comment.hidden_at is not None) or any(map(takedown_orders.is_pending, orders)):
        return  # an order of ours records itself that it was carried out
    comment.hidden_at = now if is_hidden else None
    verb = "hidden_on_platform" if is_hidden else "shown_on_platform"
    transitions.record(session, comment, verb, actor=CLOCK, now=now)
