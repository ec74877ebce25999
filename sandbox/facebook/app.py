"""The sandbox's Facebook as a Flask application."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import switches
from sandbox.credentials import FACEBOOK_PAGES, FACEBOOK_PORTFOLIO_ID
from sandbox.exchange import Answer, Refused, RequestContext, answer, http_response, request_time
from sandbox.facebook import batch, oauth, reads, webhooks, writes
from sandbox.facebook.errors import FacebookResponses, not_there, refusal
from sandbox.facebook.tokens import Caller, caller, check_scope
from sandbox.ledger import Ledger

RESPONSES = FacebookResponses()
Work = Callable[[RequestContext, str], Answer]
EDGES: dict[tuple[str, str], tuple[str, Work]] = {
    ("POST", "feed"): ("publish", writes.create),
    ("POST", "photos"): ("media", writes.add_photo),
    ("POST", "comments"): ("reply", writes.add_comment),
    ("GET", "comments"): ("comments", reads.comments),
    ("GET", "feed"): ("timeline", reads.feed),
    ("GET", "published_posts"): ("timeline", reads.published_posts),
    ("GET", "scheduled_posts"): ("timeline", reads.scheduled_posts),
    ("GET", "subscribed_apps"): ("subscribe", webhooks.subscribed),
    ("POST", "subscribed_apps"): ("subscribe", webhooks.subscribe),
    ("DELETE", "subscribed_apps"): ("subscribe", webhooks.unsubscribe),
}
PERSONS_EDGES: dict[str, Callable[[RequestContext, Caller], Answer]] = {
    "/me/accounts": oauth.accounts,
    "/me/businesses": oauth.businesses,
    f"/{FACEBOOK_PORTFOLIO_ID}/owned_pages": partial(oauth.portfolio_pages, where="portfolio"),
    f"/{FACEBOOK_PORTFOLIO_ID}/client_pages": partial(oauth.portfolio_pages, where="client"),
}
NODES: dict[str, Work] = {
    "GET": reads.node,
    "POST": writes.update,
    "DELETE": writes.delete,
}


def create_facebook(ledger: Ledger, public_url: str | None) -> Flask:
    """Return Facebook's routes over this ledger; versions in paths are removed before."""
    app = Flask("sandbox.facebook", static_folder=None)
    app.config.update(PROPAGATE_EXCEPTIONS=True, PUBLIC_URL=public_url)
    methods = list(NODES)
    app.add_url_rule("/debug_token", "debug_token", _connecting(ledger, oauth.debug_token))
    app.add_url_rule("/", "batch", _batch(ledger), methods=["POST"])
    app.add_url_rule("/me", "me", _connecting(ledger, oauth.me, "check"))
    for path, work in PERSONS_EDGES.items():
        app.add_url_rule(path, path, _connecting(ledger, work))
    app.add_url_rule("/oauth/access_token", "token", _access_token(ledger), methods=["GET", "POST"])
    app.add_url_rule("/<node>", "node", _node(ledger), methods=methods)
    app.add_url_rule("/<node>/<edge>", "edge", _edge(ledger), methods=methods)
    app.register_error_handler(
        Refused, lambda refusal: http_response(RESPONSES.json_type, refusal.answer)
    )
    app.register_error_handler(HTTPException, _no_such_path)
    app.after_request(_with_http_code(ledger))
    return app


def _access_token(ledger: Ledger) -> Callable[[], Response]:
    # No token is required of a caller who requests one.
    return lambda: answer(ledger, RESPONSES, "connect", None, oauth.access_token)


def _connecting(
    ledger: Ledger, work: Callable[[RequestContext, Caller], Answer], operation: str = "connect"
) -> Callable[[], Response]:
    def view() -> Response:
        request_caller = _caller(ledger)
        page = request_caller.page.id if request_caller.page else None
        return answer(
            ledger,
            RESPONSES,
            operation,
            page,
            lambda request_context: work(request_context, request_caller),
        )

    return view


def _batch(ledger: Ledger) -> Callable[[], Response]:
    return lambda: _answer(ledger, "lookup", batch.handle_batch)


def _node(ledger: Ledger) -> Callable[[str], Response]:
    def view(node: str) -> Response:
        work = NODES[request.method]
        return _answer(
            ledger, _operation(node), lambda request_context: work(request_context, node)
        )

    return view


def _edge(ledger: Ledger) -> Callable[[str, str], Response]:
    def view(node: str, edge: str) -> Response:
        handler = EDGES.get((request.method, edge))
        if handler is None:
            raise not_there(f"{node}/{edge}", request.method)
        operation, work = handler
        return _answer(ledger, operation, lambda request_context: work(request_context, node))

    return view


def _answer(ledger: Ledger, operation: str, work: Callable[[RequestContext], Answer]) -> Response:
    request_caller = _caller(ledger)

    def allowed(request_context: RequestContext) -> Answer:
        check_scope(request_caller, operation)
        if operation == "check" and request_caller.person is not None:
            return oauth.shared_page(request_context, request_caller, request.path.strip("/"))
        return work(request_context)

    return answer(
        ledger,
        RESPONSES,
        operation,
        request_caller.page.id if request_caller.page else None,
        allowed,
    )


def _caller(ledger: Ledger) -> Caller:
    with ledger.transaction() as db:
        return caller(request, db, request_time())


def _operation(node: str) -> str:
    if request.method == "DELETE":
        return "delete"
    if request.method == "GET":
        is_page = node == "me" or node in (page.id for page in FACEBOOK_PAGES)
        return "check" if is_page else "lookup"
    for name, operation in (("is_published", "make_public"), ("is_hidden", "hide")):
        if name in request.form:
            return operation
    return "edit"


def _no_such_path(error: HTTPException) -> Response:
    answer = refusal("Unknown path components: " + request.path, 2500, http=error.code or 400)
    return http_response(RESPONSES.json_type, answer.answer)


def _with_http_code(ledger: Ledger) -> Callable[[Response], Response]:
    # The HTTP code of a refusal is not established, so a switch sets it.

    def after(response: Response) -> Response:
        if response.status_code in (400, 401, 403):
            with ledger.transaction() as db:
                code = int(switches.value(db, "facebook_error_http"))
            response.status_code = code if code != 400 else response.status_code
        return response

    return after
