"""The platforms by name.

A new platform is a folder next to the others with its client, its `Capabilities`, its template of
the preview and its flow of connecting; a line in `_PLATFORMS`; the settings that it requires
(`publisher/settings/platforms.py`); and the translations of its texts. The contract tests cover it
like the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from publisher import now as wall
from publisher.platforms.base.charges import RecordCharges, ignore_charges
from publisher.platforms.base.protocol import Platform
from publisher.platforms.capabilities import Capabilities, Installation, ignore_dialect
from publisher.platforms.facebook.capabilities import FACEBOOK
from publisher.platforms.x.capabilities import X


class UnknownPlatform(LookupError):
    """No platform has this name."""


_PLATFORMS: dict[str, Capabilities] = {platform.name: platform for platform in (X, FACEBOOK)}


def all_platforms() -> tuple[Capabilities, ...]:
    """Return the registered platforms, in the order in which the pages list them."""
    return tuple(_PLATFORMS.values())


def capabilities(name: str) -> Capabilities:
    """Return the capabilities of the named platform. Raises `UnknownPlatform`."""
    try:
        return _PLATFORMS[name]
    except KeyError:
        raise UnknownPlatform(name) from None


def is_registered(name: str) -> bool:
    """Return True if there is a platform of this name."""
    return name in _PLATFORMS


@contextmanager
def register_temporarily(platform: Capabilities) -> Iterator[None]:
    """Register one more platform until the block ends. Raises ValueError if its name is taken."""
    if platform.name in _PLATFORMS:
        raise ValueError(f"{platform.name} is registered already")
    _PLATFORMS[platform.name] = platform
    try:
        yield
    finally:
        del _PLATFORMS[platform.name]


def open_platform(
    name: str,
    credentials: Mapping[str, str],
    settings: Mapping[str, str],
    *,
    now: Callable[[], datetime] = wall.now,
    monotonic: Callable[[], float] = time.monotonic,
    dialect: str = "",
    store_dialect: Callable[[str], None] = ignore_dialect,
    record: RecordCharges = ignore_charges,
) -> Platform:
    """Return an account on the named platform, without any network call.

    It keeps its connections alive, so cache it by account and credentials; only one thread at a
    time may use it. `settings` are those of the installation, such as `x_api_url`; for `dialect`,
    `store_dialect` and `record` see `Installation`.

    Credentials have the names of the platform's class, such as XCredentials (consumer_key,
    consumer_secret, access_token, access_token_secret) or FacebookCredentials (page_id, page_token,
    and optionally app_secret). Raises UnknownPlatform, or CredentialsExpired if one is missing.
    """
    installation = Installation(settings, now, monotonic, dialect, store_dialect, record)
    return capabilities(name).open_account(credentials, installation)
