"""Words of the page: gettext with types, and the language that it speaks."""

from __future__ import annotations

from typing import cast

import flask_babel
from flask_babel.speaklater import LazyString

from publisher.i18n.languages import digits


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
    tongue = page_language()
    return {
        name: digits(str(value), tongue) if isinstance(value, int) else value
        for name, value in values.items()
    }
