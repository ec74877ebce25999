"""The text of posts on X, and the rate limits and permissions in its headers.

X counts requests by quarters of an hour, and posts also by days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from publisher.platforms.base.rate_limits import end_of_wait, sensible
from publisher.platforms.base.text import normalize, with_link
from publisher.platforms.base.types import Allowance, Outgoing
from publisher.platforms.http.responses import PlatformResponse


def full_text(outgoing: Outgoing) -> str:
    """Return the text as it is sent to X. It includes the link, which X counts as text."""
    return normalize(with_link(outgoing.text, outgoing.link))


OPERATION_BY_ROUTE = {
    "POST /2/tweets": "publish",
    "DELETE /2/tweets/:id": "delete",
    "PUT /2/tweets/:id/hidden": "hide",
    "GET /2/tweets/:id": "see",
    "GET /2/users/:id/tweets": "timeline",
    "GET /2/users/:id/mentions": "mentions",
    "GET /2/tweets/search/recent": "search",
    "GET /2/users": "authors",
    "GET /2/users/me": "check",
    "POST /2/media/upload": "media",
    "POST /2/media/metadata": "alt_text",
}
WRITE_PERMISSION = "write"
WINDOWS = {
    "x-rate-limit": "15min",
    "x-app-limit-24hour": "app_day",
    "x-user-limit-24hour": "user_day",
}


def read_allowances(answers: Mapping[str, PlatformResponse]) -> tuple[Allowance, ...]:
    """Return the rate limits of the latest responses by method and path, for known routes only."""
    return tuple(
        allowance
        for route, answer in answers.items()
        if route in OPERATION_BY_ROUTE
        for prefix, window in WINDOWS.items()
        if (allowance := _allowance(answer, prefix, f"{OPERATION_BY_ROUTE[route]}.{window}"))
        is not None
    )


def _allowance(answer: PlatformResponse, prefix: str, name: str) -> Allowance | None:
    most, remaining = (_number(answer, f"{prefix}-{part}") for part in ("limit", "remaining"))
    resets_at = _header_moment(answer, f"{prefix}-reset")
    if most is None and remaining is None and resets_at is None:
        return None
    return Allowance(name, most, remaining, resets_at)


def reset_time(answer: PlatformResponse) -> datetime | None:
    """Return when the exhausted limit resets, by the response's headers; None if not reported.

    If there are several windows, the exhausted one that resets last counts.
    """
    used_up = [window for window in WINDOWS if _number(answer, f"{window}-remaining") == 0]
    resets = [_header_moment(answer, f"{window}-reset") for window in used_up or list(WINDOWS)[:1]]
    resets.append(end_of_wait(answer.headers.get("retry-after", ""), answer.received_at))
    ends = [moment for moment in resets if moment is not None]
    return sensible(max(ends), answer.received_at) if ends else None


def _header_moment(answer: PlatformResponse, header: str) -> datetime | None:
    """Return a header's Unix time by our clock, corrected for the server's skew."""
    try:
        moment = datetime.fromtimestamp(int(answer.headers.get(header, "")), UTC)
        return moment - answer.skew
    except (ValueError, OverflowError, OSError):
        return None


def _number(answer: PlatformResponse, header: str) -> int | None:
    text = answer.headers.get(header, "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def missing_rights(answer: PlatformResponse) -> tuple[str, ...] | None:
    """Return the permissions that this access lacks; None if X does not report them.

    X announced the header of access levels, but does not document it for version 2 of the API.
    """
    level = answer.headers.get("x-access-level", "")
    return None if not level else (WRITE_PERMISSION,) if level == "read" else ()
