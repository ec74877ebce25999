"""Post through the product's own client of X, as the other sides of the comparison do."""

from __future__ import annotations

import time

from bench.town import CREDENTIALS
from publisher.platforms.base.protocol import Deadline, Platform
from publisher.platforms.base.types import Outgoing
from publisher.platforms.registry import open_platform

TIME_LIMIT = 45.0
"""Seconds, as a clock allows for a post."""


def open_account(url: str) -> Platform:
    """Open the account of the benchmark at this stand-in."""
    addresses = {"x_api_url": url, "graph_api_url": url, "graph_api_version": "v26.0"}
    return open_platform("x", CREDENTIALS, addresses)


def publish(platform: Platform, text: str) -> str:
    """Publish a text; return its id on the platform."""
    deadline = Deadline.after(TIME_LIMIT, time.monotonic)
    prepared = platform.prepare(Outgoing(text), deadline=deadline)
    return platform.publish(prepared, deadline=deadline).platform_id
