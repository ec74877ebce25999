"""Read a table that somebody pasted from a spreadsheet, a mail or a CSV file."""

from __future__ import annotations

import csv
from typing import Final

_DELIMITERS: Final = "\t;,"


def split_cells(text: str) -> list[list[str]]:
    """Return the cells of each line that is not empty, split by tabs, semicolons or commas.

    The most frequent of them in the first line is the separator; quoted cells may contain it.
    """
    lines = text.replace("\0", "").removeprefix("\ufeff").splitlines()
    lines = [line for line in lines if line.strip()]
    if not lines:
        return []
    delimiter = max(_DELIMITERS, key=lines[0].count)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:  # a cell that is longer than any name
        rows = [line.split(delimiter) for line in lines]
    stripped_rows = [[cell.strip() for cell in row] for row in rows]
    return [row for row in stripped_rows if any(row)]
