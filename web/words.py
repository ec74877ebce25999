"""Words of the page: gettext with types, and the language that it speaks."""

from __future__ import annotations

from typing import cast

import flask_babel
from flask_babel.speaklater import LazyString


def _(msgid: str, **values: object) -> str:
    """The sentence in the language of the page."""
    return cast(str, flask_babel.gettext(msgid, **values))


def _l(msgid: str, **values: object) -> LazyString:
    """The same, said when it is shown: for what is written down once, such as a form's labels."""
    return cast(LazyString, flask_babel.lazy_gettext(msgid, **values))


def _n(one: str, many: str, num: int, **values: object) -> str:
    """The sentence in the number that fits `num`."""
    return cast(str, flask_babel.ngettext(one, many, num, **values))


def page_language() -> str:
    """The language code of the page: mr, en or hi."""
    locale = flask_babel.get_locale()
    return cast(str, locale.language) if locale is not None else "mr"
