"""Builds the files that git does not keep: compiled translations and the web font.

Unlike the other tools it runs in the virtual environment: `python -m tools.build_assets`.
"""

from __future__ import annotations

from publisher.i18n.catalogues import compile_all
from publisher.i18n.fonts import FILE_NAME, make_font
from tools.environment import ROOT

FONT = ROOT / "web" / "static" / "fonts" / FILE_NAME


def make_all() -> None:
    """Build each file that is missing or older than its source."""
    compile_all()
    make_font(FONT)


if __name__ == "__main__":
    make_all()
