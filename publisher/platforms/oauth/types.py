"""What a way to an account finds, and why it ends before it: plain values.

What the city has registered at the platforms, and where they are reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from publisher.platforms.base.protocol import CredentialsExpired, PlatformError, Refused


class Why(StrEnum):
    """Why a way ended before its end, as a code that is put into words elsewhere."""

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


class Turned(Exception):
    """The way ended; `why` says so as a code, `about` names what the sentence needs."""

    def __init__(self, why: Why, about: str = "") -> None:
        super().__init__(why, about)
        self.why = why
        self.about = about


@dataclass(frozen=True)
class TokenFacts:
    """What a platform says of a token: when it and the access to data end, which rights it has.

    Moments are aware UTC, None where it is never, or not said. `missing` are rights that this
    house needs and that were not given.
    """

    until: datetime | None = None
    data_until: datetime | None = None
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConnectableAccount:
    """An account that could be connected, by its number, handle and name there.

    `missing` are rights on this account that the person does not have.
    """

    platform_id: str
    handle: str
    name: str
    url: str
    credentials: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """As values that can be written as JSON; `read` makes them a candidate again."""
        return asdict(self)

    @classmethod
    def read(cls, values: Mapping[str, object]) -> ConnectableAccount:
        """What `plain` gave."""
        missing, credentials = values["missing"], values["credentials"]
        if not isinstance(missing, list | tuple) or not isinstance(credentials, dict):
            raise TypeError("no candidate")
        text = {name: str(values[name]) for name in ("platform_id", "handle", "name", "url")}
        return cls(**text, credentials=credentials, missing=tuple(missing))


def turned(problem: PlatformError, *, refused: Why, keys: Why = Why.APP_KEYS) -> Turned:
    """What a platform's error means on the way: `refused` and `keys` say for this leg."""
    if isinstance(problem, Refused):
        return Turned(refused, problem.detail)
    if isinstance(problem, CredentialsExpired):
        return Turned(keys, problem.detail)
    return Turned(Why.UNREACHABLE, problem.detail)


@dataclass(frozen=True)
class App:
    """The app's keys, the platforms' addresses, and the clocks (aware UTC, monotonic seconds)."""

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
        """The settings without which nobody can be sent to this platform; empty where none is."""
        wanted = {
            "x": ("x_consumer_key", "x_consumer_secret"),
            "facebook": ("facebook_app_id", "facebook_app_secret"),
        }
        return tuple(name for name in wanted[platform] if not getattr(self, name))
