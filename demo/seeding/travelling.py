"""Platforms that live in the seeding's own time, as the practice platforms allow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from publisher.delivery.accounts.credentials import OpenAccount, Vault
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import Platform
from publisher.platforms.facebook.platform import FacebookPlatform
from publisher.platforms.registry import open_platform
from publisher.platforms.x.platform import XPlatform
from publisher.settings.environment import Settings

#: What tells the practice platforms when a call happens.
HEADER: Final = "X-Sandbox-At"


@dataclass
class Clock:
    """Shows the moment that is being played; called, it gives that moment."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


def opener(settings: Settings, clock: Callable[[], datetime], *, web_url: str) -> OpenAccount:
    """Opens accounts so that each call happens at what the clock shows then."""
    vault, press = Vault(settings.secret_key, settings.token_keys), settings.press

    def open_account(account: Account) -> Platform:
        platform = open_platform(
            account.platform,
            vault.open(account.credentials),
            x_api_url=press.x_api_url,
            graph_api_url=press.graph_api_url,
            graph_api_version=press.graph_api_version,
            x_web_url=web_url,
            now=clock,
        )
        if isinstance(platform, XPlatform | FacebookPlatform):
            session = platform._channel.session  # noqa: SLF001  a demo alone travels in time
            session.headers[HEADER] = clock().isoformat()
        return platform

    return open_account
