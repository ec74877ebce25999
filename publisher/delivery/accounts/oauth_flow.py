"""Connect an account by OAuth, in a flow bound to one sign-in, whose callback works once.

No account is stored before the person has chosen one and confirmed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.credentials import Vault
from publisher.delivery.accounts.manage import AccountSettings
from publisher.models.accounts import Connecting
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    StartedFlow,
    TokenFacts,
)
from publisher.states import AccountState
from publisher.validation import existing

LIFE: Final = timedelta(minutes=15)
"""The time within which the callback has to come; X's request token is valid as long."""

CHOICE_LIFE: Final = timedelta(hours=1)
"""The time, from the start of the flow, in which the person has to choose an account."""


def start_oauth(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    platform: str,
    begun: StartedFlow,
    sign_in_id: int,
    vault: Vault,
    account_id: int | None = None,
) -> Connecting:
    """Store a new flow; `account_id` is an account to reconnect."""
    require(actor, Action.CONNECT_ACCOUNT, None, now=now)
    connecting = Connecting(
        platform=platform,
        state_digest=_digest(begun.state),
        sign_in_id=sign_in_id,
        account_id=account_id,
        address=begun.address,
        begun_at=now,
        sealed=vault.seal({"secret": begun.secret}),
    )
    session.add(connecting)
    session.flush()
    return connecting


def oauth_session(
    session: Session, connecting_id: int, *, sign_in_id: int, lock: bool = True
) -> Connecting:
    """Return a flow of this sign-in, locked if `lock` is set. Raises `NotFound`."""
    of_this = (Connecting.id == connecting_id, Connecting.sign_in_id == sign_in_id)
    return existing(_find(session, *of_this, lock=lock), connecting_id)


def _find(session: Session, *conditions: ColumnElement[bool], lock: bool) -> Connecting | None:
    query = select(Connecting).where(*conditions).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def oauth_callback(
    session: Session, *, now: datetime, platform: str, state: str, sign_in_id: int, vault: Vault
) -> tuple[Connecting, str]:
    """Return the flow that this callback belongs to, now used up, and its secret.

    Raises `OAuthAborted`: WRONG_STATE if no flow of this sign-in waits for it, EXPIRED if it is
    too old.
    """
    connecting = _find(
        session,
        Connecting.state_digest == _digest(state),
        Connecting.platform == platform,
        Connecting.sign_in_id == sign_in_id,
        lock=True,
    )
    if connecting is None or connecting.back_at is not None or connecting.ended_at is not None:
        raise OAuthAborted(AbortReason.WRONG_STATE)
    if now > connecting.begun_at + LIFE:
        raise OAuthAborted(AbortReason.EXPIRED)
    connecting.back_at = now
    return connecting, vault.open(connecting.sealed)["secret"]


def store_candidates(
    session: Session,
    *,
    connecting_id: int,
    sign_in_id: int,
    accounts: Sequence[ConnectableAccount],
    vault: Vault,
) -> None:
    """Store the accounts found, encrypted, until the person has chosen.

    Raises `OAuthAborted` if an account was to be reconnected and is not among them.
    """
    connecting = oauth_session(session, connecting_id, sign_in_id=sign_in_id)
    fitting = [
        account
        for account in accounts
        if connecting.account is None or _is_same(connecting.account, account)
    ]
    if not fitting:
        raise OAuthAborted(
            AbortReason.OTHER_ACCOUNT, ", ".join(account.name for account in accounts)
        )
    accounts_json = json.dumps([asdict(account) for account in fitting], ensure_ascii=False)
    connecting.sealed = vault.seal({"found": accounts_json})


def _is_same(account: Account, candidate: ConnectableAccount) -> bool:
    if account.platform_id:
        return account.platform_id == candidate.platform_id
    return account.handle.lower() == candidate.handle.lower()


def candidates(connecting: Connecting, vault: Vault) -> tuple[ConnectableAccount, ...]:
    """Return the accounts found by a flow after its callback; () before, or once it has ended."""
    if connecting.back_at is None or connecting.ended_at is not None:
        return ()
    accounts_json = vault.open(connecting.sealed).get("found", "[]")
    return tuple(ConnectableAccount.read(fields) for fields in json.loads(accounts_json))


