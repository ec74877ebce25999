"""Walk the parts of a message, and separate its texts, files and attached messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from publisher.mail.messages.charsets import decode
from publisher.mail.messages.html_text import MOST_LETTERS, html_text
from publisher.mail.messages.structure import Part

_DROPPED: Final = frozenset(
    {
        *("application/pkcs7-signature", "application/x-pkcs7-signature"),
        *("application/pgp-signature", "application/pgp-encrypted", "text/x-amp-html"),
        *("text/x-moz-deleted", "text/rfc822-headers", "message/delivery-status"),
        *("message/global-delivery-status", "message/disposition-notification"),
        *("message/feedback-report", "application/applefile"),
    }
)
_TEXTS_AS_FILES: Final = re.compile(r"text/(calendar|x?-?vcard|directory|csv|rtf|x-.*|xml)")
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE
)
_ENOUGH: Final = 0.8


@dataclass
class Body:
    """The texts of a message in their order, its files, and the messages that it carries."""

    texts: list[str] = field(default_factory=list)
    legacy: list[str] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    inline: set[int] = field(default_factory=set)
    messages: list[Part] = field(default_factory=list)
    is_certain: bool = True
    is_shortened: bool = False

    @property
    def text(self) -> str:
        """All texts, with an empty line between them."""
        return "\n\n".join(self.texts)

    def add(self, other: Body, *, with_texts: bool = True) -> None:
        """Add what another part holds."""
        self.texts += other.texts if with_texts else []
        self.legacy += other.legacy
        self.files += other.files
        self.inline |= other.inline
        self.messages += other.messages
        self.is_certain = self.is_certain and other.is_certain
        self.is_shortened = self.is_shortened or other.is_shortened


def read_body(part: Part) -> Body:
    """Return what a message, or a part of it, holds."""
    body = Body()
    if part.mime.startswith("multipart/") and part.children:
        _read_multipart(part, body)
    elif part.mime in _DROPPED:
        pass
    elif part.children:
        body.messages.append(part.children[0])
    elif _is_text(part):
        _read_text(part, body)
    elif part.content:
        body.files.append(part)
    return body


def _read_multipart(part: Part, body: Body) -> None:
    children = part.children
    if part.mime == "multipart/alternative":
        _read_alternatives([read_body(child) for child in children], body)
        return
    if part.mime == "multipart/report":
        children = [child for child in children if child.mime != "message/rfc822"]
    for index, child in enumerate(children):
        child_body = read_body(child)
        if part.mime == "multipart/related" and index:
            child_body.inline.update(id(file) for file in child_body.files)
        body.add(child_body)


def _read_alternatives(bodies: list[Body], body: Body) -> None:
    """Take the richest form of the text, unless it has lost some of a plainer one."""
    best = Body()
    for other in bodies:
        if _letters(other.text) and _letters(other.text) >= _ENOUGH * _letters(best.text):
            best = other
    body.texts += best.texts
    for other in bodies:
        body.add(other, with_texts=False)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _is_text(part: Part) -> bool:
    if part.mime.startswith("multipart/"):
        return True  # without any part: whatever it is, a person reads it
    if not part.mime.startswith("text/") or part.disposition == "attachment" or part.filename:
        return False
    return not _TEXTS_AS_FILES.fullmatch(part.mime)


def _read_text(part: Part, body: Body) -> None:
    content = part.content
    charset = part.parameters.get("charset", "")
    is_html = part.mime == "text/html"
    if is_html and not charset and (meta := _META_CHARSET.search(content[:4_000])):
        charset = meta[1].decode("ascii")
    text, body.is_certain = decode(content, charset)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    body.is_shortened = len(text) > MOST_LETTERS
    if is_html:
        laid_out = html_text(text)
        text = laid_out.text
        body.legacy.append(laid_out.legacy)
    elif part.parameters.get("format", "").lower() == "flowed":
        delete_space = part.parameters.get("delsp", "").lower() == "yes"
        text = join_flowed_lines(text[:MOST_LETTERS], delete_space=delete_space)
    body.texts.append(text[:MOST_LETTERS].strip("\n"))


def join_flowed_lines(text: str, *, delete_space: bool) -> str:
    """Return the paragraphs of text in `format=flowed`: a line that ends in a blank continues."""
    paragraphs: list[list[str]] = []
    flowing, depth_before = False, 0
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        is_signature = content == "-- "
        if not (flowing and depth == depth_before) or is_signature:
            paragraphs.append([f"{'>' * depth} " if depth else ""])
        flowing = content.endswith(" ") and not is_signature
        paragraphs[-1].append(content[:-1] if flowing and delete_space else content)
        depth_before = depth
    return "\n".join(map("".join, paragraphs))
