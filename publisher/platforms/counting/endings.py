"""Which words may end a host name (top-level domains), from the public suffix list."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE

PRIVATE_PART = "===BEGIN PRIVATE DOMAINS==="


@cache
def endings() -> frozenset[str]:
    """Every top-level domain of today, in lower case and its own script ("in", "भारत")."""
    return frozenset(_last_labels(Path(PSLFILE).read_text(encoding="utf-8")))


@cache
def longest_ending() -> int:
    """The length of the longest of them, in code points."""
    return max(map(len, endings()))


def _last_labels(listed: str) -> Iterator[str]:
    for line in listed.splitlines():
        if PRIVATE_PART in line:
            return
        rule = line.strip()
        if rule and not rule.startswith("//"):
            yield rule.split(".")[-1].lower()
