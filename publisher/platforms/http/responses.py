"""Masks secrets, reads response bodies up to a size limit, and maps responses to errors.

The mapping of HTTP codes to errors is the same for every platform.
"""

from __future__ import annotations

import json
import logging
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from urllib.parse import quote

from urllib3.exceptions import DecodeError

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)

MASKED = "•••"
CHATTY = ("tweepy", "oauthlib", "requests_oauthlib")
# Parameters that carry a secret in an address or a form, whatever its value.
_PARAMETER = re.compile(
    r"(?i)((?:access_token|appsecret_proof|input_token|client_secret|fb_exchange_token"
    r"|oauth_verifier|oauth_token(?:_secret)?|(?<!\w)code)=)[^&\s\"']+"
)
_FIELD = re.compile(r'(?i)("(?:access_token|appsecret_proof)"\s*:\s*")[^"]+')


class Mask:
    """Replaces the given secrets, and anything in the position of a token, in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with the secrets masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return _FIELD.sub(rf"\g<1>{MASKED}", _PARAMETER.sub(rf"\g<1>{MASKED}", text))


class _MaskedLog(logging.Filter):
    """Masks tokens in the URLs that the connection pool logs at DEBUG level."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = Mask()(record.getMessage()), None
        return True


def quieten_clients() -> None:
    """Keep the clients from logging secrets; idempotent.

    The connection pool's log is masked. The clients' own DEBUG logs hold tokens and whole bodies,
    and are disabled.
    """
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.INFO)
    pool = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(log_filter, _MaskedLog) for log_filter in pool.filters):
        pool.addFilter(_MaskedLog())


# What we ask for; no other coding is unpacked, and none twice.
ACCEPTED = "gzip"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class TooBig(Exception):
    """The response is larger than any that is expected."""


def whole(pieces: Iterable[bytes], coding: str, most: int) -> bytes:
    """Return the body, decompressed. Raises TooBig beyond `most` bytes, DecodeError if unreadable.

    `coding` is the response's Content-Encoding.
    """
    if coding in ("", "identity"):
        return _joined(pieces, most)
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise DecodeError(f"the answer comes in a coding that was not asked for: {coding}")
    return _joined(_unpacked(pieces, most), most)


def _joined(pieces: Iterable[bytes], most: int) -> bytes:
    chunks, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise TooBig("the answer is too large")
        chunks.append(piece)
    return b"".join(chunks)


def _unpacked(pieces: Iterable[bytes], most: int) -> Iterable[bytes]:
    """Yield each piece decompressed, never more than `most` bytes at once."""
    unpacking, is_empty = zlib.decompressobj(_GZIP_OR_ZLIB), True
    try:
        for piece in pieces:
            is_empty = False
            yield unpacking.decompress(piece, most + 1)
            if unpacking.unconsumed_tail:
                raise TooBig("the answer is too large")
    except zlib.error as problem:
        raise DecodeError(str(problem)) from None
    if not (is_empty or unpacking.eof):
        raise DecodeError("the answer is cut short")


# A limit that is said to end later than this is a mistake of the other side.
LONGEST_WAIT = timedelta(hours=25)
LEAST_SKEW = timedelta(minutes=1)
RATE_HEADERS = (
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-app-limit-24hour-limit",
    "x-app-limit-24hour-remaining",
    "x-app-limit-24hour-reset",
    "x-user-limit-24hour-limit",
    "x-user-limit-24hour-remaining",
    "x-user-limit-24hour-reset",
    "retry-after",
    "x-app-usage",
    "x-page-usage",
    "x-business-use-case-usage",
)


@dataclass(frozen=True)
class PlatformResponse:
    """A response read to its end: `path` without query, header names in lower case.

    `skew` is how far the server's clock is ahead of ours: see `skew_of`.
    """

    method: str
    path: str
    code: int
    headers: Mapping[str, str]
    body: str
    received_at: datetime
    skew: timedelta = timedelta(0)

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


def skew_of(date: str, received_at: datetime) -> timedelta:
    """Return how far the server's clock is ahead of ours, by its Date; zero below a minute."""
    try:
        server_time = parsedate_to_datetime(date)
        ahead = server_time.replace(tzinfo=server_time.tzinfo or UTC) - received_at
    except (ValueError, OverflowError):
        return timedelta(0)
    return ahead if abs(ahead) > LEAST_SKEW else timedelta(0)


class Fault(StrEnum):
    """The kind of an error response."""

    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    # The platform is in trouble of its own: it may have done what was asked.
    TROUBLE = "trouble"


@dataclass(frozen=True)
class ResponseFault:
    """A fault, with the reason of a refusal and the end of a rate limit if they are known."""

    fault: Fault
    reason: RefusalCode = RefusalCode.UNKNOWN
    until: datetime | None = None


def by_code(answer: PlatformResponse, *, is_list: bool = False) -> ResponseFault | None:
    """Return the fault by the HTTP code alone; None for a success with a JSON object (or list)."""
    if 200 <= answer.code < 300:
        body = answer.listed() if is_list else answer.json()
        return ResponseFault(Fault.TROUBLE) if body is None else None
    if answer.code == 401:
        return ResponseFault(Fault.CREDENTIALS)
    if answer.code == 429:
        return ResponseFault(Fault.THROTTLED, until=reset_at(answer))
    if 400 <= answer.code < 500 and answer.code != 408:
        return ResponseFault(Fault.REFUSED)
    return ResponseFault(Fault.TROUBLE)


def error_for(fault: ResponseFault, detail: str, *, creating: bool) -> PlatformError:
    """Return the error that carries the decision. Only a creation can have an unknown outcome."""
    if fault.fault is Fault.THROTTLED:
        return TryLater(fault.until, detail)
    if fault.fault is Fault.CREDENTIALS:
        return CredentialsExpired(detail)
    if fault.fault is Fault.REFUSED:
        return Refused(fault.reason, detail)
    return OutcomeUnknown(detail) if creating else TryLater(None, detail)


def reset_at(answer: PlatformResponse) -> datetime | None:
    """Return when the exhausted limit resets, by the response's headers; None if not reported.

    Of several windows the exhausted ones count, and of those the last to reset.
    """
    windows = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")
    used_up = [w for w in windows if answer.headers.get(f"{w}-remaining", "").strip() == "0"]
    resets = [moment_in(answer, f"{w}-reset") for w in used_up or windows[:1]]
    resets.append(_after(answer.headers.get("retry-after"), answer.received_at))
    ends = [moment for moment in resets if moment is not None]
    return sensible(max(ends), answer.received_at) if ends else None


def sensible(moment: datetime, received_at: datetime) -> datetime | None:
    """Return the moment, unless it is past or implausibly far away."""
    return moment if received_at < moment <= received_at + LONGEST_WAIT else None


def moment_in(answer: PlatformResponse, header: str) -> datetime | None:
    """Return a header's Unix time by our clock, corrected for the server's skew."""
    try:
        moment = datetime.fromtimestamp(int(answer.headers.get(header, "")), UTC)
        return moment - answer.skew
    except (ValueError, OverflowError, OSError):
        return None


def _after(seconds: str | None, received_at: datetime) -> datetime | None:
    try:
        return received_at + timedelta(seconds=int(seconds or ""))
    except (ValueError, OverflowError):
        return None
