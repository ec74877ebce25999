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
        entries = [one for one in read_po(file) if one.id]
    found: set[str] = set()
    for one in entries:
        said = one.id if language == "en" else one.string
        found.update([said] if isinstance(said, str) else said or ())
    return frozenset(one for one in found if "%(" not in one and len(one.split()) > 3)


def foreign(text: str, language: str) -> list[str]:
    """The sentences of the other languages that stand in the visible text of a page."""
    others = [sentences(other) for other in LANGUAGES if other != language]
    strange = frozenset().union(*others) - sentences(language)
    return sorted(one for one in strange if one in text)
