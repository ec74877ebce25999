"""Typed gettext functions, and the language of the page: the person's choice, else Marathi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import flask_babel
from flask import g, session
from flask_babel import Babel
from flask_babel.speaklater import LazyString

from publisher.i18n.languages import digits
from web.core.layout import Locale


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
babel = Babel()


def code() -> Locale:
    """Return the language of the current request: mr, en or hi."""
    acting = g.get("acting")
    preferred = acting.person.language if acting is not None else DEFAULT
    choices = (session.get("language"), preferred)
    return next((locale for choice in choices for locale in LANGUAGES if locale == choice), DEFAULT)
