"""Sentences of another language that a page lets through untranslated."""

from __future__ import annotations

from functools import cache

from babel.messages.pofile import read_po

from publisher.i18n import TRANSLATIONS

LANGUAGES = ("mr", "en", "hi")


@cache
def sentences(language: str) -> frozenset[str]:
    """What the pages say in a language, as far as it is told from names: four words or more."""
    translated = "mr" if language == "en" else language
    with (TRANSLATIONS / translated / "LC_MESSAGES" / "messages.po").open("rb") as file:
        entries = [message for message in read_po(file) if message.id]
    texts: set[str] = set()
    for log_entry in entries:
        text = log_entry.id if language == "en" else log_entry.string
        texts.update([text] if isinstance(text, str) else text or ())
    return frozenset(text for text in texts if "%(" not in text and len(text.split()) > 3)


def foreign(text: str, language: str) -> list[str]:
    """The sentences of the other languages that stand in the visible text of a page."""
    others = [sentences(other) for other in LANGUAGES if other != language]
    strange = frozenset().union(*others) - sentences(language)
    return sorted(message_text for message_text in strange if message_text in text)
