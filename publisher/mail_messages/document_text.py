"""Take the text out of an attached PDF or DOCX, within bounds of size, time and memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from publisher.i18n.text_cleaning import is_visible
from publisher.mail_messages.message import MailFile
from publisher.mail_messages.plain_text import paragraphs

MOST_BYTES: Final = 20_000_000
MOST_DOCUMENTS: Final = 3
MOST_SECONDS: Final = 10
"""How long is waited for the reader, which has a limit of its own; more only on a busy machine."""

_READER: Final = Path(__file__).parent / "document_reader.py"
_DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True)
class DocumentText:
    """The text of the attached document of this name."""

    name: str
    text: str


def first_document_text(files: Iterable[MailFile]) -> DocumentText | None:
    """Return the text of the first document that has any; scanned pages have none."""
    documents = [(file, kind) for file in files if (kind := _kind(file))]
    for file, kind in documents[:MOST_DOCUMENTS]:
        text = _document_text(file.content, kind)
        if is_visible(text):
            return DocumentText(file.name, text)
    return None


def _kind(file: MailFile) -> str | None:
    if len(file.content) > MOST_BYTES:
        return None
    if b"%PDF-" in file.content[:1024]:
        return "pdf"
    is_docx = file.name.lower().endswith(".docx") or file.mime == _DOCX
    return "docx" if is_docx and file.content.startswith(b"PK\x03\x04") else None


def _document_text(content: bytes, kind: str) -> str:
    try:
        reader = subprocess.run(  # noqa: S603  our own script; the document is its input
            [sys.executable, "-I", str(_READER), kind],
            input=content,
            capture_output=True,
            check=False,
            timeout=MOST_SECONDS,
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    # What was read before a page that cannot be read is the beginning of the text.
    return paragraphs(reader.stdout.decode("utf-8", "replace"))
