"""Whether platforms report comments by webhooks, and whether that is relied on.

If a platform reports them, our posts are polled every six hours; else as often as before. This is
relied on only while the platform keeps confirming that it reports to our app, and while polling
finds nothing that it should have reported. So a subscription that ends silently loses no comment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import failures
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.worker_context import WorkerContext
from publisher.models.comments import Comment, Source
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    PlatformError,
    TellsOfComments,
)
from publisher.platforms.registry import all_platforms
from publisher.states import AccountState

ASK_EVERY = timedelta(minutes=5)
"""How often a platform is asked if it reports an account's comments to our app."""

VALID_FOR = timedelta(minutes=15)
"""How long its answer is relied on."""

BROUGHT_WITHIN = timedelta(minutes=10)
"""A comment that polling found and that no webhook has named by this age was not reported."""

PROOF = timedelta(days=1)
"""For this long, polling must have found nothing that was not reported."""


class WebhookState(StrEnum):
    """Whether webhooks bring an account's comments, or why they are not relied on."""

    TOLD = "told"
    UNSET = "unset"
    RIGHT_MISSING = "right_missing"
    NOT_SUBSCRIBED = "not_subscribed"
    LATE = "late"


def telling(
    session: Session, accounts: Sequence[Account], settings: Mapping[str, str], *, now: datetime
) -> dict[int, WebhookState]:
    """Return the state of each connected account whose platform has webhooks, by account id."""
    supports = {platform.name: platform.webhooks for platform in all_platforms()}
    late_ids = _late_account_ids(session, now)
    states = {}
    for account in accounts:
        support = supports.get(account.platform)
        if support is None or account.state is not AccountState.CONNECTED:
            continue
        if not all(settings.get(name) for name in support.settings):
            states[account.id] = WebhookState.UNSET
        elif account.subscribed_at is None or account.subscribed_at <= now - VALID_FOR:
            lacks_right = account.scopes and support.right not in account.scopes
            states[account.id] = (
                WebhookState.RIGHT_MISSING if lacks_right else WebhookState.NOT_SUBSCRIBED
            )
        else:
            states[account.id] = WebhookState.LATE if account.id in late_ids else WebhookState.TOLD
    return states


def _late_account_ids(session: Session, now: datetime) -> set[int]:
    """Return the accounts for which polling found comments within a day that were not reported."""
    query = select(Comment.account_id).where(
        Comment.account_id.in_(select(Account.id).where(Account.subscribed_at.is_not(None))),
        Comment.seen_at > now - PROOF,
        Comment.written_at <= now - BROUGHT_WITHIN,
        Comment.told_at.is_(None),
    )
    return set(session.scalars(query.distinct()))


def tick_subscriptions(
    context: WorkerContext,
    settings: Mapping[str, str],
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Ask the platforms what they report, and poll accordingly; return the number of changes."""
    pool = PlatformPool(context)
    for account in _accounts_to_subscribe(context, settings):
        if is_stopping():
            break
        _ask(pool, account)
    with context.database.reading() as session:
        if not _changes(session, settings, context.now()):
            return 0
    with context.database.transaction() as session:
        now = context.now()
        changes = _changes(session, settings, now)
        for account, state in changes:
            _rely(session, account, state, now)
        return len(changes)


def _accounts_to_subscribe(context: WorkerContext, settings: Mapping[str, str]) -> list[Account]:
    names = [
        platform.name
        for platform in all_platforms()
        if platform.webhooks and all(settings.get(name) for name in platform.webhooks.settings)
    ]
    asked_at = Account.subscription_asked_at
    query = select(Account).where(
        Account.platform.in_(names),
        Account.state == AccountState.CONNECTED,
        or_(asked_at.is_(None), asked_at <= context.now() - ASK_EVERY),
    )
    with context.database.reading() as session:
        return list(session.scalars(query.order_by(Account.id)))


def _ask(pool: PlatformPool, questioned: Account) -> None:
    """Ask if the platform reports this account's comments, and subscribe if it does not."""
    context, is_subscribed, is_expired = pool.context, False, False
    try:
        platform = pool.open(questioned)
        if isinstance(platform, TellsOfComments):
            is_subscribed = platform.is_subscribed()
            if not is_subscribed:
                platform.subscribe()
                is_subscribed = platform.is_subscribed()
    except CredentialsExpired:
        is_expired = True
    except PlatformError:
        pass  # the last answer is relied on until it is too old
    with context.database.transaction() as session:
        account, now = transitions.lock(session, Account, questioned.id), context.now()
        if account is None or account.credentials != questioned.credentials:
            return  # reconnected meanwhile: asked again
        account.subscription_asked_at = now
        if is_subscribed:
            account.subscribed_at = now
        if is_expired:
            failures.pause(session, account.id, now)


def _changes(
    session: Session, settings: Mapping[str, str], now: datetime
) -> list[tuple[Account, WebhookState | None]]:
    """Return the accounts whose webhooks begin or cease to be relied on."""
    accounts = session.scalars(select(Account).order_by(Account.id)).all()
    states = telling(session, accounts, settings, now=now)
    return [
        (account, states.get(account.id))
        for account in accounts
        if account.is_told is not (states.get(account.id) is WebhookState.TOLD)
    ]


def _rely(session: Session, account: Account, state: WebhookState | None, now: datetime) -> None:
    """Begin or cease to rely on webhooks; if it ceases, every post of 30 days is read at once."""
    transitions.lock(session, Account, account.id)
    account.is_told = state is WebhookState.TOLD
    verb = "webhooks_relied_on" if account.is_told else "webhooks_not_relied_on"
    values = {"why": state.value if state else account.state.value}
    transitions.record(session, account, verb, actor=CLOCK, now=now, values=values)
    if not account.is_told:
        due = update(Source).where(Source.account_id == account.id, Source.read_at > now)
        session.execute(due.values(read_at=now))
