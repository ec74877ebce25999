"""Compile translations: the .mo that gettext reads is beside the .po it is compiled from."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from publisher.i18n import TRANSLATIONS


def compile_all(folder: Path = TRANSLATIONS) -> list[Path]:
    """Compile every .po below `folder` whose .mo is missing or older; return the written files.

    It is cheap if all files are fresh, and safe in parallel. If the folder of an installed package
    is not writable, the .mo of the package is used.
    """
    return [_compile(source) for source in sorted(folder.rglob("*.po")) if not _is_fresh(source)]


def translated(text: str, language: str) -> str:
    """Return a text of the pages in a language; without a translation, as it is in English."""
    return _catalogue(language).gettext(text)


@cache
def _catalogue(language: str) -> NullTranslations:
    compile_all()
    return translation("messages", TRANSLATIONS, [language], fallback=True)


def _is_fresh(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    if not compiled.exists():
        return False
    return (
        compiled.stat().st_mtime_ns >= source.stat().st_mtime_ns
        # Installed where nobody may write: the package brought both files.
        or not os.access(source.parent, os.W_OK)
    )


def _compile(source: Path) -> Path:
    compiled = source.with_suffix(".mo")
    with source.open("rb") as file:
        catalogue = read_po(file)
    handle, unfinished = tempfile.mkstemp(dir=source.parent, suffix=".mo-unfinished")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, catalogue)
    Path(unfinished).chmod(0o644)
    Path(unfinished).replace(compiled)
    return compiled
