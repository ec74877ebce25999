"""Settings of the papers (PDF): letterhead, outward number, signatory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PaperSettings:
    """What stands on each paper; `letterhead` is a picture, None for the city's name alone."""

    letterhead: Path | None
    outward_number: str
    signatory: tuple[str, ...]


def read_papers(texts: Mapping[str, str], folder: Path) -> PaperSettings:
    """Return the settings of papers; the path of a picture may be relative to `folder`."""
    letterhead = texts.get("LETTERHEAD")
    lines = texts.get("SIGNATORY", "").split("|")
    return PaperSettings(
        letterhead=folder / letterhead if letterhead else None,
        outward_number=texts.get("OUTWARD_NUMBER", ""),
        signatory=tuple(line.strip() for line in lines if line.strip()),
    )
