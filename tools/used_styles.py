"""Write the part of Bootstrap's style sheet that our pages use: `python -m tools.used_styles`.

It runs in the virtual environment. A rule stays if each class that it names is a word of a
template, a script or the code of the pages; so no page may put such a name together from parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from tools.environment import ROOT

TARGET = ROOT / "web" / "static" / "bootstrap.css"
_WHOLE = files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css"
_SOURCES = (
    "web/**/*.py",
    "web/static/*.js",
    "web/templates/**/*.html",
    "publisher/platforms/**/*.html",
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"([^{}]*)\{((?:[^{}]|\{[^{}]*\})*)\}")
_BETWEEN_SELECTORS = re.compile(r",(?![^(]*\))")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)|\[(data-bs-[\w-]+)")
_WORD = re.compile(r"[\w-]+")


def used_styles() -> str:
    """Return the style sheet that `TARGET` has to hold, one rule a line."""
    style_sheet = _WHOLE.read_text("utf-8").removeprefix('@charset "UTF-8";')
    licence = _COMMENT.findall(style_sheet)[0]
    return "\n".join([licence, *_used_rules(_COMMENT.sub("", style_sheet))]) + "\n"


def _used_rules(style_sheet: str) -> Iterator[str]:
    for head, body in _BLOCK.findall(style_sheet):
        if head.startswith("@media"):
            if rules := "\n".join(_used_rules(body)):
                yield f"{head}{{\n{rules}\n}}"
        elif head.startswith("@"):
            yield f"{head}{{{body}}}"
        elif selectors := [part for part in _BETWEEN_SELECTORS.split(head) if _is_used(part)]:
            yield f"{','.join(selectors)}{{{body}}}"


def _is_used(selector: str) -> bool:
    return all(name in _words() for pair in _CLASS.findall(selector) for name in pair if name)


@cache
def _words() -> frozenset[str]:
    """Return all words of the pages."""
    paths = (path for pattern in _SOURCES for path in ROOT.glob(pattern))
    return frozenset(word for path in paths for word in _WORD.findall(path.read_text("utf-8")))


if __name__ == "__main__":
    TARGET.write_text(used_styles(), "utf-8")
