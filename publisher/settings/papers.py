"""Settings of the papers (PDF): letterhead, office, outward number, signatory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PaperSettings:
    """What stands on each paper; `letterhead` is a picture, None for the city's name alone.

    `office` are the lines of the office that sends it, below the city's name.
    """

    letterhead: Path | None
    office: tuple[str, ...]
    outward_number: str
    signatory: tuple[str, ...]


def read_papers(texts: Mapping[str, str], folder: Path) -> PaperSettings:
    """Return the settings of papers; the path of a picture may be relative to `folder`."""
    letterhead = texts.get("LETTERHEAD")
    return PaperSettings(
        letterhead=folder / letterhead if letterhead else None,
        office=_lines(texts.get("OFFICE", "")),
        outward_number=texts.get("OUTWARD_NUMBER", ""),
        signatory=_lines(texts.get("SIGNATORY", "")),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("|") if line.strip())
