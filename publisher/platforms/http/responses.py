"""Maps responses to errors, by HTTP codes that mean the same on every platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    CreditsUsedUp,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TimeRefused,
    TryLater,
)
from publisher.platforms.base.rate_limits import end_of_wait

LEAST_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class PlatformResponse:
    """A response read to its end: `path` without query, header names in lower case."""

    method: str
    path: str
    code: int
    headers: Mapping[str, str]
    body: str
    received_at: datetime

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours; None without a Date that can be read."""
        try:
            server_time = parsedate_to_datetime(self.headers.get("date", ""))
            return server_time.replace(tzinfo=server_time.tzinfo or UTC) - self.received_at
        except (ValueError, OverflowError):
            return None

    @property
    def skew(self) -> timedelta:
        """How far the server's clock is ahead of ours, by its Date; zero below a minute."""
        ahead = self.server_ahead or timedelta(0)
        return ahead if abs(ahead) > LEAST_SKEW else timedelta(0)

    def json(self) -> dict[str, object] | None:
        """Return the body as a JSON object, parsed once; None if it is anything else."""
        return self._parsed if isinstance(self._parsed, dict) else None

    def listed(self) -> list[object] | None:
        """Return the body as a JSON list; None if it is anything else."""
        return self._parsed if isinstance(self._parsed, list) else None

    @cached_property
    def _parsed(self) -> object:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Fault(StrEnum):
    """The kind of an error response."""

    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    CREDITS = "credits"
    TIME = "time"
    REFUSED = "refused"
    # The platform has an internal error: it may have done what was asked.
    TROUBLE = "trouble"


@dataclass(frozen=True)
class ResponseFault:
    """A fault, with the reason of a refusal and the end of a rate limit if they are known."""

    fault: Fault
    reason: RefusalCode = RefusalCode.UNKNOWN
    until: datetime | None = None


def classify_status(answer: PlatformResponse, *, is_list: bool = False) -> ResponseFault | None:
    """Return the fault by the HTTP code alone; None for a success with a JSON object (or list)."""
    if 200 <= answer.code < 300:
        body = answer.listed() if is_list else answer.json()
        return ResponseFault(Fault.TROUBLE) if body is None else None
    if answer.code == 401:
        return ResponseFault(Fault.CREDENTIALS)
    if answer.code == 429:
        until = end_of_wait(answer.headers.get("retry-after", ""), answer.received_at)
        return ResponseFault(Fault.THROTTLED, until=until)
    if 400 <= answer.code < 500 and answer.code != 408:
        return ResponseFault(Fault.REFUSED)
    return ResponseFault(Fault.TROUBLE)


def make_error(fault: ResponseFault, detail: str, *, creating: bool) -> PlatformError:
    """Return the error that carries the decision. Only a creation can have an unknown outcome."""
    if fault.fault is Fault.THROTTLED:
        return TryLater(fault.until, detail)
    if fault.fault is Fault.CREDENTIALS:
        return CredentialsExpired(detail)
    if fault.fault is Fault.CREDITS:
        return CreditsUsedUp(None, detail)
    if fault.fault is Fault.TIME:
        return TimeRefused(None, detail)
    if fault.fault is Fault.REFUSED:
        return Refused(fault.reason, detail)
    return OutcomeUnknown(detail) if creating else TryLater(None, detail)
