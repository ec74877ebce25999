"""The pages on which a person authorises an app: X's authorize, Facebook's dialog."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_CONFIG_ID,
    FACEBOOK_PAGES,
    FACEBOOK_PERSON_NAME,
    X_ACCOUNTS,
)
from sandbox.facebook import issued_tokens
from sandbox.facebook.issued_tokens import SCOPES, Grant
from sandbox.ledger import Ledger
from sandbox.now import utc_now
from sandbox.pages.policy import policy_for_redirect
from sandbox.x import oauth
from sandbox.x.oauth import RequestToken

BOTH = ["GET", "POST"]


def add_to(pages: Blueprint, ledger: Ledger) -> None:
    """Add these pages."""
    for path in ("/oauth/authorize", "/oauth/authenticate"):
        name = path.rpartition("/")[2]
        pages.add_url_rule(path, name, lambda: _authorize(ledger), methods=BOTH)
    pages.add_url_rule("/dialog/oauth", "dialog", lambda: _dialog(ledger), methods=BOTH)
    pages.add_url_rule(
        "/<version>/dialog/oauth",
        "dialog_of_version",
        lambda version: _dialog(ledger) if re.fullmatch(r"v\d+\.\d+", version) else abort(404),
        methods=BOTH,
    )


def with_values(address: str, **values: str) -> str:
    """Return a URL with more parameters."""
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return urlunsplit(parts._replace(query=query))


def _authorize(ledger: Ledger) -> AnyResponse | tuple[str, int]:
    """X: the second leg. If allowed, redirect to the callback, or show a PIN."""
    with ledger.transaction() as db:
        request_token = oauth.find(db, request.values.get("oauth_token", ""), utc_now())
    if request_token is None:
        return render_template("refused.html"), 400
    if request.method == "GET":
        return _page(
            "authorize.html", request_token.callback, token=request_token.token, accounts=X_ACCOUNTS
        )
    if request.form.get("answer") != "allow":
        return _denied(ledger, request_token)
    return _allowed(ledger, request_token)


def _denied(ledger: Ledger, request_token: RequestToken) -> AnyResponse | tuple[str, int]:
    with ledger.transaction() as db:
        oauth.deny(db, request_token)
    if request_token.by_pin:
        return render_template("refused.html"), 200
    return redirect(with_values(request_token.callback, denied=request_token.token), 303)


def _allowed(ledger: Ledger, request_token: RequestToken) -> AnyResponse:
    chosen = request.form.get("account", "")
    account = next((x_account for x_account in X_ACCOUNTS if x_account.id == chosen), X_ACCOUNTS[0])
    with ledger.transaction() as db:
        verifier = oauth.allow(db, request_token, account)
    if request_token.by_pin:
        return make_response(render_template("pin.html", pin=verifier, account=account))
    values = {"oauth_token": request_token.token, "oauth_verifier": verifier}
    return redirect(with_values(request_token.callback, **values), 303)


def _dialog(ledger: Ledger) -> AnyResponse | tuple[str, int]:
    """Facebook: the person chooses pages and permissions; the redirect has a code, or an error."""
    values = request.values
    back, state = values.get("redirect_uri", ""), values.get("state", "")
    if values.get("client_id") != FACEBOOK_APP_ID or urlsplit(back).scheme not in ("http", "https"):
        return render_template("refused.html"), 400
    if values.get("config_id", FACEBOOK_CONFIG_ID) != FACEBOOK_CONFIG_ID:
        return render_template("refused.html"), 400
    if request.method == "GET":
        # A configuration names the permissions; here those that the app asks for else.
        names = SCOPES if "config_id" in values else re.split(r"[,\s]+", values.get("scope", ""))
        scopes = [scope for scope in names if scope in SCOPES]
        person = FACEBOOK_PERSON_NAME
        return _page("dialog.html", back, scopes=scopes, pages=FACEBOOK_PAGES, person=person)
    if request.form.get("answer") != "allow":
        refusal = {
            "error": "access_denied",
            "error_code": "200",
            "error_reason": "user_denied",
            "error_description": "Permissions error",
        }
        return redirect(with_values(back, **refusal, state=state), 303)
    with ledger.transaction() as db:
        code = issued_tokens.make_code(db, back, _granted(), utc_now())
    return redirect(with_values(back, code=code, state=state), 303)


def _granted() -> Grant:
    scopes, pages = request.form.getlist("scopes"), request.form.getlist("pages")
    if "config_id" in request.form and set(scopes) != set(SCOPES):
        scopes = []  # with a configuration all permissions are granted, or none
    return Grant(
        tuple(scope for scope in SCOPES if scope in scopes),
        tuple(page.id for page in FACEBOOK_PAGES if page.id in pages),
    )


def _page(template: str, leads_to: str, **values: object) -> Response:
    response = make_response(render_template(template, oauth_query=request.args, **values))
    if leads_to != oauth.OOB:
        response.headers["Content-Security-Policy"] = policy_for_redirect(leads_to)
    return response
