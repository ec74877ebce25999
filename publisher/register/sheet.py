"""Read a CSV or XLSX file as rows of text; no formula is ever evaluated."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from publisher.auth.contact_details import BadInput
from publisher.readers.limited_process import read_file

MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 60
MOST_BYTES: Final = 10 * 2**20

_LONGEST_CELL = 2_000
_MOST_EMPTY = 1_000
_DELIMITERS = ",;\t"
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class BadSheet(BadInput):
    """The file cannot be read as a table: its code says why."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the table below its headings; `number` is its row in a spreadsheet."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class FileTable:
    """The headings of a table, and its rows without the empty ones."""

    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(content: bytes) -> FileTable:
    """Return the first table of a file: CSV in UTF-8 or UTF-16, or XLSX.

    The headings are the first row with two cells or more. An XLSX file is read by a process with
    limits (`file_reader.xlsx_rows`). Raises `BadSheet`.
    """
    if not content.strip():
        raise BadSheet("file", "empty")
    if len(content) > MOST_BYTES:
        raise BadSheet("file", "too_large", most=MOST_BYTES)
    if content.startswith(_OLD_EXCEL):
        raise BadSheet("file", "old_excel")
    return _sheet(_xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(content))


def _sheet(rows: Iterable[list[str]]) -> FileTable:
    headings: tuple[str, ...] = ()
    below: list[SheetRow] = []
    for number, cells in enumerate(rows, 1):
        texts = [cell.strip()[:_LONGEST_CELL] for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if len(texts) > MOST_COLUMNS:
            raise BadSheet("file", "too_many_columns", most=MOST_COLUMNS)
        if headings and any(texts):
            padded = (*texts, *[""] * (len(headings) - len(texts)))
            below.append(SheetRow(number, padded[: len(headings)]))
        elif sum(map(bool, texts)) >= 2:
            headings = tuple(texts)
        if len(below) > MOST_ROWS:
            raise BadSheet("file", "too_many_rows", most=MOST_ROWS)
    if not below:
        raise BadSheet("file", "no_rows")
    return FileTable(headings, tuple(below))


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    text = _decode(content)
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as problem:
        raise BadSheet("file", "unreadable") from problem


def _decode(content: bytes) -> str:
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:1_000]:  # UTF-16 without its mark: half of a comma is a zero byte
        is_big = content[:1_000:2].count(0) > content[1:1_000:2].count(0)
        encoding = "utf-16-be" if is_big else "utf-16-le"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        raise BadSheet("file", "encoding") from problem


def _xlsx_rows(content: bytes) -> Iterator[list[str]]:
    code, rows = read_file("xlsx", content, MOST_ROWS + _MOST_EMPTY, MOST_COLUMNS)
    if code != "":  # None if the process was ended
        most = MOST_COLUMNS if code == "too_many_columns" else MOST_ROWS
        raise BadSheet("file", code or "too_much", most=most)
    yield from json.loads(rows)
