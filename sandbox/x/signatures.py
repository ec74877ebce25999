"""Authentication: OAuth 1 signatures (HMAC-SHA1) on the original https URL, and bearer tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

from flask import Request

from sandbox.credentials import (
    X_ACCOUNTS,
    X_APP_BEARER,
    X_CONSUMER_KEY,
    X_CONSUMER_SECRET,
    XAccount,
)
from sandbox.now import utc_now
from sandbox.x.problems import unauthorized

CLOCK_SKEW_SECONDS = 300
SIGNED_HOST = "sandbox.x_host"
"""The key of a request's environment that holds the host for which it has to be signed."""

AHEAD = "sandbox.ahead"
"""The key of a request's environment with the seconds by which X's clock is ahead."""


@dataclass(frozen=True)
class Caller:
    """The acting account; None if only the app is known."""

    account: XAccount | None


def caller(request: Request) -> Caller:
    """Return the signer of this request. Raises Refused (401) if it is not known."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    if kind == "Bearer":
        return _bearer(rest.strip())
    if kind == "OAuth":
        return Caller(_signer(request, _fields(rest)))
    raise unauthorized()


def parse_oauth_header(request: Request) -> dict[str, str]:
    """Return the OAuth fields of the header. Raises Refused (401) if there are none."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    if kind != "OAuth":
        raise unauthorized()
    return _fields(rest)


def check(request: Request, oauth_fields: dict[str, str], token_secret: str) -> None:
    """Raise Refused (401) unless the app signed this just now, with this token secret."""
    if oauth_fields.get("oauth_consumer_key") != X_CONSUMER_KEY:
        raise unauthorized()
    if not _is_recent(oauth_fields.get("oauth_timestamp", ""), request.environ[AHEAD]):
        raise unauthorized()
    right = signature(request, oauth_fields, token_secret)
    if not hmac.compare_digest(right.encode(), oauth_fields.get("oauth_signature", "").encode()):
        raise unauthorized()


def _bearer(token: str) -> Caller:
    if hmac.compare_digest(token.encode(), X_APP_BEARER.encode()):
        return Caller(None)
    for account in X_ACCOUNTS:
        if hmac.compare_digest(token.encode(), account.bearer.encode()):
            return Caller(account)
    raise unauthorized()


def _fields(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs}


def _signer(request: Request, oauth_fields: dict[str, str]) -> XAccount:
    account = next((a for a in X_ACCOUNTS if a.token == oauth_fields.get("oauth_token")), None)
    if account is None:
        raise unauthorized()
    check(request, oauth_fields, account.token_secret)
    return account


def _is_recent(timestamp: str, ahead: int) -> bool:
    if not timestamp.isdecimal():
        return False
    return abs(utc_now().timestamp() + ahead - int(timestamp)) <= CLOCK_SKEW_SECONDS


def signature(request: Request, oauth_fields: dict[str, str], token_secret: str) -> str:
    """Return the right signature of a request, whose URL is https at the host to be signed."""
    pairs = [(k, v) for k, v in oauth_fields.items() if k not in ("oauth_signature", "realm")]
    pairs += parse_qsl(request.query_string.decode(), keep_blank_values=True)
    if request.mimetype == "application/x-www-form-urlencoded":
        pairs += list(request.form.items(multi=True))
    encoded = sorted((_escaped(k), _escaped(v)) for k, v in pairs)
    host = str(request.environ[SIGNED_HOST]).lower()
    address = f"https://{host}{quote(request.path, safe='/%')}"
    base = "&".join(
        (request.method, _escaped(address), _escaped("&".join(f"{k}={v}" for k, v in encoded)))
    )
    key = f"{_escaped(X_CONSUMER_SECRET)}&{_escaped(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
