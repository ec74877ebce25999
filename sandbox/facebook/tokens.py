"""The caller of a request: tokens in the query, the form or the header, and the app's own token."""

from __future__ import annotations

import hmac
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Request

from sandbox import endings, switches
from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_TOKEN,
    FACEBOOK_EXPIRED_TOKEN,
    FACEBOOK_PAGES,
    FACEBOOK_PERSON_ID,
    FacebookPage,
)
from sandbox.facebook import issued_tokens
from sandbox.facebook.errors import ended, expired, refusal
from sandbox.facebook.issued_tokens import SCOPES, Grant, Token
from sandbox.now import parse_time

ISSUED_AT = parse_time("2026-01-01T00:00:00+00:00")
# Facebook: access to what people wrote ends by itself after 90 days (a page's title; not read).
DATA_ACCESS = timedelta(days=90)
# Facebook: which permission a page's token needs (its references of feed, comments and webhooks).
NEEDED_SCOPES = {
    "publish": "pages_manage_posts",
    "media": "pages_manage_posts",
    "make_public": "pages_manage_posts",
    "timeline": "pages_read_engagement",
    "comments": "pages_read_user_content",
    "reply": "pages_manage_engagement",
    "hide": "pages_manage_engagement",
    "subscribe": "pages_manage_metadata",
}


@dataclass(frozen=True)
class Caller:
    """The acting page, or the person (`person`); if neither, the app itself."""

    page: FacebookPage | None
    token: str
    person: Token | None = None
    scopes: tuple[str, ...] = SCOPES


def sent_token(request: Request) -> str:
    """Return the access token of a request, from any position; empty if there is none."""
    header = request.headers.get("Authorization", "").partition(" ")[2]
    return request.args.get("access_token") or request.form.get("access_token") or header


def caller(request: Request, db: sqlite3.Connection, now: datetime) -> Caller:
    """Return the owner of a token.

    Raises Refused (104 without, 190 with a wrong or expired one).
    """
    token = sent_token(request)
    if not token:
        raise refusal("An access token is required to request this resource.", 104)
    if token == FACEBOOK_EXPIRED_TOKEN:
        raise expired()
    if hmac.compare_digest(token.encode(), FACEBOOK_APP_TOKEN.encode()):
        return Caller(None, token)
    token_row = find_token(db, token)
    if token_row is None:
        raise refusal("Invalid OAuth access token - Cannot parse access token", 190, http=401)
    if token_row.expired(now):
        raise expired(token_row.expires_at)
    if subcode := endings.ended(db, "facebook", token_row.page, now):
        raise ended(subcode)
    person = token_row if token_row.page is None else None
    return Caller(_page(token_row.page), token, person, token_row.grant.scopes)


def find_token(db: sqlite3.Connection, token: str) -> Token | None:
    """Return a token of the practice pages, or an issued one."""
    for page in FACEBOOK_PAGES:
        if hmac.compare_digest(token.encode(), page.token.encode()):
            return Token(token, page.id, Grant(SCOPES, (page.id,)), ISSUED_AT, None)
    return issued_tokens.find(db, token)


def _page(key: str | None) -> FacebookPage | None:
    return next((page for page in FACEBOOK_PAGES if page.id == key), None)


def check_scope(caller: Caller, operation: str) -> None:
    """Check the permission of an operation. Raises Refused (code 200) without it."""
    needed = NEEDED_SCOPES.get(operation)
    if caller.page is not None and needed is not None and needed not in caller.scopes:
        raise refusal(f"(#200) Requires {needed} permission to manage the object", 200, http=403)


def debug_info(db: sqlite3.Connection, token: str, now: datetime) -> dict[str, object]:
    """Return the response of debug_token; 0 as a time means never."""
    token_row = find_token(db, token)
    wrong = _wrong(db, token, token_row, now)
    if token_row is None:
        return {"app_id": FACEBOOK_APP_ID, "is_valid": False, "error": wrong, "scopes": []}
    of_page = token_row.page is not None
    facts: dict[str, object] = {
        "app_id": FACEBOOK_APP_ID,
        "type": "PAGE" if of_page else "USER",
        "application": "Practice",
        "is_valid": not wrong,
        "expires_at": int(token_row.expires_at.timestamp()) if token_row.expires_at else 0,
        "data_access_expires_at": _data_access(token_row),
        "issued_at": int(token_row.issued_at.timestamp()),
        "scopes": list(token_row.grant.scopes),
        "granular_scopes": _granular(db, token_row),
        "user_id": FACEBOOK_PERSON_ID,
    }
    return (
        facts
        | ({"profile_id": token_row.page} if of_page else {})
        | ({"error": wrong} if wrong else {})
    )


def _granular(db: sqlite3.Connection, token: Token) -> list[dict[str, object]]:
    # Facebook: no ids are named if a permission is granted for all pages (public bug reports).
    names_pages = switches.value(db, "facebook_pages") in ("own", "unlisted")
    pages = [token.page] if token.page else list(token.grant.pages)
    targets = {"target_ids": pages} if names_pages else {}
    return [{"scope": scope, **targets} for scope in token.grant.scopes]


def _data_access(token: Token) -> int:
    # The practice pages' own tokens never expire; those issued by the dialog do.
    return 0 if token.issued_at == ISSUED_AT else int((token.issued_at + DATA_ACCESS).timestamp())


def _wrong(
    db: sqlite3.Connection, token: str, token_row: Token | None, now: datetime
) -> dict[str, object]:
    if token == FACEBOOK_EXPIRED_TOKEN or (token_row and token_row.expired(now)):
        return {"code": 190, "message": "The session has expired.", "subcode": endings.EXPIRED}
    if token_row is None:
        return {"code": 190, "message": "Invalid OAuth access token."}
    subcode = endings.ended(db, "facebook", token_row.page, now)
    return (
        {"code": 190, "message": "The session is invalid.", "subcode": subcode} if subcode else {}
    )
