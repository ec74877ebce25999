"""X's refusals, and what is common to all its responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import switches
from sandbox.exchange import Answer, Refused, RequestContext
from sandbox.faults import Fault, Kind
from sandbox.limits import Window, count

PROBLEMS = "https://api.x.com/2/problems/"
QUARTER = timedelta(minutes=15)
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Limit:
    """Calls in 15 minutes: of one account, and of the app alone if it may call at all."""

    window: str
    account: int
    app: int = 0


# X: ten windows, its documentation of rate limits, August 2026.
POSTS = Limit("posts", 100)
PICTURES, DESCRIPTIONS = Limit("media", 500), Limit("metadata", 500)
LIMITS: Mapping[str, Limit] = {
    "publish": POSTS,
    "reply": POSTS,
    "delete": Limit("deletes", 50),
    "timeline": Limit("timeline", 900, 10_000),
    "comments": Limit("mentions", 300, 450),
    "search": Limit("search", 300, 450),
    "lookup": Limit("lookup", 5000, 3500),
    "hide": Limit("hide", 50),
    "check": Limit("me", 75),
    "media": PICTURES,
    "alt_text": DESCRIPTIONS,
}
WRITING = frozenset({"publish", "reply", "delete", "hide", "media", "alt_text"})
# X: posts of the whole app in 24 hours (documented); of one account undocumented, as seen in use.
APP_IN_A_DAY, ACCOUNT_IN_A_DAY = 10_000, 2_400


def problem(code: int, title: str, detail: str, **more: object) -> Refused:
    """Return a refusal in X's problem format, of no special type."""
    body = {"title": title, "detail": detail, "type": "about:blank", "status": code, **more}
    return Refused(Answer(code, body))


def invalid(detail: str, parameter: str = "", value: str = "") -> Refused:
    """Return a 400 of type invalid-request: the request cannot be parsed."""
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
    """Return a 401: there is no valid signature or token."""
    return problem(401, "Unauthorized", "Unauthorized")


def credits_depleted() -> Refused:
    """Return a 402: the app has no credits left. X documents the code, and no body."""
    body = {
        "title": "CreditsDepleted",
        "detail": "Your enrolled account does not have any credits to fulfill this request.",
        "type": PROBLEMS + "credits",
        "status": 402,
    }
    return Refused(Answer(402, body))


def not_found(key: str, parameter: str = "id") -> dict[str, object]:
    """Return the partial error that a 200 contains for a missing post."""
    return {
        "title": "Not Found Error",
        "type": PROBLEMS + "resource-not-found",
        "detail": f"Could not find tweet with {parameter}: [{key}].",
        "resource_type": "tweet",
        "parameter": parameter,
        "value": key,
        "resource_id": key,
    }


class XResponses:
    """X's responses to limits, expired tokens and faults."""

    platform = "x"
    json_type = "application/json; charset=utf-8"

    def count(self, request_context: RequestContext, operation: str) -> Mapping[str, str]:
        """Return x-rate-limit-limit, -remaining and -reset, for every response."""
        limit = LIMITS.get(operation)
        if limit is None:  # connecting: no figures are documented
            return {}
        if switches.value(request_context.db, "x_credits") == "used_up":
            raise credits_depleted()
        window = count(
            request_context.db,
            f"x:{limit.window}:{request_context.account}",
            *_length(request_context, limit),
        )
        headers = _headers("x-rate-limit-", window) | _rights(request_context, operation)
        over = window.over
        if limit is POSTS and switches.is_on(request_context.db, "x_24h_headers"):
            for whose, day in _days(request_context).items():
                headers |= _headers(f"x-{whose}-limit-24hour-", day)
                over = over or day.over
        if over:
            raise Refused(_too_many(request_context, headers))
        return headers

    def fault(self, request_context: RequestContext, fault: Fault) -> Answer:
        """Return the response of a fault."""
        if fault.kind is Kind.EXPIRED_TOKEN:
            return unauthorized().answer
        if fault.kind is Kind.BLOCKED:
            detail = "You are not permitted to perform this action."
            return problem(403, "Forbidden", detail).answer
        if fault.kind is Kind.RATE_LIMIT:
            return _too_many(request_context, _reset_in(request_context, fault.seconds))
        body = {
            "title": "Internal Error",
            "detail": "Something is broken.",
            "status": 500,
            "type": PROBLEMS + "internal-error",
        }
        return Answer(fault.code or 500, body)

    def without_id(self) -> object:
        """Return a success without an id."""
        return {"data": {}}


def _rights(request_context: RequestContext, operation: str) -> dict[str, str]:
    """Return X's access level header: some accounts may only read."""
    level = switches.value(request_context.db, "x_access_level")
    if level == "untold" or not request_context.account:
        return {}
    if level == "read" and operation in WRITING:
        raise problem(
            403,
            "Forbidden",
            "Your client app is not configured with the appropriate oauth1 app permissions for "
            "this endpoint.",
        )
    return {"x-access-level": level}


def _length(request_context: RequestContext, limit: Limit) -> tuple[int, timedelta, datetime]:
    """Return the maximum calls, the window's length and its start; the app has its own figures."""
    most = limit.account if request_context.account else limit.app or limit.account
    if limit is POSTS:
        most = switches.number(request_context.db, "x_publish_limit")
    if limit in (PICTURES, DESCRIPTIONS):
        most = switches.number(request_context.db, "x_media_limit")
    return most, QUARTER, request_context.now


def _days(request_context: RequestContext) -> dict[str, Window]:
    """Return the day's windows of posts: all accounts of the app share one."""
    return {
        "app": count(request_context.db, "x:posts:day", APP_IN_A_DAY, DAY, request_context.now),
        "user": count(
            request_context.db,
            f"x:posts:{request_context.account}:day",
            ACCOUNT_IN_A_DAY,
            DAY,
            request_context.now,
        ),
    }


def _headers(prefix: str, window: Window) -> dict[str, str]:
    return {
        prefix + "limit": str(window.limit),
        prefix + "remaining": str(window.remaining),
        prefix + "reset": str(int(window.resets_at.timestamp()) + 1),
    }


def _reset_in(request_context: RequestContext, seconds: float | None) -> dict[str, str]:
    if seconds is None:
        return {}
    window = Window(100, 101, request_context.now + timedelta(seconds=seconds))
    return _headers("x-rate-limit-", window)


def _too_many(request_context: RequestContext, headers: Mapping[str, str]) -> Answer:
    """Return a 429 in one of two known formats: the documented one and the playground's."""
    if switches.value(request_context.db, "x_limit_body") == "documented":
        body: dict[str, object] = {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
    else:
        body = {
            "title": "Too Many Requests",
            "detail": "Too Many Requests",
            "type": "about:blank",
            "status": 429,
        }
    return Answer(429, body, headers)
