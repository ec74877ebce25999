"""The language of the page: the person's choice, Marathi if none was made."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, g, redirect, request, session
from flask_babel import Babel
from werkzeug import Response

from publisher.auth import sign_in
from web.chrome import Locale
from web.house import house
from web.keeping import is_own_path
from web.rules import public

LANGUAGES: Mapping[Locale, str] = {"mr": "मराठी", "en": "English", "hi": "हिन्दी"}
DEFAULT: Locale = "mr"
routes = Blueprint("language", __name__)
babel = Babel()


def code() -> Locale:
    """The language of the request in hand: mr, en or hi."""
    acting = g.get("acting")
    kept = acting.language if acting is not None else DEFAULT
    wanted = (session.get("language"), kept)
    return next((one for choice in wanted for one in LANGUAGES if one == choice), DEFAULT)


@routes.post("/language")
@public
def choose() -> Response:
    """Keep the chosen language and lead back; nothing of the page is lost but what was typed."""
    chosen = request.form.get("lang", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
        _remember(chosen)
    path = request.form.get("next", "/")
    return redirect(path if is_own_path(path) else "/")


def _remember(chosen: str) -> None:
    acting = g.get("acting")
    if acting is None:
        return
    with house().database.transaction() as database_session:
        sign_in.choose_language(database_session, person_id=acting.actor.person_id, language=chosen)
