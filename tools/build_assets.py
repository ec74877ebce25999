"""Builds the files that git does not keep: compiled translations, the web font, those of papers.

`make` does it for a checkout (`python -m tools.build_assets`), and setup.py for the wheel. It needs
the packages of `[build-system]` alone, and the product none of these: it never writes to itself.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tools.environment import ROOT
from tools.fonts import FILE_NAME, make_font, make_paper_fonts

TRANSLATIONS = ROOT / "publisher" / "i18n" / "translations"
FONT = ROOT / "web" / "static" / "fonts" / FILE_NAME
PAPER_FONTS = ROOT / "publisher" / "papers" / "fonts"


def make_all() -> None:
    """Build each file that is missing or older than its source."""
    compile_all()
    make_font(FONT)
    make_paper_fonts(PAPER_FONTS)


def compile_all(folder: Path = TRANSLATIONS) -> list[Path]:
    """Compile every .po below `folder` whose .mo is missing or older; return the written files.

    It is cheap if all files are fresh, and safe in parallel.
    """
    return [_compile(source) for source in sorted(folder.rglob("*.po")) if not _is_fresh(source)]


def _is_fresh(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return compiled.exists() and compiled.stat().st_mtime_ns >= source.stat().st_mtime_ns


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


if __name__ == "__main__":
    make_all()
