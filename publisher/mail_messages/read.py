"""Read a message as it came, whatever program wrote it and however badly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Final

from publisher.mail_messages.authentication import read_results
from publisher.mail_messages.automatic import automatic_kind
from publisher.mail_messages.content import MOST_TEXT, Content, read_content
from publisher.mail_messages.document_text import first_document_text
from publisher.mail_messages.files import MOST_FILES, file_notes
from publisher.mail_messages.headers import (
    read_all_addresses,
    read_date,
    read_ids,
    read_return_path,
    read_senders,
    read_subject,
)
from publisher.mail_messages.legacy_fonts import is_legacy_text
from publisher.mail_messages.message import (
    AutomaticKind,
    MailAddress,
    MailMessage,
    MailNote,
    MailNoteCode,
    UnreadableMessage,
    UnreadableReason,
)
from publisher.mail_messages.parts import Structure, split_message
from publisher.mail_messages.quotations import is_courtesy

MOST_BYTES: Final = 50 * 2**20


def read_message(raw: bytes) -> MailMessage:
    """Return what a message says. Raises `UnreadableMessage`, and nothing else.

    Where the mail itself says nothing, the text is that of an attached document.
    """
    structure = _structure(raw)
    headers = structure.root.headers
    senders = read_senders(headers)
    sender = senders[0] if senders else MailAddress("")
    subject = read_subject(headers)
    automatic = automatic_kind(structure.root, sender, subject)
    sent_at, date_is_certain = read_date(headers)
    content = read_content(structure.root)
    notes: list[MailNote] = []
    is_written = automatic in (None, AutomaticKind.LIST)
    if is_written and not content.is_reply and is_courtesy(content.text):
        content, notes = _with_document(content)
    notes += content_notes(content, structure)
    # A second From counts even if one of them names nobody: programs differ in which they show.
    count = max(len(senders), len(headers.all("from")))
    if count > 1:
        notes.append(MailNote(MailNoteCode.SEVERAL_SENDERS, {"count": count}))
    if not date_is_certain:
        notes.append(MailNote(MailNoteCode.DATE_UNCERTAIN))
    return MailMessage(
        sha256=sha256(raw).hexdigest(),
        size=len(raw),
        message_id="".join(read_ids(headers.first("message-id"))[:1]),
        in_reply_to=read_ids(headers.first("in-reply-to")),
        references=read_ids(headers.first("references")),
        sender=sender,
        return_path=read_return_path(headers),
        reply_to=read_all_addresses(headers, "reply-to"),
        recipients=read_all_addresses(headers, "to", "cc"),
        subject=subject,
        sent_at=sent_at,
        text=content.text[:MOST_TEXT],
        whole_text=content.whole_text[:MOST_TEXT],
        forwarded_from=content.forwarded_from,
        files=content.files[:MOST_FILES],
        notes=tuple(notes),
        automatic=automatic,
        results=read_results(headers),
    )


def _with_document(content: Content) -> tuple[Content, list[MailNote]]:
    """Return the content with the text of an attached document, if there is one, and its note."""
    document = first_document_text(content.files)
    if document is None:
        return content, []
    whole_text = f"{content.whole_text}\n\n{document.text}".strip("\n")
    note = MailNote(MailNoteCode.TEXT_FROM_FILE, {"name": document.name})
    return replace(content, text=document.text, whole_text=whole_text), [note]


def _structure(raw: bytes) -> Structure:
    if len(raw) > MOST_BYTES:
        raise UnreadableMessage(UnreadableReason.TOO_LARGE)
    if not raw.strip(b"\x00 \t\r\n"):
        raise UnreadableMessage(UnreadableReason.EMPTY)
    structure = split_message(raw)
    if structure is None:
        raise UnreadableMessage(UnreadableReason.NO_HEADERS)
    return structure


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
