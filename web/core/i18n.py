"""Typed gettext functions, and the language of the page: the person's choice, else Marathi."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from gettext import NullTranslations
from typing import NamedTuple, cast

import flask_babel
from flask import Flask, current_app, g, has_app_context, session
from flask_babel import Babel
from flask_babel.speaklater import LazyString

from publisher.i18n.languages import DEFAULT_LANGUAGE, digits


def _(msgid: str, **values: object) -> str:
    """Return the sentence in the language of the page, with integers in its digits."""
    sentence = _translate(msgid)
    return sentence % _localize(values) if values else sentence


def _l(msgid: str, **values: object) -> LazyString:
    """Return a lazy sentence, translated when it is shown, for labels defined at import time."""
    return cast(LazyString, flask_babel.lazy_gettext(msgid, **values))


def _n(singular: str, plural: str, num: int, **values: object) -> str:
    """Return the singular or plural sentence for `num`."""
    sentence = _translate_plural(singular, plural, num)
    return sentence % _localize({"num": num, **values})


def N_(msgid: str) -> str:  # noqa: N802 - the extractor of Babel knows this name
    """Mark a msgid for the catalogue and return it; it is translated when it is shown."""
    return msgid


def page_language() -> str:
    """Return the language code of the page."""
    return _page().language


class _Page(NamedTuple):
    language: str
    translations: NullTranslations


def _page() -> _Page:
    """Return the language of the page; Flask-Babel is asked for it once per request."""
    if not has_app_context():
        return _Page(DEFAULT_LANGUAGE, NullTranslations())
    page: _Page | None = g.get("page")
    if page is None:
        locale = flask_babel.get_locale()
        page = g.page = _Page(locale.language, flask_babel.get_translations())
    return page


def _translate(msgid: str) -> str:
    return _page().translations.gettext(msgid)


def _translate_plural(singular: str, plural: str, num: int) -> str:
    return _page().translations.ngettext(singular, plural, num)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Translate into this language within the block, regardless of the page's language."""
    page = g.pop("page", None)
    try:
        with flask_babel.force_locale(language):
            yield
    finally:
        g.page = page


def _localize(values: dict[str, object]) -> dict[str, object]:
    language = page_language()
    return {
        name: digits(str(value), language) if isinstance(value, int) else value
        for name, value in values.items()
    }


_babel = Babel()


def register(app: Flask) -> None:
    """Choose the language of each page, and translate the sentences of its template."""
    _babel.init_app(app, locale_selector=code, default_timezone="Asia/Kolkata")
    app.jinja_env.globals["languages"] = app.config["LANGUAGES"]
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of its extension
        _translate, _translate_plural, newstyle=True
    )


def page_languages() -> Mapping[str, str]:
    """Return the languages in which pages can be read, with their own names."""
    languages: Mapping[str, str] = current_app.config["LANGUAGES"]
    return languages


def code() -> str:
    """Return the language of the current request: one of `page_languages`."""
    acting = g.get("acting")
    preferred = acting.person.language if acting is not None else DEFAULT_LANGUAGE
    choices = (session.get("language"), preferred)
    languages = page_languages()
    return next(
        (code for choice in choices for code in languages if code == choice), DEFAULT_LANGUAGE
    )
