"""The same tables for the browser, so that both counts agree to the letter."""

from __future__ import annotations

import json

from publisher.platforms.counting.addresses import LONGEST_ADDRESS, LONGEST_LABEL, SOURCES
from publisher.platforms.counting.emoji_table import TEXT_STYLE, TONES, patterns
from publisher.platforms.counting.endings import endings
from publisher.platforms.counting.weighing import ADDRESS_WEIGHT, HEAVY, LIGHT, LIMIT, NEVER

# These three are written as escapes: the first is ignored by some editors, and the others are
# no characters at all.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in NEVER}


def script() -> str:
    """A script that lays the tables in `window.nagarvaniCountingTables`; UTF-8, for `counting.js`.

    Made of the installed lists of domains and emoji: write it anew when those are renewed.
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
    written = json.dumps(tables, ensure_ascii=False, separators=(",", ":"))
    return f"window.nagarvaniCountingTables={written.translate(_ESCAPED)};\n"
