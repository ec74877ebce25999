"""Template filters for previews: hashtags, paragraphs, and where a platform cuts a text."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from flask import Flask
from markupsafe import Markup, escape

from publisher.platforms.x import text_length
from web import link_cards

FACEBOOK_LETTERS = 477
FACEBOOK_LINES = 5

# Vowel signs and joiners belong to a Devanagari word, but are no word characters for `re`.
HASHTAG = re.compile(
    r"(?<![\w&/\u0900-\u0963])[#\uff03]([\w\u0900-\u0963\u0966-\u097f\u200c\u200d]+)"
)


class Cut(NamedTuple):
    """A text before and after the platform's cut-off; `after` is empty if all of it is shown."""

    before: str
    after: str


def hashtags(text: str) -> Markup:
    """Escape a text and wrap each hashtag in a span; a number alone is no hashtag."""
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


def facebook_cut(text: str) -> Cut:
    """Find where Facebook offers to show more: after about five lines or 477 characters."""
    text = text.replace("\r\n", "\n").strip()
    lines = text.split("\n")
    end = len("\n".join(lines[:FACEBOOK_LINES]))
    if end > FACEBOOK_LETTERS:
        space = max(text.rfind(" ", 0, FACEBOOK_LETTERS + 1), text.rfind("\n", 0, FACEBOOK_LETTERS))
        end = space if space > 0 else FACEBOOK_LETTERS
    return Cut(text[:end].rstrip(), text[end:].lstrip())


def x_cut(text: str) -> Cut:
    """Find where X offers to show more: a long text is cut at a word after its usual limit."""
    text = text.replace("\r\n", "\n").strip()
    if text_length.count(text).weighted <= text_length.LIMIT:
        return Cut(text, "")
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        within = text_length.count(text[:middle]).weighted <= text_length.LIMIT
        fits, over = (middle, over) if within else (fits, middle)
    space = max(text.rfind(" ", 0, fits + 1), text.rfind("\n", 0, fits + 1))
    end = space if space > 0 else fits
    return Cut(text[:end].rstrip(), text[end:].lstrip())


def initial(name: str) -> str:
    """Return the first letter of a name with the signs that belong to it, for the avatar."""
    stripped = name.strip()
    end = 1
    while end < len(stripped) and unicodedata.category(stripped[end]) in {"Mn", "Mc"}:
        end += 1
    return stripped[:end]


def register(app: Flask) -> None:
    """Register the template filters of previews."""
    app.jinja_env.filters.update(
        hashtags=hashtags,
        paragraphs=paragraphs,
        facebook_cut=facebook_cut,
        x_cut=x_cut,
        initial=initial,
    )
    link_cards.register(app)
