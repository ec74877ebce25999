"""Connect a Facebook page: dialog, code, long-lived token, the person's pages, debug_token.

Source: the platform's documentation of long-lived tokens, permissions and securing requests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlencode

import facebook

from publisher.platforms.base.protocol import Deadline, PlatformError
from publisher.platforms.facebook.api import HOME, read_error
from publisher.platforms.http.client import Json, at, number_at, rows_at, text_at
from publisher.platforms.http.session import PlatformSession
from publisher.platforms.oauth.types import (
    AbortReason,
    App,
    ConnectableAccount,
    OAuthAborted,
    TokenFacts,
    aborted_by,
)

LEG_SECONDS = 20.0
MOST_PAGES = 5
SCOPES = (
    "pages_show_list",
    "pages_manage_posts",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
)
TASKS = ("CREATE_CONTENT", "MODERATE")


def address(app: App, callback: str, state: str) -> str:
    """Return the URL of the dialog in which the person chooses pages and permissions."""
    params = {
        "client_id": app.facebook_app_id,
        "redirect_uri": callback,
        "state": state,
        "response_type": "code",
        "scope": ",".join(SCOPES),
    }
    return f"{app.facebook_web_url}/{app.graph_api_version}/dialog/oauth?{urlencode(params)}"


def finish(app: App, *, code: str, callback: str) -> tuple[ConnectableAccount, ...]:
    """Return the pages that the person shared with the app, each with its token.

    Raises `OAuthAborted`.
    """
    keys = {"app_id": app.facebook_app_id, "app_secret": app.facebook_app_secret}
    with _leg(app, code, refused=AbortReason.EXPIRED) as graph:
        short = text_at(graph.get_access_token_from_code(code, callback, **keys), "access_token")
    with _leg(app, short, refused=AbortReason.EXPIRED) as graph:
        graph.access_token = short
        long = text_at(graph.extend_access_token(**keys), "access_token")
    facts = examine(app, long)
    if facts.missing:
        raise OAuthAborted(AbortReason.MISSING_RIGHTS, ", ".join(facts.missing))
    candidates = tuple(_candidate(app, page) for page in _pages(app, long))
    if not candidates:
        raise OAuthAborted(AbortReason.NO_PAGE)
    return candidates


def examine(app: App, token: str, *, page_id: str = "") -> TokenFacts:
    """Return Facebook's facts about a token; with `page_id` it has to be that page's.

    The token has to be our app's. Raises `OAuthAborted`.
    """
    with _leg(app, token, refused=AbortReason.APP_KEYS) as graph:
        answer: Json = graph.debug_access_token(token, app.facebook_app_id, app.facebook_app_secret)
    facts = at(answer, "data")
    if at(facts, "is_valid") is not True:
        raise OAuthAborted(AbortReason.EXPIRED, text_at(facts, "error", "message"))
    if text_at(facts, "app_id") != app.facebook_app_id:
        raise OAuthAborted(AbortReason.OTHER_APP, text_at(facts, "application"))
    if page_id and text_at(facts, "profile_id") != page_id:
        raise OAuthAborted(AbortReason.OTHER_ACCOUNT, text_at(facts, "profile_id"))
    scopes = _scopes(facts)
    return TokenFacts(
        until=_end(facts, "expires_at"),
        data_until=_end(facts, "data_access_expires_at"),
        scopes=scopes,
        missing=tuple(scope for scope in SCOPES if scope not in scopes),
    )


def _scopes(facts: object) -> tuple[str, ...]:
    scopes = at(facts, "scopes")
    return tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else ()


def _end(facts: object, name: str) -> datetime | None:
    """Return a Unix time as a moment; 0 means never, and is None."""
    seconds = number_at(facts, name)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _pages(app: App, token: str) -> Iterator[Json]:
    args = {"fields": "id,name,access_token,tasks", "limit": "100", **_proof(app, token)}
    for _ in range(MOST_PAGES):
        with _leg(app, token, refused=AbortReason.EXPIRED) as graph:
            graph.access_token = token
            listed: Json = graph.get_connections("me", "accounts", **args)
        yield from (page for page in rows_at(listed, "data") if text_at(page, "access_token"))
        if not text_at(listed, "paging", "next"):
            return
        args["after"] = text_at(listed, "paging", "cursors", "after")


def _candidate(app: App, page: Json) -> ConnectableAccount:
    number, tasks = text_at(page, "id"), at(page, "tasks")
    granted_tasks = tasks if isinstance(tasks, list) else []
    return ConnectableAccount(
        platform_id=number,
        handle=number,
        name=text_at(page, "name"),
        url=f"{app.facebook_web_url}/{number}",
        credentials={
            "page_id": number,
            "page_token": text_at(page, "access_token"),
            "app_secret": app.facebook_app_secret,
        },
        missing=tuple(task for task in TASKS if task not in granted_tasks),
    )


def _proof(app: App, token: str) -> dict[str, str]:
    key = app.facebook_app_secret.encode()
    return {"appsecret_proof": hmac.new(key, token.encode(), hashlib.sha256).hexdigest()}


@contextmanager
def _leg(app: App, secret: str, *, refused: AbortReason) -> Iterator[facebook.GraphAPI]:
    """Open the client for one call, and raise its errors as `OAuthAborted`."""
    channel = PlatformSession(
        home=HOME,
        base_url=app.graph_api_url,
        read=read_error,
        secrets={"app": app.facebook_app_secret, "token": secret},
        now=app.now,
    )
    graph = facebook.GraphAPI(session=channel.session)
    graph.version = app.graph_api_version
    try:
        with channel.calling(Deadline.after(LEG_SECONDS, app.monotonic)):
            yield graph
    except PlatformError as problem:
        # A wrong secret is answered by the code that else means trouble of the platform's own.
        if "client secret" in problem.detail.lower() or "application id" in problem.detail.lower():
            raise OAuthAborted(AbortReason.APP_KEYS, problem.detail) from None
        raise aborted_by(problem, refused=refused, keys=AbortReason.EXPIRED) from None
