"""Writes the tables of X's text length for the browser, so that both counts agree.

`python -m tools.counting_tables FILE`
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from publisher.platforms.x.text_length import (
    ADDRESS_WEIGHT,
    HEAVY,
    LIGHT,
    LIMIT,
    NEVER,
    TEXT_STYLE,
    sequences,
)
from publisher.platforms.x.url_detection import LONGEST_ADDRESS, LONGEST_LABEL, SOURCES, endings

TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
# In the browser's table one letter stands for five skin tones: T for any, U for another than T.
ANY_TONE, OTHER_TONE = "T", "U"

# These three are written as escapes: the first is ignored by some editors, and the others are
# no characters at all.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in NEVER}


def script() -> str:
    """Return a script that puts the tables into `window.nagarvaniCountingTables`.

    `counting.js` reads them. The script depends on the installed lists of domains and emoji:
    regenerate it when those are updated.
    """
    tables = {
        "limit": LIMIT,
        "addressWeight": ADDRESS_WEIGHT,
        "heavy": HEAVY,
        "light": LIGHT,
        "never": NEVER,
        "longestLabel": LONGEST_LABEL,
        "longestAddress": LONGEST_ADDRESS,
        "sources": SOURCES,
        "textStyle": TEXT_STYLE,
        "tones": list(TONES),
        "endings": " ".join(sorted(endings())),
        "emoji": " ".join(_patterns()),
    }
    tables_json = json.dumps(tables, ensure_ascii=False, separators=(",", ":"))
    return f"window.nagarvaniCountingTables={tables_json.translate(_ESCAPED)};\n"


def _patterns() -> list[str]:
    """Return the sequences as the browser's table writes them, skin tones folded, sorted."""
    groups: dict[str, set[str]] = defaultdict(set)
    for sequence in sequences():
        groups[re.sub(f"[{TONES}]", ANY_TONE, sequence)].add(sequence)
    return sorted(
        pattern_text for pattern, group in groups.items() for pattern_text in _fold(pattern, group)
    )


def _fold(pattern: str, group: set[str]) -> Iterable[str]:
    if ANY_TONE not in pattern:
        return group
    head, _, tail = pattern.rpartition(ANY_TONE)
    for candidate in (pattern, f"{head}{OTHER_TONE}{tail}"):
        if set(_unfold(candidate)) == group:
            return [candidate]
    return group


def _unfold(pattern: str) -> Iterator[str]:
    places = pattern.count(ANY_TONE) + pattern.count(OTHER_TONE)
    for tones in product(TONES, repeat=places):
        if OTHER_TONE in pattern and len(set(tones)) < places:
            continue
        pieces = re.split(f"[{ANY_TONE}{OTHER_TONE}]", pattern)
        yield "".join(piece + tone for piece, tone in zip(pieces, (*tones, ""), strict=True))


def main(arguments: list[str]) -> int:
    """Write the script to the file named in the arguments; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the one file to write.\n")
        return 2
    Path(arguments[0]).write_text(script(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
