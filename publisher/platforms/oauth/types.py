"""Values of the OAuth flows: candidates, token facts, reasons of an abort, and the app's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from publisher.platforms.base.protocol import CredentialsExpired, PlatformError, Refused


class AbortReason(StrEnum):
    """The reason why a flow was aborted, as a code that the pages translate."""

    DENIED = "denied"
    EXPIRED = "expired"
    APP_KEYS = "app_keys"
    CALLBACK = "callback"
    UNREACHABLE = "unreachable"
    NO_PAGE = "no_page"
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

    def plain(self) -> dict[str, object]:
        """Return values that can be written as JSON; `read` makes a candidate of them again."""
        return asdict(self)

    @classmethod
    def read(cls, values: Mapping[str, object]) -> ConnectableAccount:
        """Return the candidate of `plain`'s values. Raises TypeError for any others."""
        missing, credentials = values["missing"], values["credentials"]
        if not isinstance(missing, list | tuple) or not isinstance(credentials, dict):
            raise TypeError("no candidate")
        text = {name: str(values[name]) for name in ("platform_id", "handle", "name", "url")}
        return cls(**text, credentials=credentials, missing=tuple(missing))


def aborted_by(
    problem: PlatformError, *, refused: AbortReason, keys: AbortReason = AbortReason.APP_KEYS
) -> OAuthAborted:
    """Return the abort for a platform's error; `refused` and `keys` are this step's reasons."""
    if isinstance(problem, Refused):
        return OAuthAborted(refused, problem.detail)
    if isinstance(problem, CredentialsExpired):
        return OAuthAborted(keys, problem.detail)
    return OAuthAborted(AbortReason.UNREACHABLE, problem.detail)


@dataclass(frozen=True)
class App:
    """The app's keys, the platforms' URLs, and the clocks (aware UTC, monotonic seconds)."""

    x_consumer_key: str
    x_consumer_secret: str = field(repr=False)
    facebook_app_id: str
    facebook_app_secret: str = field(repr=False)
    x_api_url: str
    x_web_url: str
    graph_api_url: str
    graph_api_version: str
    facebook_web_url: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def lacks(self, platform: str) -> tuple[str, ...]:
        """Return the missing settings without which no flow to this platform can start."""
        required = {
            "x": ("x_consumer_key", "x_consumer_secret"),
            "facebook": ("facebook_app_id", "facebook_app_secret"),
        }
        return tuple(name for name in required[platform] if not getattr(self, name))
