"""Makes what the pages need and git does not keep: compiled translations and the web font.

The one neighbour that runs inside the virtual environment: `python -m tools.made`.
"""

from __future__ import annotations

from publisher.i18n.catalogues import compile_all
from publisher.i18n.fonts import FILE_NAME, make_font
from tools.environment import ROOT

FONT = ROOT / "web" / "static" / "fonts" / FILE_NAME


def make_all() -> None:
    """Make what is missing or older than its source."""
    compile_all()
    make_font(FONT)


if __name__ == "__main__":
    make_all()
