"""OAuth of a page: a code for a token, a short token for a long one, and the person's pages."""

from __future__ import annotations

from flask import request

from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    FACEBOOK_APP_TOKEN,
    FACEBOOK_PAGES,
    FACEBOOK_PERSON_ID,
    FACEBOOK_PERSON_NAME,
)
from sandbox.exchange import Answer, Turn
from sandbox.facebook import issuing, reading, shapes, tokens
from sandbox.facebook.errors import expired, refusal
from sandbox.facebook.issuing import LONG, Token
from sandbox.facebook.tokens import Caller

CATEGORY = {"id": "2235", "name": "Government Organization"}


def access_token(turn: Turn) -> Answer:
    """GET /oauth/access_token: with a code, fb_exchange_token, or the app's own keys.

    Facebook: long-lived tokens (its page on them); what the refusals say is not established.
    """
    sent = request.args if request.method == "GET" else request.form
    if sent.get("client_id") != FACEBOOK_APP_ID:
        raise refusal("Error validating application. Invalid application ID.", 101)
    if sent.get("client_secret") != FACEBOOK_APP_SECRET:
        raise refusal("Error validating client secret.", 1)
    kind = sent.get("grant_type", "authorization_code")
    if kind == "client_credentials":
        return Answer(200, {"access_token": FACEBOOK_APP_TOKEN, "token_type": "bearer"})
    if kind == "fb_exchange_token":
        return _given(turn, _exchanged(turn, sent.get("fb_exchange_token", "")))
    code, redirect_uri = sent.get("code", ""), sent.get("redirect_uri", "")
    return _given(turn, issuing.redeem(turn.db, code, redirect_uri, turn.now))


def _exchanged(turn: Turn, token: str) -> Token:
    token_row = issuing.find(turn.db, token)
    if token_row is None or token_row.page is not None:
        raise refusal("Invalid OAuth access token.", 190, http=401)
    if token_row.expired(turn.now):
        raise expired(token_row.expires_at)
    return issuing.issue(turn.db, None, token_row.grant, turn.now, turn.now + LONG)


def _given(turn: Turn, token: Token) -> Answer:
    ends = token.expires_at or turn.now
    seconds = int((ends - turn.now).total_seconds())
    body = {"access_token": token.token, "token_type": "bearer", "expires_in": seconds}
    return Answer(200, body)


def accounts(turn: Turn, of: Caller) -> Answer:
    """GET /me/accounts: the pages that the person let this app see, with token and tasks."""
    if of.person is None:
        raise refusal("(#100) Tried accessing nonexisting field (accounts)", 100)
    grant = of.person.grant
    page_ids = grant.pages if "pages_show_list" in grant.scopes else ()
    pages = [
        {
            "access_token": issuing.of_page(turn.db, of.person, page.id, turn.now).token,
            "category": CATEGORY["name"],
            "category_list": [CATEGORY],
            "name": page.name,
            "id": page.id,
            "tasks": list(shapes.TASKS),
        }
        for page in FACEBOOK_PAGES
        if page.id in page_ids
    ]
    cursors = {"before": "QVFI", "after": "QVFI"}
    return Answer(200, {"data": pages, **({"paging": {"cursors": cursors}} if pages else {})})


def me(turn: Turn, of: Caller) -> Answer:
    """GET /me: the person, or the page whose token it is."""
    if of.person is None:
        return reading.node(turn, "me")
    return Answer(200, {"id": FACEBOOK_PERSON_ID, "name": FACEBOOK_PERSON_NAME})


def debug_token(turn: Turn, of: Caller) -> Answer:
    """GET /debug_token: with the app's own token."""
    if of.page is not None or of.person is not None:
        raise refusal("(#100) You must provide an app access token", 100)
    examined = tokens.examined(turn.db, request.args.get("input_token", ""), turn.now)
    return Answer(200, {"data": examined})
