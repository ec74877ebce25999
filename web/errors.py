"""Error pages: each says what happened, what was kept, and what can be done."""

from __future__ import annotations

import logging
from urllib.parse import quote

from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import HTTPException

from approvals.errors import (
    FreshFactorRequired,
    FreshSignInRequired,
    NotAllowed,
    StaleRevision,
    WrongRole,
)
from publisher.auth.contact_details import normal_identifier
from publisher.auth.sessions import NotYours
from publisher.database.engines import reason_away
from publisher.media.store import StoreAway
from publisher.settings.logs import request_id
from publisher.validation import NotFound
from web.core import form_recovery
from web.core.access_log import loggable_path
from web.core.auth import acting, is_by_itself
from web.core.database import end_reading
from web.core.i18n import _
from web.core.sign_in_page import prove_page, sign_in_page
from web.messages.refusals import refusal_sentence

log = logging.getLogger("nagarvani.web")
Page = tuple[str, int]
_STORE_AGAIN_AFTER = 60  # seconds
_WORDED_CODES = frozenset({400, 403, 404, 413, 429, 500, 503})


def register(app: Flask) -> None:
    """Register a handler, and so an error page, for every kind of error."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf_expired)
    app.register_error_handler(NotFound, _missing)
    app.register_error_handler(NotYours, _missing)
    app.register_error_handler(NotAllowed, _not_allowed)
    for error_class in (OperationalError, InterfaceError, NoConnection):
        app.register_error_handler(error_class, _database_away)
    app.register_error_handler(PendingRollbackError, _transaction_ended)
    app.register_error_handler(StoreAway, _store_away)
    app.register_error_handler(500, _handle_unexpected)


def error_page(code: int, **variables: object) -> Page:
    """Return the error page for this code, with the id of the request for a search in the log."""
    reference = "" if code == 404 else request_id.get()
    if reference:
        # Requests that no person waits for are repeated every few seconds.
        loop = {"loop": "open pages"} if is_by_itself() else None
        method = quote(request.method, safe="")
        log.warning("%s %s %s", code, method, loggable_path(request), extra=loop)
    shown_code = code if code in _WORDED_CODES else 400
    context = {
        "code": shown_code,
        "reference": reference,
        "unsent_texts": _texts_of_form(code),
        "retry_link": _retry_link(code),
        **variables,
    }
    return render_template("errors/error.html", **context), code


def _retry_link(code: int) -> dict[str, str] | None:
    """Return a link to the same page if retrying may help, else None."""
    if request.method != "GET" or code not in (429, 500, 503):
        return None
    return {"label": _("Try again"), "href": request.full_path.rstrip("?")}


def _texts_of_form(code: int) -> list[str]:
    """Return the texts of the submitted form; none for code 413 or without a form."""
    if code == 413 or request.endpoint is None or (recovered := form_recovery.read_form()) is None:
        return []
    return [value for name, value in recovered.fields if _is_text(name, value)]


def _is_text(name: str, value: str) -> bool:
    return len(value) > 2 and not name.endswith("_token") and not value.isdecimal()


def _http(error: HTTPException) -> Page | HTTPException:
    code = error.code or 500
    if 300 <= code < 400:
        return error
    return error_page(code)


def _csrf_expired(_error: CSRFError) -> Page | BaseResponse:
    """Show a form with an expired CSRF token again, with everything that was in it."""
    recovered = form_recovery.read_form()
    if recovered is None:
        return error_page(400)
    is_signed_in = g.get("acting") is not None
    if not is_signed_in and recovered.path != request.path:
        return sign_in_page(recovered=recovered)  # the sign-in page itself was too old
    if request.endpoint == "sign_in.ask" and recovered.path == request.path and _names_own_login():
        return redirect(url_for("today.index"))  # sent twice: the first one has signed in
    return form_recovery.page(recovered, message=_("The page was open for too long."), code=400)


def _names_own_login() -> bool:
    """Return True if the signed-in person has sent the form with their own address or number."""
    if g.get("acting") is None:
        return False
    person = acting().person
    return normal_identifier(request.form.get("identifier", "")) in {person.mail, person.mobile}


def _missing(_error: NotFound | NotYours) -> Page:
    return error_page(404)


def _not_allowed(error: NotAllowed) -> Page:
    """Show a refusal that no view has handled, or ask for the password that it requires."""
    if isinstance(error, FreshSignInRequired) and request.method == "POST":
        with_factor = isinstance(error, FreshFactorRequired)
        return prove_page(form_recovery.keep_act(), with_factor=with_factor), 200
    code = 403 if isinstance(error, WrongRole | FreshSignInRequired) else 409
    recovered = form_recovery.keep_request() if isinstance(error, StaleRevision) else None
    if recovered is not None:
        return form_recovery.page(recovered, message=refusal_sentence(error), code=409)
    return error_page(code, message=refusal_sentence(error))


def _transaction_ended(error: PendingRollbackError) -> Page:
    # The layout works without a database that went away; what is read after it does not.
    if reason_away(error) is None:
        raise error
    return _database_away(error)


def _database_away(
    error: OperationalError | InterfaceError | PendingRollbackError | NoConnection,
) -> Page:
    """Show that the database is locked, full or unreachable, and keep the submitted texts."""
    log.error("the database: %s", reason_away(error), extra={"loop": "pages"})
    end_reading()
    recovered = form_recovery.read_form()
    if recovered is None:
        return error_page(503)
    message = _("The database cannot be reached at the moment. Nothing was changed.")
    return form_recovery.page(recovered, message=message, code=503)


def _store_away(_error: StoreAway) -> Response:
    """Show that the media store cannot be used, if the view has not handled it itself.

    A page whose picture gets this response shows its description instead.
    """
    end_reading()
    recovered = form_recovery.read_form()
    if recovered is not None:
        message = _("The server cannot store files at the moment. Nothing was changed.")
        page = form_recovery.page(recovered, message=message, code=503)
    else:
        message = _("Photos and other files cannot be read at the moment. None is lost.")
        page = error_page(503, message=message)
    response = make_response(page)
    response.headers["Retry-After"] = str(_STORE_AGAIN_AFTER)
    return response


def _handle_unexpected(error: Exception) -> Page:
    original = getattr(error, "original_exception", None) or error
    log.error("unexpected", exc_info=original)
    end_reading()
    return error_page(500)
