"""The cookies of a browser: its session, a sign-in that waits for a code, and its device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import after_this_request, current_app, g, request, session
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug import Response

from publisher.auth.known_devices import LASTS
from publisher.auth.session_start import FactorRequest, SignedIn, SignInMethod
from publisher.auth.sign_in_codes import CodeRequest
from web.core.auth import SESSION_KEY
from web.core.context import ctx

_ASKED_KEY = "sign_in_code"
_FACTOR_KEY = "sign_in_factor"
_IDENTIFIER_KEY = "sign_in_as"
LONGEST_IDENTIFIER = 254
"""Characters of a login that a cookie holds; no mail address is longer."""


@dataclass(frozen=True)
class PendingSignIn:
    """A sign-in in this browser that waits for its code."""

    identifier: str
    code_request: CodeRequest
    is_shared: bool


def store_asked(identifier: str, code_request: CodeRequest, *, is_shared: bool) -> None:
    """Store in the session cookie that a code is awaited; the cookie reveals nothing else."""
    not_before = code_request.not_before.isoformat()
    session[_ASKED_KEY] = [
        identifier[:LONGEST_IDENTIFIER],
        code_request.browser,
        not_before,
        is_shared,
    ]


def pending_sign_in() -> PendingSignIn | None:
    """Return the sign-in of this browser that waits for a code, or None."""
    if _ASKED_KEY not in session:
        return None
    identifier, browser, not_before, is_shared = session[_ASKED_KEY]
    code_request = CodeRequest(browser, datetime.fromisoformat(not_before))
    return PendingSignIn(identifier, code_request, is_shared)


def store_identifier(identifier: str) -> None:
    """Store whose password was set in this browser, for the next sign-in page only."""
    session[_IDENTIFIER_KEY] = identifier


def take_identifier() -> str:
    """Return whose password was set in this browser, once; "" if there is nobody."""
    return str(session.pop(_IDENTIFIER_KEY, ""))


@dataclass(frozen=True)
class PendingFactor:
    """A sign-in in this browser that waits for its second factor."""

    factor_request: FactorRequest
    is_shared: bool


def store_factor_request(factor_request: FactorRequest, *, is_shared: bool) -> None:
    """Store in the session cookie that a second factor is awaited."""
    session.pop(_ASKED_KEY, None)
    token, method, by_sms = factor_request.token, factor_request.method, factor_request.by_sms
    session[_FACTOR_KEY] = [token, method.value, by_sms, is_shared]


def pending_factor() -> PendingFactor | None:
    """Return the sign-in of this browser that waits for a second factor, or None."""
    if _FACTOR_KEY not in session:
        return None
    token, method, by_sms, is_shared = session[_FACTOR_KEY]
    return PendingFactor(FactorRequest(token, SignInMethod(method), by_sms), is_shared)


def begin_session(signed_in: SignedIn) -> None:
    """Begin a new session; only the language of the previous session is kept."""
    language = session.get("language")
    session.clear()
    # The form just read has made a token for the old session, which this page would pass on.
    g.pop("csrf_token", None)
    session[SESSION_KEY] = signed_in.token
    session.permanent = not signed_in.sign_in.is_shared
    if language:
        session["language"] = language
    if signed_in.device_token:
        _set_device(signed_in.device_token)


def _cookie_name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-device"


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(ctx.settings.secret_key, salt="known device")


def device_token() -> str:
    """Return the token of the device cookie; empty if there is none or it is not ours."""
    try:
        return str(_serializer().loads(request.cookies.get(_cookie_name(), "")))
    except BadSignature:
        return ""


def _set_device(token: str) -> None:
    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            _cookie_name(),
            str(_serializer().dumps(token)),
            max_age=LASTS,
            secure=True,
            httponly=True,
            samesite="Strict",
        )
        return response
