"""The Graph API's errors, and what is common to all its responses."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sandbox import switches
from sandbox.endings import EXPIRED, SUBCODES
from sandbox.exchange import Answer, Refused, RequestContext
from sandbox.faults import Fault, Kind
from sandbox.limits import count
from sandbox.now import parse_time

HOUR = timedelta(hours=1)
LONG_AGO = parse_time("2026-01-02T10:00:00+00:00")
# Facebook: 458, 459 and 460 as its own page on errors names them; the others from notes citing it.
ENDED = {
    458: "The user has not authorized the application.",
    459: "You cannot access the app till you log in to www.facebook.com and follow the"
    " instructions given.",
    460: "The session has been invalidated because the user changed their password or Facebook has"
    " changed the session for security reasons.",
    464: "Sessions for the user are not allowed because the user is not a confirmed user.",
    467: "The session is invalid because the user logged out.",
    492: "The session is invalid because the user has no role on the page.",
}


def refusal(
    message: str,
    code: int,
    subcode: int | None = None,
    kind: str = "OAuthException",
    http: int = 400,
    **more: object,
) -> Refused:
    """Return an error in Facebook's envelope, always JSON (see its page on handling errors)."""
    error: dict[str, object] = {"message": message, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return Refused(
        Answer(http, {"error": {**error, **more, "fbtrace_id": "A" + secrets.token_urlsafe(16)}})
    )


def not_there(key: str, method: str = "get") -> Refused:
    """Return code 100, subcode 33: the object does not exist, or not for this token."""
    return refusal(
        f"Unsupported {method.lower()} request. Object with ID '{key}' does not exist, cannot be"
        " loaded due to missing permissions, or does not support this operation",
        100,
        33,
        kind="GraphMethodException",
    )


def bad_parameter(detail: str) -> Refused:
    """Return code 100: a parameter is wrong or missing."""
    return refusal(f"(#100) {detail}", 100)


def expired(at: datetime | None = None) -> Refused:
    """Return code 190, subcode 463: the token has expired."""
    moment = (at or LONG_AGO).strftime("%A, %d-%b-%y %H:%M:%S UTC")
    return _invalid(f"Session has expired on {moment}.", EXPIRED)


def ended(subcode: int) -> Refused:
    """Return code 190 with one of Facebook's reasons why a token is invalid."""
    if subcode == EXPIRED:
        return expired()
    return _invalid(ENDED[subcode], subcode)


def _invalid(reason: str, subcode: int) -> Refused:
    return refusal(f"Error validating access token: {reason}", 190, subcode, http=401)


def blocked() -> Refused:
    """Return code 368, subcode 1390008: posting is blocked for a while."""
    return refusal(
        "The action attempted has been deemed abusive or is otherwise disallowed",
        368,
        1390008,
        error_user_title="You can't post right now",
        error_user_msg="We limit how often you can post, comment or do other things in a given"
        " amount of time in order to help protect the community from spam.",
        is_transient=False,
    )


def duplicate(code: str) -> Refused:
    """Return code 506 (or 368, which was observed too): a repeated post."""
    if code == "368":
        return refusal("You've already posted this.", 368)
    return refusal(
        "(#506) Duplicate status message",
        506,
        1455006,
        error_user_title="Duplicate Status Update",
        error_user_msg="This status update is identical to the last one you posted. Identical"
        " posts cannot be published consecutively.",
    )


class FacebookResponses:
    """Facebook's responses to limits, expired tokens and faults."""

    platform = "facebook"
    json_type = "application/json; charset=UTF-8"

    def count(self, request_context: RequestContext, operation: str) -> Mapping[str, str]:
        """Return the share of the hour used, in percent, for every response."""
        limit = switches.number(request_context.db, "facebook_call_limit")
        window = count(
            request_context.db,
            f"facebook:{request_context.account}",
            limit,
            HOUR,
            request_context.now,
        )
        percent = math.ceil(100 * window.used / max(1, window.limit))
        wait = math.ceil((window.resets_at - request_context.now) / timedelta(minutes=1))
        headers = _usage(request_context, percent, wait if window.over else 0)
        if window.over:
            raise Refused(_throttled(headers))
        return headers

    def fault(self, request_context: RequestContext, fault: Fault) -> Answer:
        """Return the response of a fault."""
        if fault.kind is Kind.EXPIRED_TOKEN:
            return ended(fault.subcode if fault.subcode in SUBCODES else EXPIRED).answer
        if fault.kind is Kind.BLOCKED:
            return blocked().answer
        if fault.kind is Kind.RATE_LIMIT:
            wait = fault.seconds
            return _throttled(
                {} if wait is None else _usage(request_context, 101, math.ceil(wait / 60))
            )
        return _transient(fault.subcode, fault.code or 500).answer

    def without_id(self) -> object:
        """Return a success without an id."""
        return {}


def _transient(subcode: int | None, http: int) -> Refused:
    # Observed to publish although it responded with code 2, or 1 with 99 (public bug reports).
    if subcode is not None:
        return refusal("An unknown error occurred", 1, subcode, http=http)
    message = "An unexpected error has occurred. Please retry your request later."
    return refusal(message, 2, http=http, is_transient=True)


def _usage(request_context: RequestContext, percent: int, wait_minutes: int) -> dict[str, str]:
    calls = {"call_count": percent, "total_time": 1, "total_cputime": 1}
    page = {"type": "pages", **calls, "estimated_time_to_regain_access": wait_minutes}
    headers = {"X-App-Usage": json.dumps(calls)}
    if switches.is_on(request_context.db, "facebook_page_usage"):
        headers["X-Page-Usage"] = json.dumps(calls)
    if request_context.account is not None:
        headers["X-Business-Use-Case-Usage"] = json.dumps({request_context.account: [page]})
    return headers


def _throttled(headers: Mapping[str, str]) -> Answer:
    answer = refusal(
        "(#80001) There have been too many calls to this Page account. Wait a bit and try again.",
        80001,
        2446079,
    ).answer
    return Answer(answer.code, answer.body, headers)
