"""Values of the OAuth flows: started flows, candidates, token facts, and reasons of an abort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    PlatformError,
    Refused,
)


class AbortReason(StrEnum):
    """The reason why a flow was aborted, as a code that the pages translate."""

    DENIED = "denied"
    EXPIRED = "expired"
    APP_KEYS = "app_keys"
    CALLBACK = "callback"
    CREDITS = "credits"
    UNREACHABLE = "unreachable"
    NO_PAGE = "no_page"
    NO_PORTFOLIO = "no_portfolio"
    MISSING_RIGHTS = "missing_rights"
    OTHER_ACCOUNT = "other_account"
    OTHER_APP = "other_app"
    WRONG_STATE = "wrong_state"


class OAuthAborted(Exception):
    """The flow was aborted; `why` is the code, `about` a value for the message."""

    def __init__(self, why: AbortReason, about: str = "") -> None:
        super().__init__(why, about)
        self.why = why
        self.about = about


@dataclass(frozen=True)
class StartedFlow:
    """The URL to send the person to, and the parameter that identifies the callback.

    `secret` has to be stored until the callback; it is empty if there is none.
    """

    address: str
    state: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class TokenFacts:
    """A platform's facts about a token: expiry of the token and of data access, and permissions.

    Moments are aware UTC, None if they are never or not reported. `missing` are required
    permissions that were not granted.
    """

    until: datetime | None = None
    data_until: datetime | None = None
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConnectableAccount:
    """An account that could be connected, by its id, handle and name on the platform.

    `missing` are permissions on this account that the person does not have.
    """

    platform_id: str
    handle: str
    name: str
    url: str
    credentials: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> ConnectableAccount:
        """Return the account from values that `asdict` returned, and that were stored as JSON."""
        return cls(**{**values, "missing": tuple(values["missing"])})


def make_abort(
    problem: PlatformError, *, refused: AbortReason, keys: AbortReason = AbortReason.APP_KEYS
) -> OAuthAborted:
    """Return the abort for a platform's error; `refused` and `keys` are this step's reasons."""
    if isinstance(problem, Refused):
        return OAuthAborted(refused, problem.detail)
    if isinstance(problem, CredentialsExpired):
        return OAuthAborted(keys, problem.detail)
    if isinstance(problem, CreditsUsedUp):
        return OAuthAborted(AbortReason.CREDITS, problem.detail)
    return OAuthAborted(AbortReason.UNREACHABLE, problem.detail)
