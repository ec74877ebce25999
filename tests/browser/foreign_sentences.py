"""Finds sentences of another language that a page shows untranslated."""

from __future__ import annotations

from functools import cache

from babel.messages.pofile import read_po

from publisher.i18n import TRANSLATIONS

LANGUAGES = ("mr", "en", "hi")


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
