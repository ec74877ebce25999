"""Read a message as it came, whatever program wrote it and however badly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from publisher.mail.messages.authentication import read_results
from publisher.mail.messages.automatic import automatic_kind
from publisher.mail.messages.content import MOST_TEXT, Content, read_content
from publisher.mail.messages.document_text import first_document_text
from publisher.mail.messages.files import MOST_FILES, file_notes
from publisher.mail.messages.headers import read_addresses, read_date, read_ids, read_subject
from publisher.mail.messages.legacy_fonts import is_legacy_text
from publisher.mail.messages.message import (
    AutomaticKind,
    MailAddress,
    MailMessage,
    MailNote,
    MailNoteCode,
)
from publisher.mail.messages.quotations import is_courtesy
from publisher.mail.messages.structure import read_structure


def read_message(raw: bytes) -> MailMessage:
    """Return what a message says. Raises `UnreadableMessage`, and `StoreAway` without room.

    If the mail itself says nothing, the text is that of an attached document.
    """
    root = read_structure(raw)
    headers = root.headers
    senders = read_addresses(*headers.all("from"))
    sender = senders[0] if senders else MailAddress("")
    subject = read_subject(headers)
    automatic = automatic_kind(root, sender, subject)
    sent_at, date_is_certain = read_date(headers)
    content = read_content(root)
    notes: list[MailNote] = []
    is_written = automatic in (None, AutomaticKind.LIST)
    if is_written and not content.is_reply and is_courtesy(content.text):
        content, notes = _append_document(content)
    notes += content_notes(content, is_broken=root.is_broken)
    # A second From counts even if one of them names nobody: programs differ in which they show.
    count = max(len(senders), len(headers.all("from")))
    if count > 1:
        notes.append(MailNote(MailNoteCode.SEVERAL_SENDERS, {"count": count}))
    if not date_is_certain:
        notes.append(MailNote(MailNoteCode.DATE_UNCERTAIN))
    return MailMessage(
        size=len(raw),
        message_id="".join(read_ids(headers.first("message-id"))[:1]),
        in_reply_to=read_ids(headers.first("in-reply-to")),
        references=read_ids(headers.first("references")),
        sender=sender,
        reply_to=read_addresses(*headers.all("reply-to")),
        subject=subject,
        sent_at=sent_at,
        text=content.text[:MOST_TEXT],
        forwarded_from=content.forwarded_from,
        files=content.files[:MOST_FILES],
        notes=tuple(notes),
        automatic=automatic,
        results=read_results(headers),
    )


def _append_document(content: Content) -> tuple[Content, list[MailNote]]:
    """Return the content with the text of an attached document, if there is one, and its note."""
    document = first_document_text(content.files)
    if document is None:
        return content, []
    name, text = document
    return replace(content, text=text), [MailNote(MailNoteCode.TEXT_FROM_FILE, {"name": name})]


MOST_LINKS: Final = 10

_CLOUD_LINK: Final = re.compile(
    r"https?://(?:(?:drive|docs|photos)\.google\.com|photos\.app\.goo\.gl|1drv\.ms"
    r"|onedrive\.live\.com|[\w-]+\.sharepoint\.com|(?:www\.)?dropbox\.com|(?:www\.)?wetransfer\.com"
    r"|we\.tl|(?:www\.)?icloud\.com|share\.icloud\.com|mega\.nz|(?:[\w-]+\.)?box\.com"
    r"|www\.swisstransfer\.com|workdrive\.zoho\.\w+|digilocker\.gov\.in|[\w-]+\.digitallocker\.gov\.in"
    r")/[^\s<>\"'|]*",
    re.IGNORECASE,
)


def content_notes(content: Content, *, is_broken: bool) -> Iterator[MailNote]:
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
    count = content.file_count
    if count > MOST_FILES:
        yield MailNote(MailNoteCode.TOO_MANY_FILES, {"most": MOST_FILES, "count": count})
    if is_broken:
        yield MailNote(MailNoteCode.BROKEN_STRUCTURE)
