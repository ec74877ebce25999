"""Read files of strangers, each below a line with its kind and size; answer by a line of JSON.

It runs as a process of its own with little memory and time, because a small file can claim pages
and cells that take hours and gigabytes, and a file made to crash its reader ends only this process.
It imports nothing of ours, so that it starts at once. What it writes of the latest file is in the
file whose descriptor it is given.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from email.errors import CloseBoundaryNotFoundDefect
from email.message import Message
from email.parser import BytesFeedParser
from email.policy import Compat32
from typing import Any, BinaryIO

MEGABYTE = 2**20


def limit(seconds: int, memory: int) -> None:
    """Let the system end this process where a file asks for more from now on."""
    cpu = int(time.process_time()) + seconds
    limits = ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0))
    for kind, most in limits:
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


class FileRefused(Exception):
    """A file is refused; its text is the code of the reason."""


MOST_LETTERS = 120_000
MOST_UNPACKED = 24 * MEGABYTE
MOST_PAGES = 40


def pdf_lines(content: bytes) -> Iterator[str]:
    """Yield the text of each page."""
    import pypdfium2

    limit(1, 72 * MEGABYTE)
    document = pypdfium2.PdfDocument(content)
    for index in range(min(len(document), MOST_PAGES)):
        yield f"{document[index].get_textpage().get_text_bounded()}\n"


def docx_lines(content: bytes) -> Iterator[str]:
    """Yield each paragraph, and each row of a table with its cells on one line."""
    from docx import Document
    from docx.table import Table

    limit(1, 72 * MEGABYTE)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # zipfile reads no member beyond the size that its directory says.
        if sum(member.file_size for member in archive.infolist()) > MOST_UNPACKED:
            raise FileRefused("too_large")
    for block in Document(io.BytesIO(content)).iter_inner_content():
        if not isinstance(block, Table):
            yield block.text
            continue
        for row in block.rows:
            cells = [cell.text.strip().replace("\n", " ") for cell in row.cells]
            # A merged cell is listed once for each column that it covers.
            distinct = [c for i, c in enumerate(cells) if c and (i == 0 or c != cells[i - 1])]
            yield " | ".join(distinct)


def write_text(lines: Iterator[str], output: BinaryIO) -> None:
    """Write the text of a document, up to its limit."""
    letters = 0
    for line in lines:
        output.write(f"{line}\n".encode("utf-8", "replace"))
        letters += len(line) + 1
        if letters > MOST_LETTERS:
            return


MOST_SHEET = 16 * MEGABYTE
"""How large the parts of an XLSX file may be together once they are unpacked, and its texts."""
LONGEST_CELL = 2_000
MERGED = re.compile(rb"mergeCell\s[^>]*?ref\s*=\s*[\"']\s*([A-Z]+)(\d+):([A-Z]+)(\d+)")


def xlsx_rows(content: bytes, most_rows: int, most_columns: int) -> list[list[str]]:
    """Return the cells of the first worksheet; no formula is ever evaluated.

    A cell that is merged over several rows has its value in each of them. A formula is its last
    stored value, or without one its own text. Raises `FileRefused`.
    """
    from openpyxl import load_workbook

    limit(20, 256 * MEGABYTE)
    check_archive(content, most_rows * most_columns)
    sheet = load_workbook(io.BytesIO(content), keep_links=False).worksheets[0]
    # Looking at a cell makes it: a single one far below would make all before it.
    if sheet.max_row > most_rows:
        raise FileRefused("too_many_rows")
    if sheet.max_column > most_columns:
        raise FileRefused("too_many_columns")
    rows = [[cell_text(cell.value) for cell in row] for row in sheet.iter_rows()]
    formulas = [
        (row, column)
        for row, cells in enumerate(sheet.iter_rows())
        for column, cell in enumerate(cells)
        if cell.data_type == "f"
    ]
    merged = sheet.merged_cells.ranges
    if formulas:
        del sheet  # two workbooks at once would need twice the memory
        values = load_workbook(io.BytesIO(content), keep_links=False, data_only=True).worksheets[0]
        for row, column in formulas:
            stored = cell_text(values.cell(row + 1, column + 1).value)
            rows[row][column] = stored or rows[row][column]
    for area in merged:
        for row in range(area.min_row, min(area.max_row, len(rows))):
            rows[row][area.min_col - 1] = rows[area.min_row - 1][area.min_col - 1]
    return rows


def check_archive(content: bytes, most_cells: int) -> None:
    """Refuse an archive that unpacks to too much, or merges more cells than a table has."""
    from openpyxl.utils import column_index_from_string

    merged_cells = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # zipfile reads no part beyond the size that is written here.
        if sum(member.file_size for member in archive.infolist()) > MOST_SHEET:
            raise FileRefused("too_large")
        # openpyxl makes an object for each of these cells, of which a few letters name millions.
        for area in (m for name in archive.namelist() for m in MERGED.finditer(archive.read(name))):
            left, right = (column_index_from_string(area[group].decode()) for group in (1, 3))
            merged_cells += (abs(int(area[4]) - int(area[2])) + 1) * (abs(right - left) + 1)
    if merged_cells > most_cells:
        raise FileRefused("too_much")


def cell_text(value: object) -> str:
    """Return the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return str(value).removesuffix(" 00:00:00")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a mobile number that the spreadsheet took for an amount
    return str(value)[:LONGEST_CELL]


