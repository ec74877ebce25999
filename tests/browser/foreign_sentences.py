"""Finds sentences of another language that a page shows untranslated."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from babel.messages.pofile import read_po
from lxml import html

from publisher.i18n import TRANSLATIONS

LANGUAGES = ("mr", "en", "hi")
# Texts written by people and platforms are marked, and are not translated.
UNTRANSLATED = "[lang], [data-theirs], .source-text, .quoted, script, style, template"
TEXT_TO_TRANSLATE = f"""() => {{
    const page = document.body.cloneNode(true)
    page.querySelectorAll("{UNTRANSLATED}").forEach(element => element.remove())
    return page.textContent
}}"""

UNTRANSLATED_PATH = (
    ".//*[@lang or @data-theirs or self::script or self::style or self::template"
    " or contains(concat(' ', @class, ' '), ' source-text ')"
    " or contains(concat(' ', @class, ' '), ' quoted ')]"
)


def text_to_translate(page: str) -> str:
    """Return the visible text of a page's HTML, without what people and platforms wrote."""
    body = html.document_fromstring(page.encode(), html.HTMLParser(encoding="utf-8")).body
    for element in body.xpath(UNTRANSLATED_PATH):
        element.drop_tree()
    return str(body.text_content())


@cache
def sentences(language: str) -> frozenset[str]:
    """Return the pages' texts in a language, but only of four words or more: shorter are names."""
    translated = "mr" if language == "en" else language
    with (TRANSLATIONS / translated / "LC_MESSAGES" / "messages.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    texts: set[str] = set()
    for message in messages:
        text = message.id if language == "en" else message.string
        texts.update([text] if isinstance(text, str) else text or ())
    return frozenset(text for text in texts if "%(" not in text and len(text.split()) > 3)


def foreign_sentences(text: str, language: str) -> list[str]:
    """Return the sentences of the other languages in the visible text of a page."""
    others = [sentences(other) for other in LANGUAGES if other != language]
    strange = frozenset().union(*others) - sentences(language)
    return sorted(sentence for sentence in strange if sentence in text)


def longest_language(languages: Iterable[str]) -> str:
    """Return the language whose texts are longest, in letters without what stands above them."""

    def letters(language: str) -> int:
        texts = "".join(sentences(language))
        return sum(unicodedata.category(letter) != "Mn" for letter in texts)

    return max(languages, key=letters)
