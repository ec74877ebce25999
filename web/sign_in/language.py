"""The choice of the language of the pages."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, session
from werkzeug import Response

from publisher.auth import sign_in
from publisher.validation import person_of
from web.core.auth import Acting, writing
from web.core.form_recovery import is_own_path
from web.core.i18n import page_languages
from web.core.permissions import public

routes = Blueprint("language", __name__)


@routes.post("/language")
@public
def choose() -> Response:
    """Store the chosen language and redirect back to the page."""
    chosen = request.form.get("lang", "")
    if chosen in page_languages():
        session["language"] = chosen
        acting: Acting | None = g.get("acting")
        if acting is not None:
            with writing() as database_session:
                sign_in.choose_language(
                    database_session,
                    person_id=person_of(acting.actor),
                    language=chosen,
                    languages=page_languages(),
                )
    path = request.form.get("next", "/")
    return redirect(path if is_own_path(path) else "/")
