"""Make the text that a platform sends storable: its characters and its length."""

from __future__ import annotations

import re

# PostgreSQL's text columns cannot hold NUL, and UTF-8 cannot encode half of a surrogate pair.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def storable(text: str) -> str:
    """Return the text with U+FFFD in place of each character that a database refuses."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def shorten(text: str, most: int) -> str:
    """Return the text, or its beginning with an ellipsis if it has more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
