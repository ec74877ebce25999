"""OAuth of an X account in three legs: request token, the page that allows it, access token."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from flask import request

from sandbox.credentials import X_ACCOUNTS, XAccount
from sandbox.exchange import Answer, Refused, RequestContext
from sandbox.now import format_time, parse_time
from sandbox.x import signatures

OOB = "oob"
LIFE = timedelta(minutes=15)
PIN_DIGITS = 7


@dataclass(frozen=True)
class RequestToken:
    """The first leg's token; `account` and `verifier` are set once a person has allowed it."""

    token: str
    secret: str
    callback: str
    account: str | None
    verifier: str | None

    @property
    def by_pin(self) -> bool:
        """True if the verifier is read from the page and typed."""
        return self.callback == OOB


def request_token(request_context: RequestContext) -> Answer:
    """Handle POST /oauth/request_token, signed by the app alone, with a callback or "oob"."""
    oauth_fields = signatures.parse_oauth_header(request)
    signatures.check(request, oauth_fields, "")
    callback = oauth_fields.get("oauth_callback", "")
    if callback != OOB and urlsplit(callback).scheme not in ("http", "https"):
        raise refused(400, 214, "Bad callback.")
    token, secret = f"rt-{secrets.token_urlsafe(24)}", secrets.token_urlsafe(32)
    request_context.db.execute(
        "INSERT INTO request_tokens VALUES (?, ?, ?, ?, NULL, NULL)",
        (token, secret, callback, format_time(request_context.now)),
    )
    return _form(oauth_token=token, oauth_token_secret=secret, oauth_callback_confirmed="true")


def find(db: sqlite3.Connection, token: str, now: datetime) -> RequestToken | None:
    """Return a request token that is still valid."""
    row = db.execute("SELECT * FROM request_tokens WHERE token=?", (token,)).fetchone()
    if row is None or now > parse_time(row["made_at"]) + LIFE:
        return None
    return RequestToken(
        row["token"], row["secret"], row["callback"], row["account"], row["verifier"]
    )


def allow(db: sqlite3.Connection, request_token: RequestToken, account: XAccount) -> str:
    """Let the app act for an account; return the verifier."""
    verifier = (
        f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        if request_token.by_pin
        else secrets.token_urlsafe(24)
    )
    db.execute(
        "UPDATE request_tokens SET account=?, verifier=? WHERE token=?",
        (account.id, verifier, request_token.token),
    )
    return verifier


def deny(db: sqlite3.Connection, request_token: RequestToken) -> None:
    """Refuse the app, and delete the request token."""
    db.execute("DELETE FROM request_tokens WHERE token=?", (request_token.token,))


def access_token(request_context: RequestContext) -> Answer:
    """Handle POST /oauth/access_token, signed with the request token; valid once."""
    oauth_fields = signatures.parse_oauth_header(request)
    request_token = find(
        request_context.db, oauth_fields.get("oauth_token", ""), request_context.now
    )
    if request_token is None:
        raise refused(401, 32, "Could not authenticate you.")
    signatures.check(request, oauth_fields, request_token.secret)
    sent = oauth_fields.get("oauth_verifier") or request.form.get("oauth_verifier", "")
    account = next(
        (x_account for x_account in X_ACCOUNTS if x_account.id == request_token.account), None
    )
    if account is None or not secrets.compare_digest(
        sent.encode(), (request_token.verifier or "").encode()
    ):
        raise refused(401, 32, "Could not authenticate you.")
    deny(request_context.db, request_token)
    return _form(
        oauth_token=account.token,
        oauth_token_secret=account.token_secret,
        user_id=account.id,
        screen_name=account.username,
    )


def refused(code: int, number: int, message: str) -> Refused:
    """Return a refusal of these endpoints; their exact wording is not established."""
    return Refused(Answer(code, {"errors": [{"code": number, "message": message}]}))


def _form(**values: str) -> Answer:
    # X: these endpoints respond with a form, not with JSON.
    return Answer(200, urlencode(values))
