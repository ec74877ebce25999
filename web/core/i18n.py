"""Typed gettext functions, and the language of the page: the person's choice, else Marathi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import flask_babel
from flask import Blueprint, g, redirect, request, session
from flask_babel import Babel
from flask_babel.speaklater import LazyString
from werkzeug import Response

from publisher.auth import sign_in
from publisher.i18n.languages import digits
from web.core.context import ctx
from web.core.form_recovery import is_own_path
from web.core.layout import Locale
from web.core.permissions import public


def _(msgid: str, **values: object) -> str:
    """Return the sentence in the language of the page, with integers in its digits."""
    return cast(str, flask_babel.gettext(msgid, **_localized(values)))


def _l(msgid: str, **values: object) -> LazyString:
    """Return a lazy sentence, translated when it is shown, for labels defined at import time."""
    return cast(LazyString, flask_babel.lazy_gettext(msgid, **values))


def _n(singular: str, plural: str, num: int, **values: object) -> str:
    """Return the singular or plural sentence for `num`."""
    sentence = flask_babel.get_domain().get_translations().ungettext(singular, plural, num)
    return cast(str, sentence % _localized({"num": num, **values}))


def N_(msgid: str) -> str:  # noqa: N802 - the extractor of Babel knows this name
    """Mark a msgid for the catalogue and return it; it is translated when it is shown."""
    return msgid


def page_language() -> str:
    """Return the language code of the page: mr, en or hi."""
    locale = flask_babel.get_locale()
    return cast(str, locale.language) if locale is not None else "mr"


def _localized(values: dict[str, object]) -> dict[str, object]:
    language = page_language()
    return {
        name: digits(str(value), language) if isinstance(value, int) else value
        for name, value in values.items()
    }


LANGUAGES: Mapping[Locale, str] = {"mr": "मराठी", "en": "English", "hi": "हिन्दी"}
DEFAULT: Locale = "mr"
routes = Blueprint("language", __name__)
babel = Babel()


def code() -> Locale:
    """Return the language of the current request: mr, en or hi."""
    acting = g.get("acting")
    preferred = acting.language if acting is not None else DEFAULT
    choices = (session.get("language"), preferred)
    return next((locale for choice in choices for locale in LANGUAGES if locale == choice), DEFAULT)


@routes.post("/language")
@public
def choose() -> Response:
    """Store the chosen language and redirect back to the page."""
    chosen = request.form.get("lang", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
        _remember(chosen)
    path = request.form.get("next", "/")
    return redirect(path if is_own_path(path) else "/")


def _remember(locale: str) -> None:
    acting = g.get("acting")
    if acting is None:
        return
    with ctx.database.transaction() as database_session:
        sign_in.choose_language(database_session, person_id=acting.actor.person_id, language=locale)
