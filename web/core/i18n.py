"""Words of the page: gettext with types, and the language that it speaks.

The language of the page: the person's choice, Marathi if none was made.
"""

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
    """The sentence in the language of the page, whole numbers in its digits."""
    return cast(str, flask_babel.gettext(msgid, **_said(values)))


def _l(msgid: str, **values: object) -> LazyString:
    """The same, said when it is shown: for what is written down once, such as a form's labels."""
    return cast(LazyString, flask_babel.lazy_gettext(msgid, **values))


def _n(one: str, many: str, num: int, **values: object) -> str:
    """The sentence in the number that fits `num`."""
    chosen = flask_babel.get_domain().get_translations().ungettext(one, many, num)
    return cast(str, chosen % _said({"num": num, **values}))


def page_language() -> str:
    """The language code of the page: mr, en or hi."""
    locale = flask_babel.get_locale()
    return cast(str, locale.language) if locale is not None else "mr"


def _said(values: dict[str, object]) -> dict[str, object]:
    rules = page_language()
    return {
        name: digits(str(value), rules) if isinstance(value, int) else value
        for name, value in values.items()
    }


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
    with ctx.database.transaction() as database_session:
        sign_in.choose_language(database_session, person_id=acting.actor.person_id, language=chosen)
