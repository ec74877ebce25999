"""Note what the reader of a message has to know about how it was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from publisher.mail_messages.content import MOST_TEXT, Content
from publisher.mail_messages.files import MOST_FILES, file_notes
from publisher.mail_messages.legacy_fonts import is_legacy_text
from publisher.mail_messages.message import MailNote, MailNoteCode
from publisher.mail_messages.parts import Structure

MOST_LINKS: Final = 10

_CLOUD_LINK: Final = re.compile(
    r"https?://(?:(?:drive|docs|photos)\.google\.com|photos\.app\.goo\.gl|1drv\.ms"
    r"|onedrive\.live\.com|[\w-]+\.sharepoint\.com|(?:www\.)?dropbox\.com|(?:www\.)?wetransfer\.com"
    r"|we\.tl|(?:www\.)?icloud\.com|share\.icloud\.com|mega\.nz|(?:[\w-]+\.)?box\.com"
    r"|www\.swisstransfer\.com|workdrive\.zoho\.\w+|digilocker\.gov\.in|[\w-]+\.digitallocker\.gov\.in"
    r")/[^\s<>\"'|]*",
    re.IGNORECASE,
)


def content_notes(content: Content, structure: Structure) -> Iterator[MailNote]:
    """Yield the notes on the text and the files."""
    if is_legacy_text(content.text, content.legacy):
        yield MailNote(MailNoteCode.LEGACY_FONT)
    if not content.is_certain:
        yield MailNote(MailNoteCode.CHARSET_UNCERTAIN)
    links = dict.fromkeys(link.rstrip(".,;:)।") for link in _CLOUD_LINK.findall(content.text))
    for link in list(links)[:MOST_LINKS]:
        yield MailNote(MailNoteCode.CLOUD_LINK, {"link": link})
    yield from file_notes(content.files[:MOST_FILES])
    if content.is_shortened or len(content.text) > MOST_TEXT:
        yield MailNote(MailNoteCode.TEXT_SHORTENED, {"most": MOST_TEXT})
    count = content.file_count + structure.left_out
    if count > MOST_FILES:
        yield MailNote(MailNoteCode.TOO_MANY_FILES, {"most": MOST_FILES, "count": count})
    if structure.is_broken:
        yield MailNote(MailNoteCode.BROKEN_STRUCTURE)
