"""Settings of the papers (PDF): letterhead, office, outward number, signatory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from publisher.settings.reader import setting


def read_lines(text: str) -> tuple[str, ...]:
    """Parse lines that are separated by vertical bars."""
    return tuple(line.strip() for line in text.split("|") if line.strip())


@dataclass(frozen=True)
class PaperSettings:
    """What is on each paper; `letterhead` is a picture, or None for only the city's name.

    `office` are the lines of the office that sends it, below the city's name.
    """

    letterhead: Path | None = setting(Path, default=lambda _reader: None, is_path=True)
    office: tuple[str, ...] = setting(read_lines, default=lambda _reader: ())
    outward_number: str = setting(str)
    signatory: tuple[str, ...] = setting(read_lines, default=lambda _reader: ())
