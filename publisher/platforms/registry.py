"""Open accounts by the name of their platform.

A new platform needs its package, an entry in `OPENERS`, and the contract tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar

from publisher import now as wall
from publisher.platforms.base.protocol import CredentialsExpired, Platform

Credentials = TypeVar("Credentials")


class UnknownPlatform(LookupError):
    """No platform has this name."""


@dataclass(frozen=True)
class PlatformSettings:
    """The base URLs of the platforms, and the clocks (aware UTC, monotonic seconds)."""

    x_api_url: str
    x_web_url: str
    graph_api_url: str
    graph_api_version: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]


Opener = Callable[[Mapping[str, str], PlatformSettings], Platform]


# The clients take a while to import, and who only counts a text's length needs none of them; so
# they are imported when the first account is opened, once.
@cache
def _x() -> Opener:
    from publisher.platforms.x.api import XCredentials
    from publisher.platforms.x.platform import XPlatform

    def opened(credentials: Mapping[str, str], settings: PlatformSettings) -> Platform:
        return XPlatform(
            _made(XCredentials, credentials),
            now=settings.now,
            monotonic=settings.monotonic,
            api_url=settings.x_api_url,
            web_url=settings.x_web_url,
        )

    return opened


@cache
def _facebook() -> Opener:
    from publisher.platforms.facebook.api import FacebookCredentials
    from publisher.platforms.facebook.platform import FacebookPlatform

    def opened(credentials: Mapping[str, str], settings: PlatformSettings) -> Platform:
        return FacebookPlatform(
            _made(FacebookCredentials, credentials),
            now=settings.now,
            monotonic=settings.monotonic,
            api_url=settings.graph_api_url,
            graph_version=settings.graph_api_version,
        )

    return opened


OPENERS: Mapping[str, Callable[[], Opener]] = {"x": _x, "facebook": _facebook}


def _made(kind: Callable[..., Credentials], credentials: Mapping[str, str]) -> Credentials:
    try:
        return kind(**credentials)
    except TypeError:
        raise CredentialsExpired("the stored credentials have other parts than needed") from None


def open_platform(
    name: str,
    credentials: Mapping[str, str],
    *,
    x_api_url: str,
    graph_api_url: str,
    graph_api_version: str,
    x_web_url: str = "https://x.com",
    now: Callable[[], datetime] = wall.now,
    monotonic: Callable[[], float] = time.monotonic,
) -> Platform:
    """Return an account on the named platform, without any network call.

    It keeps its connections alive, so cache it by account and credentials; only one thread at a
    time may use it.

    Credentials have the names of XCredentials (consumer_key, consumer_secret, access_token,
    access_token_secret) or FacebookCredentials (page_id, page_token, and optionally app_secret).
    Raises UnknownPlatform, or CredentialsExpired if a credential is missing.
    """
    if name not in OPENERS:
        raise UnknownPlatform(name)
    settings = PlatformSettings(
        x_api_url, x_web_url, graph_api_url, graph_api_version, now, monotonic
    )
    return OPENERS[name]()(credentials, settings)
