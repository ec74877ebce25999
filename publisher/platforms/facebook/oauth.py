"""Connect a Facebook page: dialog, code, long-lived token, the person's pages, debug_token.

Source: the platform's documentation of long-lived tokens, permissions and securing requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import facebook

from publisher.platforms.base.json_values import Json, find_value, number_at, rows_at, text_at
from publisher.platforms.base.protocol import Deadline, PlatformError
from publisher.platforms.facebook.api import FacebookSession, app_secret_proof, graph_client
from publisher.platforms.oauth.types import (
    AbortReason,
    ConnectableAccount,
    OAuthAborted,
    StartedFlow,
    TokenFacts,
    make_abort,
)

if TYPE_CHECKING:
    from publisher.platforms.capabilities import Installation

LEG_SECONDS = 20.0
MOST_PAGES = 5
MOST_PORTFOLIOS = 10
PAGE_FIELDS = "id,name,access_token"
PORTFOLIO_EDGES = ("owned_pages", "client_pages")
ESCAPE = "NAGARVANI_FACEBOOK_PAGE_ID, NAGARVANI_FACEBOOK_PAGE_TOKEN"
"""The settings that connect a page which Facebook does not list."""

NEEDED_SCOPES = (
    "pages_show_list",
    "pages_manage_posts",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
)
# Without the last two everything works, but comments are found only by polling, and the pages of a
# business portfolio may not be found.
PORTFOLIO_SCOPE = "business_management"
SCOPES = (*NEEDED_SCOPES, "pages_manage_metadata", PORTFOLIO_SCOPE)
TASKS = ("CREATE_CONTENT", "MODERATE")


def start(installation: Installation, *, callback: str, state: str) -> StartedFlow:
    """Return the URL of the dialog in which the person chooses pages and permissions."""
    settings = installation.settings
    params = {
        "client_id": settings["facebook_app_id"],
        "redirect_uri": callback,
        "state": state,
        "response_type": "code",
    }
    # In "Facebook Login for Business" a configuration names the permissions.
    config_id = settings["facebook_login_config_id"]
    params |= {"config_id": config_id} if config_id else {"scope": ",".join(SCOPES)}
    dialog = f"{settings['facebook_web_url']}/{settings['graph_api_version']}/dialog/oauth"
    return StartedFlow(f"{dialog}?{urlencode(params)}", state)


def callback_state(query: Mapping[str, str]) -> str:
    """Return the state in a callback; empty if it has none."""
    return query.get("state", "")


def finish(
    installation: Installation,
    *,
    callback: str,
    secret: str,  # noqa: ARG001  Facebook has none between the legs
    query: Mapping[str, str],
) -> tuple[ConnectableAccount, ...]:
    """Return the pages that the person shared with the app, each with its token.

    Raises `OAuthAborted`.
    """
    code = query.get("code", "")
    if not code:
        raise OAuthAborted(AbortReason.EXPIRED, query.get("error", ""))
    app_id, app_secret = _app(installation)
    keys = {"app_id": app_id, "app_secret": app_secret}
    with _leg(installation, code, refused=AbortReason.EXPIRED) as graph:
        short = text_at(graph.get_access_token_from_code(code, callback, **keys), "access_token")
    with _leg(installation, short, refused=AbortReason.EXPIRED) as graph:
        graph.access_token = short
        long = text_at(graph.extend_access_token(**keys), "access_token")
    debug_info = _debug_info(installation, long)
    if missing := _facts(debug_info).missing:
        raise OAuthAborted(AbortReason.MISSING_RIGHTS, ", ".join(missing))
    pages = _pages(installation, long, debug_info)
    if not pages:
        is_whole = PORTFOLIO_SCOPE in _facts(debug_info).scopes
        raise OAuthAborted(AbortReason.NO_PAGE if is_whole else AbortReason.NO_PORTFOLIO, ESCAPE)
    return tuple(_candidate(installation, page) for page in pages)


def examine(installation: Installation, credentials: Mapping[str, str]) -> TokenFacts | None:
    """Return Facebook's facts about a page's token, which must belong to our app and that page.

    Raises `OAuthAborted`.
    """
    token, page_id = credentials.get("page_token", ""), credentials.get("page_id", "")
    return _facts(_debug_info(installation, token, page_id=page_id))


def _app(installation: Installation) -> tuple[str, str]:
    settings = installation.settings
    return settings["facebook_app_id"], settings["facebook_app_secret"]


def _debug_info(installation: Installation, token: str, *, page_id: str = "") -> object:
    """Return what Facebook reports about a token, which has to be valid and our app's."""
    app_id, app_secret = _app(installation)
    with _leg(installation, token, refused=AbortReason.APP_KEYS) as graph:
        answer: Json = graph.debug_access_token(token, app_id, app_secret)
    facts = find_value(answer, "data")
    if find_value(facts, "is_valid") is not True:
        raise OAuthAborted(AbortReason.EXPIRED, text_at(facts, "error", "message"))
    if text_at(facts, "app_id") != app_id:
        raise OAuthAborted(AbortReason.OTHER_APP, text_at(facts, "application"))
    if page_id and text_at(facts, "profile_id") != page_id:
        raise OAuthAborted(AbortReason.OTHER_ACCOUNT, text_at(facts, "profile_id"))
    return facts


