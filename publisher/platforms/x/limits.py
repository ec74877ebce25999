"""The limits and texts of posts on X, and the rate limits and permissions in its headers.

Windows are a quarter of an hour, and a day for posts.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.platforms.base.text import normal, with_link
from publisher.platforms.base.types import Allowance, Outgoing, PlatformLimits
from publisher.platforms.http.responses import PlatformResponse, moment_in
from publisher.platforms.x.text_length import LIMIT

TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")


def limits(text_units: int = LIMIT) -> PlatformLimits:
    """Return X's limits: four pictures up to 5 MB, alt text up to 1,000; no edits, one step."""
    size = 5 * 1024 * 1024
    return PlatformLimits(text_units, 4, size, 1_000, TYPES, tells_hidden=False, seen_at_once=100)


def words_of(outgoing: Outgoing) -> str:
    """Return the text as it is sent to X: it includes the link, which counts."""
    return normal(with_link(outgoing.text, outgoing.link))


NAMES = {
    "POST /2/tweets": "publish",
    "DELETE /2/tweets/:id": "delete",
    "PUT /2/tweets/:id/hidden": "hide",
    "GET /2/tweets/:id": "see",
    "GET /2/users/:id/tweets": "timeline",
    "GET /2/users/:id/mentions": "mentions",
    "GET /2/tweets/search/recent": "search",
    "GET /2/users/me": "check",
    "POST /2/media/upload": "media",
    "POST /2/media/metadata": "alt_text",
}
WRITE = "write"
WINDOWS = {
    "x-rate-limit": "15min",
    "x-app-limit-24hour": "app_day",
    "x-user-limit-24hour": "user_day",
}


def learned(answers: Mapping[str, PlatformResponse]) -> tuple[Allowance, ...]:
    """Return the rate limits of the latest responses by method and path, for known routes only."""
    return tuple(
        allowance
        for route, answer in answers.items()
        if route in NAMES
        for prefix, window in WINDOWS.items()
        if (allowance := _told(answer, prefix, f"{NAMES[route]}.{window}")) is not None
    )


def _told(answer: PlatformResponse, prefix: str, name: str) -> Allowance | None:
    most, remaining = (_number(answer, f"{prefix}-{part}") for part in ("limit", "remaining"))
    resets_at = moment_in(answer, f"{prefix}-reset")
    if most is None and remaining is None and resets_at is None:
        return None
    return Allowance(name, most, remaining, resets_at)


def _number(answer: PlatformResponse, header: str) -> int | None:
    text = answer.headers.get(header, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def missing_rights(answer: PlatformResponse) -> tuple[str, ...] | None:
    """Return the permissions that this access lacks; None if X does not report them.

    Source: its announcement of access levels; its documentation of version 2 is silent on them.
    """
    level = answer.headers.get("x-access-level", "")
    return None if not level else (WRITE,) if level == "read" else ()
