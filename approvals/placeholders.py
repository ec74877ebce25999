"""Blanks in a text, each written as its name in braces: find, write and fill them.

Starting texts and emergency templates share this grammar. It is in `approvals`, because the gate
fills in an approved template itself to compare it with what is to be published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_NAME = 40
_BLANK = re.compile(r"\{([^{}\n]{1," + str(LONGEST_NAME) + r"})\}")


def blank_names(text: str) -> list[str]:
    """Return the names of the blanks in a text, each once, in order of first appearance."""
    names = (match[1].strip() for match in _BLANK.finditer(text))
    return [name for name in dict.fromkeys(names) if name]


def format_blank(name: str) -> str:
    """Return the blank as it is written in a text: `{helpline}`."""
    return "{" + name + "}"


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill the blanks that have a value, each as one line; the others keep their braces."""

    def replacement(match: re.Match[str]) -> str:
        value = " ".join(values.get(match[1].strip(), "").split())
        return value or match[0]

    return _BLANK.sub(replacement, text)
