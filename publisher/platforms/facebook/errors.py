"""What the Graph interface's error codes mean.

Source: its pages on error handling and rate limiting; which HTTP code each bears is not
established, so only the code in the body counts.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from publisher.platforms.base.errors import RefusalCode
from publisher.platforms.http.answers import Answer, Fault, Finding, sensible
from publisher.platforms.shapes import Json, at, number_at, rows_at, text_at

THROTTLED = frozenset({4, 17, 32, 341, 613, 80001})
CREDENTIALS = frozenset({102, 104, 190})
# Seen to publish although they were answered: the outcome of a creation is not known.
TROUBLE = frozenset({1, 2})
GONE = 33
WAIT = 1390008
REFUSED = {
    3: RefusalCode.PERMISSION,
    10: RefusalCode.PERMISSION,
    100: RefusalCode.INVALID,
    283: RefusalCode.PERMISSION,
    324: RefusalCode.MEDIA_INVALID,
    368: RefusalCode.BLOCKED,
    506: RefusalCode.DUPLICATE,
    1609005: RefusalCode.INVALID,
}


def read_error(answer: Answer) -> Finding | None:
    """What an answer means by its body; None where it holds no error."""
    error = at(answer.json(), "error")
    if not isinstance(error, dict):
        return None
    code = number_at(error, "code")
    if code in THROTTLED:
        return Finding(Fault.THROTTLED, until=regained_at(answer))
    if code in CREDENTIALS:
        return Finding(Fault.CREDENTIALS)
    if code in TROUBLE:
        return Finding(Fault.TROUBLE)
    if code == 368 and number_at(error, "error_subcode") == WAIT:
        return Finding(Fault.THROTTLED)
    return _refusal(error, code)


def _refusal(error: Json, code: int | None) -> Finding:
    if code == 368 and "already posted" in text_at(error, "message").lower():
        return Finding(Fault.REFUSED, RefusalCode.DUPLICATE)
    if code == 100 and number_at(error, "error_subcode") == GONE:
        return Finding(Fault.REFUSED, RefusalCode.TARGET_GONE)
    if code is not None and 200 <= code <= 299 and code != 283:
        return Finding(Fault.REFUSED, RefusalCode.PERMISSION)
    if code not in REFUSED and error.get("is_transient") is True:
        return Finding(Fault.TROUBLE)
    return Finding(Fault.REFUSED, REFUSED.get(code or 0, RefusalCode.UNKNOWN))


def regained_at(answer: Answer) -> datetime | None:
    """When the page may call again, by the header that says it in minutes; None where unsaid."""
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", ""))
    except ValueError:
        return None
    if not isinstance(usage, dict):
        return None
    waits = [
        number_at(row, "estimated_time_to_regain_access") or 0
        for name in usage
        for row in rows_at(usage, name)
    ]
    until = answer.received_at + timedelta(minutes=min(max([0, *waits]), 10**6))
    return sensible(until, answer.received_at)
