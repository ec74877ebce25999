"""Writes the browser's tables: `python -m publisher.platforms.counting FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from publisher.platforms.counting.tables import script


def main(arguments: list[str]) -> int:
    """Write the script to the one file named; the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the one file to write.\n")
        return 2
    Path(arguments[0]).write_text(script(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
