"""The catalogues of translations, as the build compiled them next to their sources."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

from publisher.i18n import TRANSLATIONS


def catalogue_files() -> list[Path]:
    """Return the file of each language that the build compiles, whether it exists or not."""
    return [source.with_suffix(".mo") for source in sorted(TRANSLATIONS.rglob("*.po"))]


def translate(text: str, language: str) -> str:
    """Return a text of the pages in a language; without a translation, as it is in English."""
    return _catalogue(language).gettext(text)


@cache
def _catalogue(language: str) -> NullTranslations:
    return translation("messages", TRANSLATIONS, [language], fallback=True)
