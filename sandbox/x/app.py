"""The sandbox's X as a Flask application."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import endings, switches
from sandbox.exchange import Answer, Refused, RequestContext, answer, http_response
from sandbox.ledger import Ledger
from sandbox.x import chunks, oauth, reads, signatures, uploads, writes
from sandbox.x.problems import PROBLEMS, XResponses, unauthorized
from sandbox.x.signatures import caller

RESPONSES = XResponses()
Work = Callable[..., Answer]
ROUTES: tuple[tuple[str, str, str, Work], ...] = (
    ("POST", "/2/tweets", "publish", writes.create),
    ("GET", "/2/tweets", "lookup", reads.by_ids),
    ("GET", "/2/tweets/<key>", "lookup", reads.by_id),
    ("DELETE", "/2/tweets/<key>", "delete", writes.delete),
    ("PUT", "/2/tweets/<key>/hidden", "hide", writes.hide),
    ("GET", "/2/tweets/search/recent", "search", reads.search),
    ("GET", "/2/users", "authors", reads.users),
    ("GET", "/2/users/me", "check", reads.me),
    ("GET", "/2/users/<key>/tweets", "timeline", reads.timeline),
    ("GET", "/2/users/<key>/mentions", "comments", reads.mentions),
    ("POST", "/2/media/upload", "media", uploads.upload),
    ("GET", "/2/media/upload", "media", uploads.standing),
    ("POST", "/2/media/upload/initialize", "media", chunks.initialize),
    ("POST", "/2/media/upload/<key>/append", "media", chunks.append),
    ("POST", "/2/media/upload/<key>/finalize", "media", chunks.finalize),
    ("POST", "/2/media/metadata", "alt_text", uploads.describe),
)
LEGS: tuple[tuple[str, Work], ...] = (
    ("/oauth/request_token", oauth.request_token),
    ("/oauth/access_token", oauth.access_token),
)


def create_x(ledger: Ledger) -> Flask:
    """Return X's routes over this ledger; the outer application selects it by the Host header."""
    app = Flask("sandbox.x", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.before_request(lambda: _note_signed_host(ledger))
    for method, rule, operation, work in ROUTES:
        view = _view(ledger, operation, work)
        app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])
    for rule, leg in LEGS:
        app.add_url_rule(rule, rule, _leg(ledger, leg), methods=["POST"])
    app.register_error_handler(
        Refused, lambda refusal: http_response(RESPONSES.json_type, refusal.answer)
    )
    app.register_error_handler(HTTPException, _no_such_page)
    return app


def _note_signed_host(ledger: Ledger) -> None:
    """Let signatures be checked for the host and by the clock of the switches."""
    with ledger.transaction() as db:
        host = switches.value(db, "x_host")
        request.environ[signatures.AHEAD] = int(switches.value(db, "date_ahead"))
    request.environ[signatures.SIGNED_HOST] = request.host if host == "any" else host


def _view(ledger: Ledger, operation: str, work: Work) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        account = caller(request).account
        name = "reply" if operation == "publish" and _is_reply() else operation

        def done(request_context: RequestContext) -> Answer:
            if endings.ended(
                request_context.db, RESPONSES.platform, request_context.account, request_context.now
            ):
                raise unauthorized()
            return work(request_context, **path)

        return answer(ledger, RESPONSES, name, account.id if account else None, done)

    return view


def _leg(ledger: Ledger, work: Work) -> Callable[[], Response]:
    # A leg of the OAuth flow has no token yet; it checks its own signature.
    return lambda: answer(ledger, RESPONSES, "connect", None, work)


def _is_reply() -> bool:
    body = request.get_json(silent=True)
    return isinstance(body, dict) and body.get("reply") is not None


def _no_such_page(error: HTTPException) -> Response:
    code = error.code or 500
    body = {
        "title": error.name,
        "detail": error.description or "",
        "status": code,
        "type": PROBLEMS + "invalid-request" if code < 500 else PROBLEMS + "internal-error",
    }
    return http_response(RESPONSES.json_type, Answer(code, body))
