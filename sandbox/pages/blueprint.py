"""The sandbox's pages for people: timelines, comments, letterbox, faults. They need no script."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from sandbox.ledger import Ledger
from sandbox.pages import (
    dialogs,
    fault_pages,
    feeds,
    letter_pages,
    letterbox_pages,
    webhook_pages,
)
from sandbox.pages.formatting import FILTERS
from sandbox.pages.policy import POLICY
from sandbox.pages.translations import LANGUAGE_COOKIE, language, translate

YEAR_SECONDS = 31_536_000


def blueprint(ledger: Ledger) -> Blueprint:
    """Return the blueprint of every page over this ledger."""
    pages = Blueprint("pages", __name__)
    feeds.add_to(pages, ledger)
    letterbox_pages.add_to(pages, ledger)
    letter_pages.add_to(pages, ledger)
    fault_pages.add_to(pages, ledger)
    webhook_pages.add_to(pages, ledger)
    dialogs.add_to(pages, ledger)
    return pages


def prepare(app: Flask) -> None:
    """Add texts, filters, headers and the page for a missing address."""
    app.jinja_env.filters.update(FILTERS)
    app.context_processor(lambda: {"w": translate, "lang": language(), "in_language": _in_language})
    app.before_request(_own_pages_only)
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _not_found)


def _in_language(to: str) -> str:
    """Return the URL of the same page in another language, with its other parameters."""
    query = {name: text for name, text in request.args.items() if name != "lang"}
    return "?" + urlencode({**query, "lang": to})


def _own_pages_only() -> tuple[str, int] | None:
    """Refuse a form that another site's page submits."""
    origin = request.headers.get("Origin")
    if request.method != "GET" and origin and urlsplit(origin).netloc != request.host:
        return "Sent from another site.", 403
    return None


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if "lang" in request.args:
        response.set_cookie(
            LANGUAGE_COOKIE, language(), max_age=YEAR_SECONDS, httponly=True, samesite="Lax"
        )
    return response


def _not_found(error: HTTPException) -> tuple[str, int]:
    return render_template("lost.html"), error.code or 500
