"""The text of an attached document is taken where the mail has none, and never at any price."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from publisher.mail.messages.document_text import first_document_text
from publisher.mail.messages.message import MailFile
from tests.support.mail_samples import bombs
from tests.support.mail_samples.builder import DOCX_TYPE, docx, pdf, zip_file

_MEASURE = """
import resource, sys
from publisher.readers.limited_process import read_file
read_file(sys.argv[1], sys.stdin.buffer.read())
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def file_of(content: bytes, name: str = "a.docx", mime: str = DOCX_TYPE) -> MailFile:
    return MailFile(name, mime, content)


def test_the_paragraphs_and_tables_of_a_docx_are_read() -> None:
    table = "<w:tr><w:tc><w:p><w:r><w:t>भाग</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>वेळ</w:t>"
    members = {
        "word/document.xml": (
            '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            f"<w:body><w:p><w:r><w:t>सूचना</w:t></w:r></w:p><w:tbl>{table}</w:r></w:p>"
            f"</w:tc></w:tr>"
            "</w:tbl></w:body></w:document>"
        ).encode()
    }
    document = first_document_text([file_of(docx(members=members))])
    assert document == ("a.docx", "सूचना\nभाग | वेळ")


def test_the_first_document_with_text_is_taken() -> None:
    files = [
        file_of(pdf(""), "scan.pdf", "application/pdf"),
        file_of(b"\xff\xd8\xff", "photo.jpg", "image/jpeg"),
        file_of(docx("Notice")),
    ]
    assert first_document_text(files) == ("a.docx", "Notice")


@pytest.mark.parametrize(
    "file",
    [
        file_of(b"PK\x03\x04 no archive"),
        file_of(zip_file({"a.txt": b"x"})),
        file_of(b"%PDF-1.4 no document", "a.pdf", "application/pdf"),
        file_of(zip_file({"a.txt": b"x"}), "a.zip", "application/zip"),
    ],
    ids=lambda file: file.name,
)
def test_what_is_no_document_has_no_text(file: MailFile) -> None:
    assert first_document_text([file]) is None


@pytest.mark.parametrize(
    "make",
    [bombs.docx_bomb, bombs.docx_of_laughs, bombs.pdf_bomb, bombs.pdf_of_forms_in_forms],
)
def test_a_bomb_has_no_text(make: Callable[[], bytes]) -> None:
    assert first_document_text([file_of(make())]) is None


@pytest.mark.proof
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("docx", bombs.docx_bomb),
        ("docx", bombs.docx_bomb_that_lies),
        ("docx", bombs.docx_of_laughs),
        ("pdf", bombs.pdf_bomb),
        ("pdf", bombs.pdf_of_forms_in_forms),
    ],
)
def test_a_bomb_costs_less_than_a_second_and_100_megabytes(
    kind: str, make: Callable[[], bytes]
) -> None:
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, kind],
        input=make(),
        capture_output=True,
        check=True,
    )
    seconds, kilobytes = measured.stdout.split()
    assert float(seconds) < 1.1  # of the processor; the limit is a second
    assert int(kilobytes) < 100_000
