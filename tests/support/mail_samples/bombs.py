"""Small documents that would cost hours or gigabytes to whoever reads them without bounds."""

from __future__ import annotations

import zlib
from functools import cache

from tests.support.mail_samples.builder import docx, pdf_file

_LAUGHS = 12


@cache
def pdf_bomb(unpacked: int = 128 * 2**20) -> bytes:
    """Return a PDF whose page is so many bytes once it is unpacked."""
    compressor = zlib.compressobj(9)
    stream = b"".join(compressor.compress(b" " * 2**20) for _ in range(unpacked >> 20))
    stream += compressor.flush()
    return pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream)
            + stream
            + b"\nendstream",
        ]
    )


def pdf_of_forms_in_forms() -> bytes:
    """Return a PDF whose page draws a form ten times, which draws a form ten times, and so on."""
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9]"
    drawn = b"/F Do " * 10
    stream = b"/Length %d >>\nstream\n" % len(drawn) + drawn + b"\nendstream"
    resources = b"/Resources << /XObject << /F %d 0 R >> >>"
    forms = [b" ".join((form, resources % number, stream)) for number in range(6, 6 + _LAUGHS)]
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R"
    return pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b" ".join((page, resources % 5, b">>")),
            b"<< /Length 5 >>\nstream\n/F Do\nendstream",
            *forms,
            form + b" /Length 1 >>\nstream\nn\nendstream",
        ]
    )


@cache
def docx_bomb(unpacked: int = 128 * 2**20) -> bytes:
    """Return a DOCX with a member of so many bytes, which it says of itself."""
    return docx("Notice", members={"word/media/a.bin": bytes(unpacked)})


@cache
def docx_bomb_that_lies(unpacked: int = 128 * 2**20) -> bytes:
    """Return a DOCX whose directory says that a member is small, which is large."""
    archive = docx("Notice", members={"word/styles.xml": bytes(unpacked)})
    return archive.replace(unpacked.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def docx_of_laughs() -> bytes:
    """Return a DOCX whose text is an entity of entities of entities."""
    entities = '<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = (
        f'<!DOCTYPE x [{entities}]><w:document xmlns:w="{word}"><w:body><w:p><w:r><w:t>&a11;</w:t>'
        "</w:r></w:p></w:body></w:document>"
    )
    return docx(members={"word/document.xml": document.encode()})