def refuse(
    session: Session, *, now: datetime, connecting_id: int, sign_in_id: int, turned: OAuthAborted
) -> None:
    """End the flow without an account, and delete what it had found."""
    connecting = oauth_session(session, connecting_id, sign_in_id=sign_in_id)
    connecting.refusal, connecting.details = turned.why.value, turned.about[:500]
    connecting.ended_at, connecting.sealed = now, ""


def tidy(session: Session, *, now: datetime) -> int:
    """End unfinished flows that are too old, delete what they had found, return their number."""
    old = Connecting.begun_at < now - CHOICE_LIFE
    query = select(Connecting).where(Connecting.ended_at.is_(None), old)
    unfinished = list(session.scalars(query.with_for_update(skip_locked=True)))
    for connecting in unfinished:
        connecting.refusal, connecting.ended_at, connecting.sealed = (
            AbortReason.EXPIRED.value,
            now,
            "",
        )
    return len(unfinished)


def finish(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    connecting_id: int,
    sign_in_id: int,
    chosen: ConnectableAccount,
    facts: TokenFacts | None,
    choice: AccountSettings,
    vault: Vault,
) -> Account:
    """Connect the chosen account and return it; an existing account keeps its row.

    Raises `Invalid`, or `OAuthAborted` if the flow has ended or a right is missing.
    """
    require(actor, Action.CONNECT_ACCOUNT, None, now=now)
    connecting = oauth_session(session, connecting_id, sign_in_id=sign_in_id)
    if connecting.ended_at is not None:
        raise OAuthAborted(AbortReason.WRONG_STATE)
    if now > connecting.begun_at + CHOICE_LIFE:
        raise OAuthAborted(AbortReason.EXPIRED)
    missing = (*chosen.missing, *(facts.missing if facts else ()))
    if missing:
        raise OAuthAborted(AbortReason.MISSING_RIGHTS, ", ".join(missing))
    account_settings = manage.validate_settings(
        session, choice, _lock_account(session, connecting.platform, chosen), now=now
    )
    account = _connect(session, connecting.platform, chosen, account_settings, actor=actor, now=now)
    account.credentials = vault.seal(chosen.credentials)
    account.checked_at = now
    manage.keep_facts(account, facts or TokenFacts())
    manage.apply_choice(session, account, account_settings, now=now)
    connecting.ended_at, connecting.sealed, connecting.account_id = now, "", account.id
    return account


def is_from_page(session: Session, account: Account) -> bool:
    """Return True if the account is connected, and was last connected by a person on the page."""
    if account.state is AccountState.DISCONNECTED:
        return False
    query = select(Event.person_id).where(
        Event.subject == Account.__tablename__,
        Event.subject_id == account.id,
        Event.verb == "connect",
    )
    return session.scalar(query.order_by(Event.id.desc()).limit(1)) is not None


def _lock_account(session: Session, platform: str, chosen: ConnectableAccount) -> Account | None:
    """Return our row of the chosen account, locked until the transaction ends."""
    code = f"{platform}-{chosen.platform_id}"
    return manage.find_account(session, code, platform, chosen.platform_id, chosen.handle)


def _connect(
    session: Session,
    platform: str,
    chosen: ConnectableAccount,
    account_settings: AccountSettings,
    *,
    actor: Actor,
    now: datetime,
) -> Account:
    account = _lock_account(session, platform, chosen)
    if account is None:
        account = Account(
            code=f"{platform}-{chosen.platform_id}",
            platform=platform,
            name=account_settings.name,
            department_id=account_settings.department_id,
            state_at=now,
            state=AccountState.CONNECTED,
        )
        session.add(account)
    if account.handle != chosen.handle or not account.url:
        account.handle, account.url = chosen.handle, chosen.url
    account.platform_id, account.reason, account.quiet_until = chosen.platform_id, "", None
    session.flush()
    if account.state is AccountState.CONNECTED:
        transitions.record(session, account, "connect", actor=actor, now=now)
    else:
        transitions.apply(
            session, account, AccountState.CONNECTED, actor=actor, now=now, verb="connect"
        )
    return account


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
