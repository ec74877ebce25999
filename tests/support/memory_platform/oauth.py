"""Connect an account in memory: the callback names the account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    StartedFlow,
    TokenFacts,
)
from tests.support.memory_platform.store import HOST

if TYPE_CHECKING:
    from publisher.platforms.capabilities import Installation

TOKEN_LIFE: Final = timedelta(days=3)


def start(_installation: Installation, *, callback: str, state: str) -> StartedFlow:
    """Return the URL of a page that leads back to the callback."""
    return StartedFlow(f"https://{HOST}/allow?back={callback}&memory_state={state}", state)


def callback_state(query: Mapping[str, str]) -> str:
    """Return the state in a callback; empty if it has none."""
    return query.get("memory_state", "")


def finish(
    _installation: Installation,
    *,
    callback: str,
    secret: str,
    query: Mapping[str, str],
) -> tuple[ConnectableAccount, ...]:
    """Return the account that the callback names. Raises `OAuthAborted`."""
    if not query.get("handle"):
        raise OAuthAborted(AbortReason.NO_PAGE)
    return (account_of(query["handle"], "token"),)


def examine(installation: Installation, credentials: Mapping[str, str]) -> TokenFacts | None:
    """Return the end of a token; there are no rights to tell of."""
    return TokenFacts(until=installation.now() + TOKEN_LIFE) if credentials.get("token") else None


def account_of(handle: str, token: str) -> ConnectableAccount:
    """Return the account with this handle."""
    return ConnectableAccount(
        platform_id=handle,
        handle=handle,
        name=f"Board of {handle}",
        url=f"https://{HOST}/{handle}",
        credentials={"token": token},
    )
