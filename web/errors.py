"""Pages of ours for whatever cannot be done: what happened, what was kept, what to do."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, g, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException

from approvals.errors import FreshSignInRequired, NotAllowed, StaleRevision, WrongRole
from publisher.auth.sessions import NotYours
from publisher.media.store import StoreAway
from publisher.validation import NotFound
from web.core import form_recovery
from web.core.i18n import _
from web.core.sign_in_page import sign_in_page
from web.messages.refusals import refusal_sentence

log = logging.getLogger("nagarvani.web")
Page = tuple[str, int]
_SHOWN = frozenset({400, 403, 404, 413, 429, 500, 503})


def register(app: Flask) -> None:
    """Answer every error with a page of ours."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _old_form)
    app.register_error_handler(NotFound, _missing)
    app.register_error_handler(NotYours, _missing)
    app.register_error_handler(NotAllowed, _not_allowed)
    for problem in (OperationalError, InterfaceError, NoConnection):
        app.register_error_handler(problem, _database_away)
    app.register_error_handler(StoreAway, _store_away)
    app.register_error_handler(500, _broken)


def _reference() -> str:
    """A short number that stands in the log and on the page."""
    return f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()


def error_page(code: int, **words: object) -> Page:
    """The page for this code; its frame counts nothing."""
    g.is_error = True
    reference = "" if code == 404 else _reference()
    if reference:
        log.warning("%s %s %s %s", code, request.method, request.path, reference)
    shown = code if code in _SHOWN else 400
    given = {
        "code": shown,
        "reference": reference,
        "written": _written(code),
        "again": _again(code),
        **words,
    }
    return render_template("errors/error.html", **given), code


def _again(code: int) -> dict[str, str] | None:
    """The same page once more, where trying again may help."""
    if request.method != "GET" or code not in (429, 500, 503):
        return None
    return {"label": _("Try again"), "href": request.full_path.rstrip("?")}


def _written(code: int) -> list[str]:
    """The texts of the form in hand, where sending it again would not help."""
    if code == 413 or request.endpoint is None or (kept := form_recovery.sent()) is None:
        return []
    return [value for name, value in kept.fields if _is_text(name, value)]


def _is_text(name: str, value: str) -> bool:
    return len(value) > 2 and not name.endswith("_token") and not value.isdecimal()


def _http(error: HTTPException) -> Page | HTTPException:
    code = error.code or 500
    if 300 <= code < 400:
        return error
    return error_page(code)


def _old_form(_error: CSRFError) -> Page:
    """A form from before the session was lost: what it held is carried on in the page."""
    kept = form_recovery.sent()
    if kept is None:
        return error_page(400)
    if g.get("acting") is None and kept.path != request.path:
        return sign_in_page(kept=kept)  # the sign-in page itself was too old
    return form_recovery.page(kept, happened=_("The page was open for too long."), code=400)


def _missing(_error: NotFound | NotYours) -> Page:
    return error_page(404)


def _not_allowed(error: NotAllowed) -> Page:
    """A refusal that no view has answered itself, in words."""
    code = 403 if isinstance(error, WrongRole | FreshSignInRequired) else 409
    kept = form_recovery.keep_request() if isinstance(error, StaleRevision) else None
    if kept is not None:
        return form_recovery.page(kept, happened=refusal_sentence(error), code=409)
    return error_page(code, happened=refusal_sentence(error))


def _database_away(error: OperationalError | InterfaceError | NoConnection) -> Page:
    """The database is locked, full or away: what was typed stays in the page."""
    log.error("database: %s", getattr(error, "orig", error))
    kept = form_recovery.sent()
    if kept is None:
        return error_page(503)
    happened = _("The database cannot be reached just now. Nothing was changed.")
    return form_recovery.page(kept, happened=happened, code=503)


def _store_away(_error: StoreAway) -> Page:
    """The media folder takes nothing, and the page has no place of its own to say so."""
    kept = form_recovery.sent()
    happened = _("The server can store no files just now. Nothing was changed.")
    if kept is None:
        return error_page(503, happened=happened)
    return form_recovery.page(kept, happened=happened, code=503)


def _broken(error: Exception) -> Page:
    original = getattr(error, "original_exception", None) or error
    log.error("unexpected", exc_info=original)
    return error_page(500)
