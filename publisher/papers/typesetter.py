"""Typeset a document with typst: `python typesetter.py FONTS MADE_AT`, JSON in, PDF out.

It runs as a process of its own, because typst keeps what it laid out in memory: a web worker would
grow with each paper. It imports nothing of ours, so that it starts in 0.1 s.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import typst

TEMPLATES = Path(__file__).parent / "templates"


def typeset(document: str, *, fonts: Path, made_at: datetime) -> bytes:
    """Return `templates/paper.typ` filled with a document, which is JSON, as PDF/A-2u."""
    return typst.compile(
        TEMPLATES / "paper.typ",
        # The template reads no files, and cannot read any outside its folder.
        root=TEMPLATES,
        # Only our fonts, so that no other font on this machine replaces a missing glyph.
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts]
        ),
        sys_inputs={"document": document},
        pdf_standards="a-2u",
        timestamp=made_at.replace(microsecond=0),  # typst takes no fractions of a second
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(
        typeset(
            sys.stdin.buffer.read().decode(),
            fonts=Path(sys.argv[1]),
            made_at=datetime.fromisoformat(sys.argv[2]),
        )
    )
