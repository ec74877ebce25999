"""Templates and filters for previews: hashtags, paragraphs, and where a platform cuts a text."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from flask import Flask
from jinja2 import ChoiceLoader, FunctionLoader
from markupsafe import Markup, escape

from publisher.platforms.registry import capabilities
from web import link_cards

# Vowel signs and joiners belong to a Devanagari word, but are not word characters for `re`.
HASHTAG = re.compile(
    r"(?<![\w&/\u0900-\u0963])[#\uff03]([\w\u0900-\u0963\u0966-\u097f\u200c\u200d]+)"
)


class Cut(NamedTuple):
    """A text before and after the platform's cut-off; `after` is empty if all of it is shown."""

    before: str
    after: str


def hashtags(text: str) -> Markup:
    """Escape a text and wrap each hashtag in a span; a number alone is not a hashtag."""
    parts: list[Markup] = []
    position = 0
    for match in HASHTAG.finditer(text):
        if not any(unicodedata.category(sign).startswith("L") for sign in match.group(1)):
            continue
        parts.append(escape(text[position : match.start()]))
        parts.append(Markup('<span class="hashtag">{}</span>').format(match.group(0)))
        position = match.end()
    parts.append(escape(text[position:]))
    return Markup("").join(parts)


def paragraphs(text: str) -> list[str]:
    """Split a text at empty lines; single line ends stay inside."""
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part]


def fold(text: str, platform: str) -> Cut:
    """Find where the platform offers to show more: after its limit of lines or units, at a word."""
    rules = capabilities(platform)
    text = text.replace("\r\n", "\n").strip()
    head = "\n".join(text.split("\n")[: rules.fold.lines])
    end = len(head)
    if rules.count(head) > rules.fold.units:
        fits, over = 0, end
        while over - fits > 1:
            middle = (fits + over) // 2
            within = rules.count(head[:middle]) <= rules.fold.units
            fits, over = (middle, over) if within else (fits, middle)
        space = max(head.rfind(" ", 0, fits + 1), head.rfind("\n", 0, fits + 1))
        end = space if space > 0 else fits
    return Cut(text[:end].rstrip(), text[end:].lstrip())


def initial(name: str) -> str:
    """Return the first letter of a name with the signs that belong to it, for the avatar."""
    stripped = name.strip()
    end = 1
    while end < len(stripped) and unicodedata.category(stripped[end]) in {"Mn", "Mc"}:
        end += 1
    return stripped[:end]


PREVIEWS = "previews/"


def preview_template(platform: str) -> str:
    """Return the name of the template that is next to the platform's capabilities."""
    return PREVIEWS + platform


def _load_preview(template: str) -> str | None:
    if not template.startswith(PREVIEWS):
        return None
    return capabilities(template.removeprefix(PREVIEWS)).preview.read_text("utf-8")


def register(app: Flask) -> None:
    """Register the platforms' templates, and the template filters of previews."""
    loaders = [loader for loader in (app.jinja_loader, FunctionLoader(_load_preview)) if loader]
    app.jinja_loader = ChoiceLoader(loaders)
    app.jinja_env.filters.update(
        capabilities=capabilities,
        hashtags=hashtags,
        paragraphs=paragraphs,
        fold=fold,
        preview_template=preview_template,
        initial=initial,
    )
    link_cards.register(app)