def write_rows(rows: list[list[str]], output: BinaryIO) -> None:
    """Write the rows as JSON; few letters in a file can be the text of all cells."""
    if sum(len(text) for row in rows for text in row) > MOST_SHEET:
        raise FileRefused("too_much")
    output.write(json.dumps(rows).encode())


MOST_DEPTH = 20
MOST_HEADERS = 256 * 1024
MOST_ANSWER = 16 * MEGABYTE
LONGEST_PARAMETERS = 8_000
START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n)?")
EMPTY_LINE = re.compile(rb"\r?\n(?=\r?\n)|\r(?=\r)|\Z")
BLANK_BEFORE_COLON = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
NO_HEADER = re.compile(rb"\r?\n(?![!-9;-~]+:|[ \t]|\r?\n|\Z)")
SECTION = re.compile(r";\s*[\w-]+\*[1-9]\d*\*=")
NO_BASE64 = re.compile(rb"^.*[^A-Za-z0-9+/=\s][\s\S]*", re.MULTILINE)


class RawHeaders(Compat32):
    """The policy of headers as they came; of those with parameters no more than can be read."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return the value; a line of many quotation marks takes the square of its length."""
        if not name.lower().startswith("content-"):
            return value
        value = value[:LONGEST_PARAMETERS]
        # The standard library decodes each section of a name, though programs cut in mid-letter.
        return SECTION.sub("", value) if "*0*=" in value.partition("*1*=")[0] else value


def parse(raw: bytes) -> Message:
    """Return a message; a line of its headers that is none belongs to the header above it."""
    parser = BytesFeedParser(policy=RawHeaders())
    begin = next(START.finditer(raw)).end()
    end = next(EMPTY_LINE.finditer(raw, begin)).start()
    headers = BLANK_BEFORE_COLON.sub(rb"\1:", raw[begin : min(end, begin + MOST_HEADERS)])
    parser.feed(NO_HEADER.sub(b"", headers))
    for at in range(end, len(raw), MEGABYTE):
        parser.feed(raw[at : at + MEGABYTE])
    return parser.close()


def part(message: Message, output: BinaryIO, depth: int = 0) -> dict[str, Any]:
    """Return a part with those in it; the decoded bodies are written one after another."""
    # Asked for a text, `get_payload` would decode it by whatever charset it claims.
    parts: list[Any] = list(message.get_payload()) if message.is_multipart() else []
    is_broken = any(isinstance(d, CloseBoundaryNotFoundDefect) for d in message.defects)
    is_broken |= message.get_content_maintype() == "multipart" and not parts
    if depth == MOST_DEPTH and parts:
        parts, is_broken = [], True
    children = [part(decode_part(message, child), output, depth + 1) for child in parts]
    start = output.tell()
    output.write(body(message))
    return {
        "headers": [(name.lower(), " ".join(value.split())) for name, value in message.items()],
        "mime": message.get_content_type(),
        "parameters": dict(message.get_params([])),
        "disposition": message.get_content_disposition() or "",
        "filename": dict(message.get_params([], "content-disposition")).get("filename", ""),
        "span": (start, output.tell()),
        "children": children,
        "is_broken": is_broken or any(child["is_broken"] for child in children),
    }


def decode_part(carrier: Message, message: Message) -> Message:
    """Return a carried message; some programs encode one, which is against the standard."""
    if carrier.get_content_maintype() != "message" or message.keys() or not is_base64(carrier):
        return message
    message["Content-Transfer-Encoding"] = "base64"
    return parse(body(message))


def is_base64(message: Message) -> bool:
    """Return True if the body is said to be base64."""
    return str(message.get("content-transfer-encoding")).strip().lower() == "base64"


def body(message: Message) -> bytes:
    """Return the decoded body of a part that has no parts."""
    if message.get_content_maintype() == "text" and is_base64(message):
        del message["content-transfer-encoding"]
        letters = body(message)
        # Lists add their footer below a text in base64 as plain letters.
        message.set_payload(NO_BASE64.sub(b"", letters).decode("ascii"))
        message["content-transfer-encoding"] = "base64"
    content = message.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def read(kind: str, content: bytes, output: BinaryIO, *numbers: int) -> object:
    """Return the tree of a mail; of another file, write what it says."""
    if kind == "mail":
        limit(20, min(64 * MEGABYTE + 12 * len(content), 640 * MEGABYTE))
        return part(parse(content), output)
    if kind == "xlsx":
        write_rows(xlsx_rows(content, *numbers), output)
    else:
        write_text((pdf_lines if kind == "pdf" else docx_lines)(content), output)
    return ""


def write_answer(answer: object) -> None:
    """Write a line of JSON, or end without one if it is too long."""
    line = json.dumps(answer)
    if len(line) > MOST_ANSWER:
        sys.exit()
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def explain(kind: type[BaseException], problem: BaseException, _traceback: object) -> None:
    """Answer why this process ends: a code, or the number of an error of the system."""
    codes: dict[type, str] = {FileRefused: str(problem), MemoryError: "too_much"}
    write_answer(codes.get(kind) or getattr(problem, "errno", None) or "unreadable")


def main(descriptor: int) -> None:
    """Read files until there are no more, or until one cannot be read."""
    sys.excepthook = explain
    with open(descriptor, "wb", closefd=False) as output:
        while header := sys.stdin.buffer.readline().split():
            kind, size, *numbers = header
            content = sys.stdin.buffer.read(int(size))
            output.seek(0)
            output.truncate()
            answer = read(kind.decode(), content, output, *map(int, numbers))
            output.flush()
            write_answer(answer)


if __name__ == "__main__":
    main(int(sys.argv[1]))
