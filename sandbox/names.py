"""Sets of names, written as a person lists them."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """The names in a text, parted by spaces."""
    return frozenset(text.split())
