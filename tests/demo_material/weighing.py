"""A strict bound for the weighted length of a post on X, made for these tests alone."""

from __future__ import annotations

from unicodedata import normalize

LIMIT = 280
#: A link counts 23, and stands on a line of its own.
LINK = 24
_LIGHT = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))


def at_most(text: str, *, link: bool = False) -> int:
    """Never less than X's own count: every sign outside the light ranges counts two."""
    signs = normalize("NFC", text)
    heavy = sum(not any(low <= ord(sign) <= high for low, high in _LIGHT) for sign in signs)
    return len(signs) + heavy + (LINK if link else 0)
