"""Builds the files that git does not keep: compiled translations, the web font, those of papers.

Unlike the other tools it runs in the virtual environment: `python -m tools.build_assets`.
"""

from __future__ import annotations

from publisher.i18n.catalogues import compile_all
from publisher.i18n.fonts import FILE_NAME, make_font, make_paper_fonts
from publisher.papers.characters import FONTS
from tools.environment import ROOT

FONT = ROOT / "web" / "static" / "fonts" / FILE_NAME


def make_all() -> None:
    """Build each file that is missing or older than its source."""
    compile_all()
    make_font(FONT)
    make_paper_fonts(FONTS)


if __name__ == "__main__":
    make_all()
