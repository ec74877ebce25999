"""Write the text of a PDF or DOCX: `python document_reader.py KIND`, the file in, UTF-8 out.

It runs as a process of its own with little memory and time, because a small file can claim pages
that take hours and gigabytes, and a file made to crash its reader ends only this process. It
imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import io
import resource
import sys
import zipfile
from collections.abc import Iterator

MOST_LETTERS = 120_000
MOST_PAGES = 40
MOST_UNPACKED = 24 * 2**20
MOST_MEMBERS = 2_000
MOST_SECONDS = 1
MOST_MEMORY = 72 * 2**20


def limit() -> None:
    """Let the system end this process where a file asks for too much."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def pdf_lines(content: bytes) -> Iterator[str]:
    """Yield the text of each page."""
    import pypdfium2

    limit()
    document = pypdfium2.PdfDocument(content)
    for index in range(min(len(document), MOST_PAGES)):
        yield f"{document[index].get_textpage().get_text_bounded()}\n"


def docx_lines(content: bytes) -> Iterator[str]:
    """Yield each paragraph, and each row of a table with its cells on one line."""
    from docx import Document
    from docx.table import Table

    limit()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        # zipfile reads no member beyond the size that its directory says.
        if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > MOST_UNPACKED:
            raise SystemExit(2)
    for block in Document(io.BytesIO(content)).iter_inner_content():
        if not isinstance(block, Table):
            yield block.text
            continue
        for row in block.rows:
            cells = [cell.text.strip().replace("\n", " ") for cell in row.cells]
            # A merged cell is listed once for each column that it covers.
            distinct = [c for i, c in enumerate(cells) if c and (i == 0 or c != cells[i - 1])]
            yield " | ".join(distinct)


def main(kind: str) -> None:
    """Write the text, up to its limit."""
    content = sys.stdin.buffer.read()
    letters = 0
    for line in pdf_lines(content) if kind == "pdf" else docx_lines(content):
        sys.stdout.buffer.write(f"{line}\n".encode("utf-8", "replace"))
        letters += len(line) + 1
        if letters > MOST_LETTERS:
            return


if __name__ == "__main__":
    main(sys.argv[1])
