"""OAuth of a page: a code for a token, a short token for a long one, and the person's pages."""

from __future__ import annotations

from dataclasses import replace

from flask import request

from sandbox import switches
from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    FACEBOOK_APP_TOKEN,
    FACEBOOK_PAGES,
    FACEBOOK_PERSON_ID,
    FACEBOOK_PERSON_NAME,
    FACEBOOK_PORTFOLIO_ID,
)
from sandbox.exchange import Answer, RequestContext
from sandbox.facebook import issued_tokens, reads, responses, tokens
from sandbox.facebook.errors import expired, not_there, refusal
from sandbox.facebook.issued_tokens import LONG, Token
from sandbox.facebook.tokens import Caller

CATEGORY = {"id": "2235", "name": "Government Organization"}


def access_token(request_context: RequestContext) -> Answer:
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
        return _token_response(
            request_context, _exchange(request_context, sent.get("fb_exchange_token", ""))
        )
    code, redirect_uri = sent.get("code", ""), sent.get("redirect_uri", "")
    return _token_response(
        request_context,
        issued_tokens.redeem(request_context.db, code, redirect_uri, request_context.now),
    )


def _exchange(request_context: RequestContext, token: str) -> Token:
    token_row = issued_tokens.find(request_context.db, token)
    if token_row is None or token_row.page is not None:
        raise refusal("Invalid OAuth access token.", 190, http=401)
    if token_row.expired(request_context.now):
        raise expired(token_row.expires_at)
    return issued_tokens.issue(
        request_context.db, None, token_row.grant, request_context.now, request_context.now + LONG
    )


def _token_response(request_context: RequestContext, token: Token) -> Answer:
    ends = token.expires_at or request_context.now
    seconds = int((ends - request_context.now).total_seconds())
    body = {"access_token": token.token, "token_type": "bearer", "expires_in": seconds}
    return Answer(200, body)


def accounts(request_context: RequestContext, caller: Caller) -> Answer:
    """GET /me/accounts: the pages that the person let this app see, with token and tasks."""
    return _listed_pages(request_context, _person(caller, "accounts"), "own")


def businesses(request_context: RequestContext, caller: Caller) -> Answer:
    """GET /me/businesses: the person's business portfolios."""
    _check_business(_person(caller, "businesses"))
    has_pages = switches.value(request_context.db, "facebook_pages") in ("portfolio", "client")
    portfolio = {"id": FACEBOOK_PORTFOLIO_ID, "name": "सराव महानगरपालिका"}
    return Answer(200, {"data": [portfolio] if has_pages else []})


def portfolio_pages(request_context: RequestContext, caller: Caller, where: str) -> Answer:
    """GET /{portfolio}/owned_pages, or client_pages: those that others share with it."""
    person = _person(caller, "pages")
    _check_business(person)
    return _listed_pages(request_context, person, where)


def shared_page(request_context: RequestContext, caller: Caller, page_id: str) -> Answer:
    """GET /{page} by a person: with its token, if the person shared it."""
    person = _person(caller, "access_token")
    for page in FACEBOOK_PAGES:
        if page.id == page_id and page_id in person.grant.pages:
            token = issued_tokens.issue_for_page(
                request_context.db, person, page_id, request_context.now
            ).token
            own = replace(page, token=token)
            return Answer(200, responses.page(own, request.args.get("fields")))
    raise not_there(page_id)


def _person(caller: Caller, field: str) -> Token:
    if caller.person is None:
        raise refusal(f"(#100) Tried accessing nonexisting field ({field})", 100)
    return caller.person


def _check_business(person: Token) -> None:
    if "business_management" not in person.grant.scopes:
        raise refusal("(#100) Missing Permissions", 100)


def _listed_pages(request_context: RequestContext, person: Token, where: str) -> Answer:
    """List the pages that the person shared, if the switch says that they are listed here."""
    is_here = switches.value(request_context.db, "facebook_pages") == where
    page_ids = person.grant.pages if "pages_show_list" in person.grant.scopes else ()
    pages = [
        {
            "access_token": issued_tokens.issue_for_page(
                request_context.db, person, page.id, request_context.now
            ).token,
            "category": CATEGORY["name"],
            "category_list": [CATEGORY],
            "name": page.name,
            "id": page.id,
            "tasks": list(responses.TASKS),
        }
        for page in FACEBOOK_PAGES
        if is_here and page.id in page_ids
    ]
    cursors = {"before": "QVFI", "after": "QVFI"}
    return Answer(200, {"data": pages, **({"paging": {"cursors": cursors}} if pages else {})})


def me(request_context: RequestContext, caller: Caller) -> Answer:
    """GET /me: the person, or the page whose token it is."""
    if caller.person is None:
        return reads.node(request_context, "me")
    return Answer(200, {"id": FACEBOOK_PERSON_ID, "name": FACEBOOK_PERSON_NAME})


def debug_token(request_context: RequestContext, caller: Caller) -> Answer:
    """GET /debug_token: with the app's own token."""
    if caller.page is not None or caller.person is not None:
        raise refusal("(#100) You must provide an app access token", 100)
    examined = tokens.debug_info(
        request_context.db, request.args.get("input_token", ""), request_context.now
    )
    return Answer(200, {"data": examined})
