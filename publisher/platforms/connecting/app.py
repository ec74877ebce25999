"""What the city has registered at the platforms, and where they are reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


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
