"""Who calls: page tokens in the query, the form or the header, and the app's own token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import Request

from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_TOKEN,
    FACEBOOK_EXPIRED_TOKEN,
    FACEBOOK_PAGES,
    FacebookPage,
)
from sandbox.facebook.errors import expired, refusal

SCOPES = (
    "pages_show_list",
    "pages_manage_posts",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
)


@dataclass(frozen=True)
class Caller:
    """The page that acts (None: the app itself) and the token it came with."""

    page: FacebookPage | None
    token: str


def sent_token(request: Request) -> str:
    """The access token of a request, wherever it stands; empty where there is none."""
    header = request.headers.get("Authorization", "").partition(" ")[2]
    return request.args.get("access_token") or request.form.get("access_token") or header


def caller(request: Request) -> Caller:
    """Whose token this is. Raises Refused (104 without, 190 with a wrong or expired one)."""
    token = sent_token(request)
    if not token:
        raise refusal("An access token is required to request this resource.", 104)
    if token == FACEBOOK_EXPIRED_TOKEN:
        raise expired()
    if hmac.compare_digest(token.encode(), FACEBOOK_APP_TOKEN.encode()):
        return Caller(None, token)
    page = page_of(token)
    if page is None:
        raise refusal("Invalid OAuth access token - Cannot parse access token", 190, http=401)
    return Caller(page, token)


def page_of(token: str) -> FacebookPage | None:
    """The page a token belongs to."""
    for page in FACEBOOK_PAGES:
        if hmac.compare_digest(token.encode(), page.token.encode()):
            return page
    return None


def examined(token: str) -> dict[str, object]:
    """What debug_token says of a token; 0 as a time means never."""
    page = page_of(token)
    if page is None:
        wrong = {"code": 190, "message": "Invalid OAuth access token."}
        if token == FACEBOOK_EXPIRED_TOKEN:
            wrong = {"code": 190, "message": "The session has expired.", "subcode": 463}
        return {"app_id": FACEBOOK_APP_ID, "is_valid": False, "error": wrong, "scopes": []}
    return {
        "app_id": FACEBOOK_APP_ID,
        "type": "PAGE",
        "application": "Practice",
        "is_valid": True,
        "expires_at": 0,
        "data_access_expires_at": 0,
        "issued_at": 1767225600,
        "scopes": list(SCOPES),
        "profile_id": page.id,
        "granular_scopes": [{"scope": scope, "target_ids": [page.id]} for scope in SCOPES],
    }
