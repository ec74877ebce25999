"""How X words a refusal, and what is common to all its answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sandbox import switches
from sandbox.exchange import Answer, Refused, Turn
from sandbox.faults import Fault, Kind
from sandbox.limits import Window, count

PROBLEMS = "https://api.x.com/2/problems/"
QUARTER = timedelta(minutes=15)
DAY = timedelta(hours=24)
# X: calls per account in 15 minutes, documentation of rate limits, August 2026.
LIMITS = {
    "publish": ("posts", 100),
    "reply": ("posts", 100),
    "delete": ("deletes", 50),
    "timeline": ("timeline", 900),
    "comments": ("mentions", 300),
    "search": ("search", 300),
    "lookup": ("lookup", 5000),
    "hide": ("hide", 50),
    "check": ("me", 75),
    "media": ("media", 500),
    "alt_text": ("metadata", 500),
}


def problem(code: int, title: str, detail: str, **more: object) -> Refused:
    """A refusal in X's problem form, of no special type."""
    body = {"title": title, "detail": detail, "type": "about:blank", "status": code, **more}
    return Refused(Answer(code, body))


def invalid(detail: str, parameter: str = "", value: str = "") -> Refused:
    """A request that cannot be read: 400 of type invalid-request."""
    body: dict[str, object] = {
        "title": "Invalid Request",
        "detail": detail,
        "type": PROBLEMS + "invalid-request",
        "status": 400,
    }
    if parameter:
        body["errors"] = [{"message": detail, "parameters": {parameter: [value]}}]
    return Refused(Answer(400, body))


def unauthorized() -> Refused:
    """No valid signature or token: 401."""
    return problem(401, "Unauthorized", "Unauthorized")


def not_found(key: str, parameter: str = "id") -> dict[str, object]:
    """The partial error that stands in a 200 for a post that is not there."""
    return {
        "title": "Not Found Error",
        "type": PROBLEMS + "resource-not-found",
        "detail": f"Could not find tweet with {parameter}: [{key}].",
        "resource_type": "tweet",
        "parameter": parameter,
        "value": key,
        "resource_id": key,
    }


class XVoice:
    """X's words for limits, expired tokens and faults."""

    platform = "x"
    json_type = "application/json; charset=utf-8"

    def count(self, turn: Turn, operation: str) -> Mapping[str, str]:
        """X: x-rate-limit-limit, -remaining and -reset stand on every answer."""
        name, limit = LIMITS[operation]
        if name == "posts":
            limit = switches.number(turn.db, "x_publish_limit")
        key = f"x:{name}:{turn.account}"
        window = count(turn.db, key, limit, QUARTER, turn.now)
        headers = _headers("x-rate-limit-", window)
        if switches.is_on(turn.db, "x_24h_headers"):
            day = count(turn.db, f"{key}:day", 100 * limit, DAY, turn.now)
            headers |= _headers("x-app-limit-24hour-", day)
            headers |= _headers("x-user-limit-24hour-", day)
        if window.over:
            raise Refused(_too_many(turn, headers))
        return headers

    def fault(self, turn: Turn, fault: Fault) -> Answer:
        """The answer that a laid fault puts in place of the right one."""
        if fault.kind is Kind.EXPIRED_TOKEN:
            return unauthorized().answer
        if fault.kind is Kind.BLOCKED:
            detail = "You are not permitted to perform this action."
            return problem(403, "Forbidden", detail).answer
        if fault.kind is Kind.RATE_LIMIT:
            return _too_many(turn, _reset_in(turn, fault.seconds))
        body = {
            "title": "Internal Error",
            "detail": "Something is broken.",
            "status": 500,
            "type": PROBLEMS + "internal-error",
        }
        return Answer(fault.code or 500, body)

    def without_id(self) -> object:
        """A success that names nothing."""
        return {"data": {}}


def _headers(prefix: str, window: Window) -> dict[str, str]:
    return {
        prefix + "limit": str(window.limit),
        prefix + "remaining": str(window.remaining),
        prefix + "reset": str(int(window.resets_at.timestamp()) + 1),
    }


def _reset_in(turn: Turn, seconds: float | None) -> dict[str, str]:
    if seconds is None:
        return {}
    window = Window(100, 101, turn.now + timedelta(seconds=seconds))
    return _headers("x-rate-limit-", window)


def _too_many(turn: Turn, headers: Mapping[str, str]) -> Answer:
    """X: both bodies of a 429 are known, the documented one and the playground's."""
    if switches.value(turn.db, "x_limit_body") == "documented":
        body: dict[str, object] = {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
    else:
        body = {
            "title": "Too Many Requests",
            "detail": "Too Many Requests",
            "type": "about:blank",
            "status": 429,
        }
    return Answer(429, body, headers)
