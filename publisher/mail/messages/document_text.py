"""Take the text out of an attached PDF or DOCX, within bounds of size, time and memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from publisher.i18n.text_cleaning import is_visible
from publisher.mail.messages.message import MailFile
from publisher.mail.messages.plain_text import paragraphs
from publisher.readers.limited_process import read_file

MOST_BYTES: Final = 20_000_000
MOST_DOCUMENTS: Final = 3

_DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def first_document_text(files: Iterable[MailFile]) -> tuple[str, str] | None:
    """Return the name and the text of the first document that has any; scanned pages have none."""
    documents = [(file, kind) for file in files if (kind := _kind(file))]
    for file, kind in documents[:MOST_DOCUMENTS]:
        # If a page cannot be read, what was read before it is the beginning of the text.
        text = paragraphs(read_file(kind, file.content)[1].decode("utf-8", "replace"))
        if is_visible(text):
            return file.name, text
    return None


def _kind(file: MailFile) -> str | None:
    if len(file.content) > MOST_BYTES:
        return None
    if b"%PDF-" in file.content[:1024]:
        return "pdf"
    is_docx = file.name.lower().endswith(".docx") or file.mime == _DOCX
    return "docx" if is_docx and file.content.startswith(b"PK\x03\x04") else None
