"""A platform's real client, connected to a stub, and what the stub answers."""

from __future__ import annotations

from datetime import UTC, datetime

from publisher.platforms.base.protocol import Platform
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.platforms.registry import open_platform
from tests.platforms.platform_setups import CREDENTIALS
from tests.platforms.stub import http_response

NOTICE = PreparedPost(Outgoing("पाणी बंद"))
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def open_at(name: str, url: str, now: datetime = NOW) -> Platform:
    return open_platform(
        name,
        CREDENTIALS[name],
        {"x_api_url": url, "graph_api_url": url, "graph_api_version": "v26.0"},
        now=lambda: now,
    )


def created_response(platform: Platform) -> bytes:
    """Return a platform's response to a successful creation."""
    return http_response({"data": {"id": "77", "text": "पाणी बंद"}, "id": "77"}, 201)


def epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))
