"""Makes what the pages need and git does not keep: compiled translations and the web font.

The one neighbour that runs inside the virtual environment: `python -m tools.made`.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from publisher.words.fonts import FILE_NAME, make_font
from tools.environment import ROOT

TRANSLATIONS = ROOT / "publisher" / "words" / "translations"
FONT = ROOT / "web" / "static" / "fonts" / FILE_NAME


def make_all() -> None:
    """Make what is missing or older than its source."""
    for source in TRANSLATIONS.rglob("*.po"):
        compile_translation(source)
    make_font(FONT)


def compile_translation(source: Path) -> None:
    """Compile a .po file beside itself, unless that stands already."""
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime > source.stat().st_mtime:
        return
    with source.open("rb") as file:
        catalogue = read_po(file)
    unfinished = target.with_suffix(".mo-unfinished")
    with unfinished.open("wb") as file:
        write_mo(file, catalogue)
    unfinished.replace(target)


if __name__ == "__main__":
    make_all()
