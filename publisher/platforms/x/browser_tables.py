"""Writes the tables of X's text length for the browser, so that both counts agree.

`python -m publisher.platforms.x.browser_tables FILE`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from publisher.platforms.x.text_length import (
    ADDRESS_WEIGHT,
    HEAVY,
    LIGHT,
    LIMIT,
    NEVER,
    TEXT_STYLE,
    TONES,
    patterns,
)
from publisher.platforms.x.url_detection import LONGEST_ADDRESS, LONGEST_LABEL, SOURCES, endings

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
        "emoji": " ".join(patterns()),
    }
    tables_json = json.dumps(tables, ensure_ascii=False, separators=(",", ":"))
    return f"window.nagarvaniCountingTables={tables_json.translate(_ESCAPED)};\n"


def main(arguments: list[str]) -> int:
    """Write the script to the file named in the arguments; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the one file to write.\n")
        return 2
    Path(arguments[0]).write_text(script(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
