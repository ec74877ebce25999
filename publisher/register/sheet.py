"""Read a CSV or XLSX file as rows of text; no formula is ever evaluated."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

from publisher.auth.contact_details import BadInput

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 60
MOST_BYTES: Final = 10 * 2**20
MOST_UNPACKED: Final = 16 * 2**20
"""How large the parts of an XLSX file may be together, once they are unpacked."""

_LONGEST_CELL = 2_000
_MOST_EMPTY = 1_000
_DELIMITERS = ",;\t"
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
Rows = Iterable[list[str]]


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

    The headings are the first row with two cells or more. A cell that is merged over several rows
    has its value in each of them. A formula is its last stored value, or without one its own text.
    Raises `BadSheet`.
    """
    if not content.strip():
        raise BadSheet("file", "empty")
    if len(content) > MOST_BYTES:
        raise BadSheet("file", "too_large", most=MOST_BYTES)
    if content.startswith(_OLD_EXCEL):
        raise BadSheet("file", "old_excel")
    return _sheet(_xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(content))


def _sheet(rows: Rows) -> FileTable:
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
    text = _decoded(content)
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as problem:
        raise BadSheet("file", "unreadable") from problem


def _decoded(content: bytes) -> str:
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
    try:
        worksheet = _worksheet(content, stores_values=False)
    except _errors_of_openpyxl() as problem:
        raise BadSheet("file", "unreadable") from problem
    formulas = {
        (cell.row, cell.column)
        for row in worksheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }
    values = _worksheet(content, stores_values=True) if formulas else worksheet
    last_row, last_column = worksheet.max_row, worksheet.max_column  # each looks at every cell
    merged = {
        (row, area.min_col): (area.min_row, area.min_col)
        for area in worksheet.merged_cells.ranges
        for row in range(area.min_row, min(area.max_row, last_row) + 1)
    }
    for row in range(1, last_row + 1):
        positions = [(row, column) for column in range(1, last_column + 1)]
        yield [
            _cell_text(worksheet, values, merged.get(position, position)) for position in positions
        ]


def _errors_of_openpyxl() -> tuple[type[Exception], ...]:
    """Return what openpyxl raises for files that are no workbook, or a broken one."""
    from openpyxl.utils.exceptions import InvalidFileException

    return (
        *(zipfile.BadZipFile, InvalidFileException, ParseError, OSError),
        *(KeyError, ValueError, TypeError, AttributeError, IndexError),
    )


def _worksheet(content: bytes, *, stores_values: bool) -> Worksheet:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # zipfile reads no part beyond the size that is written here.
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise BadSheet("file", "too_large", most=MOST_BYTES)
    from openpyxl import load_workbook  # late: it takes a while, and few processes read a file

    workbook = load_workbook(io.BytesIO(content), data_only=stores_values, keep_links=False)
    worksheet = workbook.worksheets[0]
    # Looking at a cell makes it: a single one far below would make all before it.
    if worksheet.max_row > MOST_ROWS + _MOST_EMPTY:
        raise BadSheet("file", "too_many_rows", most=MOST_ROWS)
    if worksheet.max_column > MOST_COLUMNS:
        raise BadSheet("file", "too_many_columns", most=MOST_COLUMNS)
    return worksheet


def _cell_text(worksheet: Worksheet, values: Worksheet, position: tuple[int, int]) -> str:
    value = values.cell(*position).value
    if value is None:
        value = worksheet.cell(*position).value  # a formula whose value was never stored
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a mobile number that the spreadsheet took for an amount
    return str(value)
