"""Parses sets of names."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """Return the names in a text, separated by spaces."""
    return frozenset(text.split())
