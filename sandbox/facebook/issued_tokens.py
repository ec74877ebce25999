"""Codes and tokens that the sandbox's Facebook issues while an account is connected."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import switches
from sandbox.credentials import FACEBOOK_SCOPES
from sandbox.facebook.errors import refusal
from sandbox.now import format_time, parse_time

SCOPES = FACEBOOK_SCOPES
# Facebook: a long-lived user token holds for about 60 days (expires_in 5183944).
LONG = timedelta(seconds=5_183_944)
CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Grant:
    """The person's choice in the dialog: permissions, and on which pages."""

    scopes: tuple[str, ...]
    pages: tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """An issued token; `page` is None for the person's own. Times are aware UTC."""

    token: str
    page: str | None
    grant: Grant
    issued_at: datetime
    expires_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """Return True if the token has expired."""
        return self.expires_at is not None and now >= self.expires_at


def make_code(db: sqlite3.Connection, redirect_uri: str, grant: Grant, now: datetime) -> str:
    """Return a code for the callback: valid once, for a few minutes, for this URL."""
    code, refused = secrets.token_urlsafe(48), switches.value(db, "facebook_refused_scope")
    scopes = " ".join(scope for scope in grant.scopes if scope != refused)
    db.execute(
        "INSERT INTO codes VALUES (?, ?, ?, ?, ?)",
        (code, redirect_uri, scopes, " ".join(grant.pages), format_time(now)),
    )
    return code


def redeem(db: sqlite3.Connection, code: str, redirect_uri: str, now: datetime) -> Token:
    """Return the person's short-lived token for a code.

    Raises Refused (wording not established).
    """
    row = db.execute("SELECT * FROM codes WHERE code=?", (code,)).fetchone()
    if row is None or now > parse_time(row["made_at"]) + CODE_LIFE:
        raise refusal("Invalid verification code format.", 100)
    if row["redirect_uri"] != redirect_uri:
        raise refusal(
            "Error validating verification code. Please make sure your redirect_uri is identical to"
            " the one you used in the OAuth dialog request",
            100,
        )
    db.execute("DELETE FROM codes WHERE code=?", (code,))
    life = timedelta(minutes=switches.number(db, "facebook_short_token_minutes"))
    return issue(db, None, _grant(row), now, now + life)


def _grant(row: sqlite3.Row) -> Grant:
    return Grant(tuple(row["scopes"].split()), tuple(row["pages"].split()))


def issue(
    db: sqlite3.Connection,
    page: str | None,
    grant: Grant,
    now: datetime,
    expires_at: datetime | None,
) -> Token:
    """Issue and store a token."""
    token = Token(f"EAAP{secrets.token_hex(40)}", page, grant, now, expires_at)
    db.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?)",
        (
            token.token,
            page,
            " ".join(grant.scopes),
            " ".join(grant.pages),
            format_time(now),
            format_time(expires_at) if expires_at else None,
        ),
    )
    return token


def find(db: sqlite3.Connection, token: str) -> Token | None:
    """Return an issued token; None if there is none."""
    row = db.execute("SELECT * FROM tokens WHERE token=?", (token,)).fetchone()
    if row is None:
        return None
    ends = parse_time(row["expires_at"]) if row["expires_at"] else None
    return Token(row["token"], row["page"], _grant(row), parse_time(row["issued_at"]), ends)


def issue_for_page(db: sqlite3.Connection, person: Token, page: str, now: datetime) -> Token:
    """Return a page's token: it never expires if the person's is long-lived, else with it."""
    long = person.expires_at is not None and person.expires_at - person.issued_at >= LONG
    return issue(db, page, person.grant, now, None if long else person.expires_at)