def _facts(facts: object) -> TokenFacts:
    scopes = _list_names(facts, "scopes")
    return TokenFacts(
        until=_end(facts, "expires_at"),
        data_until=_end(facts, "data_access_expires_at"),
        scopes=scopes,
        missing=tuple(scope for scope in NEEDED_SCOPES if scope not in scopes),
    )


def _list_names(row: object, key: str) -> tuple[str, ...]:
    names = find_value(row, key)
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _end(facts: object, name: str) -> datetime | None:
    """Return a Unix time as a moment; 0 means never, and is None."""
    seconds = number_at(facts, name)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _pages(installation: Installation, token: str, debug_info: object) -> list[Json]:
    """Return the pages that the person shared with our app, each with its token.

    Facebook lists those of a business portfolio at "me/accounts" for some people only. Pages that
    it lists nowhere are read by the ids in the token's permissions.
    """
    portfolios = islice(_rows(installation, token, "me/businesses", "id"), MOST_PORTFOLIOS)
    edges = [f"{text_at(row, 'id')}/{edge}" for row in portfolios for edge in PORTFOLIO_EDGES]
    pages: dict[str, Json] = {}
    for edge in ("me/accounts", *edges):
        for page in _rows(installation, token, edge, f"{PAGE_FIELDS},tasks"):
            if text_at(page, "access_token"):
                pages.setdefault(text_at(page, "id"), page)
    for grant in rows_at(debug_info, "granular_scopes"):
        names_pages = text_at(grant, "scope") == "pages_show_list"
        for page_id in _list_names(grant, "target_ids") if names_pages else ():
            if page_id not in pages:
                pages[page_id] = _read_node(installation, token, page_id, fields=PAGE_FIELDS)
    return [page for page in pages.values() if text_at(page, "access_token")]


def _rows(installation: Installation, token: str, edge: str, fields: str) -> Iterator[Json]:
    args = {"fields": fields, "limit": "100"}
    for _ in range(MOST_PAGES):
        listed = _read_node(installation, token, edge, **args)
        yield from rows_at(listed, "data")
        if not text_at(listed, "paging", "next"):
            return
        args["after"] = text_at(listed, "paging", "cursors", "after")


def _read_node(installation: Installation, token: str, path: str, **args: str) -> Json:
    """Return a node, or a page of an edge; an empty one if Facebook refuses it to this person."""
    proof = app_secret_proof(_app(installation)[1], token)
    try:
        with _leg(installation, token, refused=AbortReason.NO_PAGE) as graph:
            graph.access_token = token
            answer: Json = graph.get_object(path, **args, **proof)
    except OAuthAborted as turned:
        if turned.why is not AbortReason.NO_PAGE:
            raise
        return {}
    return answer


def _candidate(installation: Installation, page: Json) -> ConnectableAccount:
    number, granted_tasks = text_at(page, "id"), _list_names(page, "tasks")
    return ConnectableAccount(
        platform_id=number,
        handle=number,
        name=text_at(page, "name"),
        url=f"{installation.settings['facebook_web_url']}/{number}",
        credentials={
            "page_id": number,
            "page_token": text_at(page, "access_token"),
            "app_secret": _app(installation)[1],
        },
        # A page that was read by its id has no tasks.
        missing=tuple(task for task in TASKS if "tasks" in page and task not in granted_tasks),
    )


@contextmanager
def _leg(
    installation: Installation, secret: str, *, refused: AbortReason
) -> Iterator[facebook.GraphAPI]:
    """Open the client for one call, and raise its errors as `OAuthAborted`."""
    channel = FacebookSession(installation, (_app(installation)[1], secret))
    try:
        with channel.calling(Deadline.after(LEG_SECONDS, installation.monotonic)):
            yield graph_client(installation, channel)
    except PlatformError as problem:
        # For a wrong secret Facebook returns the code that otherwise means an internal error.
        if "client secret" in problem.detail.lower() or "application id" in problem.detail.lower():
            raise OAuthAborted(AbortReason.APP_KEYS, problem.detail) from None
        raise make_abort(problem, refused=refused, keys=AbortReason.EXPIRED) from None
