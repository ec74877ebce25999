"""Icons of Bootstrap Icons: a page contains the drawing of each icon that it shows once."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from flask import Flask, g
from markupsafe import Markup

SPRITE = files("flask_bootstrap") / "static/bootstrap5/icons/bootstrap-icons.svg"
"""All 2,000 icons, 1.1 MB: too much for a phone, and too much to parse for each page."""

_SYMBOL = re.compile(r'<symbol\b[^>]*\bid="([^"]+)">(.*?)</symbol>', re.DOTALL)


def register(app: Flask) -> None:
    """Give the templates `use_icon` and `icon_symbols`."""
    app.jinja_env.globals.update(use_icon=use_icon, icon_symbols=icon_symbols)


def use_icon(name: str) -> str:
    """Return the address of an icon's drawing, which the page then gets at its end."""
    g.setdefault("icons", set()).add(name)
    return f"#icon-{name}"


def icon_symbols() -> Markup:
    """Return a symbol for each icon used so far in this response; an unknown one is empty."""
    symbol = Markup('<symbol id="icon-{}" viewBox="0 0 16 16">{}</symbol>')
    nothing = Markup("")
    names = sorted(g.get("icons", ()))
    return nothing.join(symbol.format(name, _drawings().get(name, nothing)) for name in names)


@cache
def _drawings() -> dict[str, Markup]:
    sprite = SPRITE.read_text("utf-8")
    return {name: Markup(lines) for name, lines in _SYMBOL.findall(sprite)}  # noqa: S704  a library's
