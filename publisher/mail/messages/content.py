"""Read what a message says and carries, with the messages that are attached to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from publisher.i18n.text_cleaning import is_visible
from publisher.mail.messages.body import read_body
from publisher.mail.messages.files import MarkedImages, read_files
from publisher.mail.messages.headers import read_addresses, read_ids, read_subject
from publisher.mail.messages.html_text import IMAGE_MARK
from publisher.mail.messages.message import MailAddress, MailFile
from publisher.mail.messages.plain_text import paragraphs
from publisher.mail.messages.quotations import MOST_REMARK, OwnText, own_text
from publisher.mail.messages.structure import Part

MOST_TEXT: Final = 100_000
"""How many characters of a text are read: a book of fifty pages."""

MOST_MESSAGES: Final = 20

_REPLY: Final = re.compile(r"\s*(re|उत्तर|जवाब)\s*(\[\d+\])?\s*[:：]", re.IGNORECASE)
_FORWARD: Final = re.compile(r"\s*(fwd?|अग्रेषित)\s*[:：]", re.IGNORECASE)


@dataclass(frozen=True)
class Content:
    """What a message says: `text` is the sender's own text, or the forwarded one.

    `legacy` is the part in a legacy font. `file_count` counts the files that are there, whether
    they were read or not.
    """

    text: str
    forwarded_from: MailAddress | None
    files: tuple[MailFile, ...]
    file_count: int
    legacy: str
    is_reply: bool
    is_certain: bool
    is_shortened: bool


def read_content(message: Part) -> Content:
    """Return the content of a message and of those that are attached to it."""
    body = read_body(message)
    whole_text = body.text[: 4 * MOST_TEXT]
    is_reply, is_forward = _reply_and_forward(message)
    own = own_text(whole_text, is_reply=is_reply, is_forward=is_forward)
    marked, in_text = IMAGE_MARK.findall(whole_text), frozenset(IMAGE_MARK.findall(own.text))
    files = read_files(body, MarkedImages(in_text, frozenset(marked) - in_text))
    content = Content(
        *(paragraphs(IMAGE_MARK.sub("", own.text)), own.forwarded_from, files, len(body.files)),
        *("".join(body.legacy), is_reply, body.is_certain),
        is_shortened=body.is_shortened or len(whole_text) == 4 * MOST_TEXT,
    )
    for attached in body.messages[:MOST_MESSAGES]:
        content = _append_attached(content, attached)
    return content


def _reply_and_forward(message: Part) -> tuple[bool, bool]:
    """Return whether a message is a reply, and whether a forward; forwards have references, too."""
    subject = read_subject(message.headers)
    is_forward = bool(_FORWARD.match(subject))
    answers = read_ids(message.headers.first("in-reply-to"))
    return not is_forward and bool(answers or _REPLY.match(subject)), is_forward


def _append_attached(content: Content, attached: Part) -> Content:
    """Return the content with that of an attached message, which is a forward like any other."""
    inner = read_content(attached)
    senders = read_addresses(*attached.headers.all("from"))
    own = OwnText(content.text, content.forwarded_from)
    if not (content.is_reply and is_visible(content.text)):
        sender = own.forwarded_from or inner.forwarded_from or (senders[0] if senders else None)
        is_remark = content.forwarded_from is None and len(content.text) <= MOST_REMARK
        texts = ["" if is_remark else content.text, inner.text]
        text = "\n\n".join(filter(None, texts)) if is_visible(inner.text) else content.text
        own = OwnText(text, sender)
    return replace(
        content,
        text=own.text,
        forwarded_from=own.forwarded_from,
        files=content.files + inner.files,
        file_count=content.file_count + inner.file_count,
        legacy=content.legacy + inner.legacy,
        is_certain=content.is_certain and inner.is_certain,
        is_shortened=content.is_shortened or inner.is_shortened,
    )
