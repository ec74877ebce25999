"""Find where a forwarded message begins in a text, and who sent it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from publisher.mail.messages.message import MailAddress
from publisher.mail.messages.plain_text import one_line

_MARK: Final = re.compile(
    r"[>\s]*(-{2,}\s*(forwarded message|original message|forwarded by .{0,80}|मूळ (संदेश|मेसेज)"
    r"|अग्रेषित[^-]{0,40}|फ[़]?ॉरवर्ड[^-]{0,40}|मूल संदेश)\s*-{0,20}"
    r"|begin forwarded message\s*:|_{10,})\s*",
    re.IGNORECASE,
)
_FORWARD_MARK: Final = re.compile(r"forward|अग्रेषित|फ[़]?ॉरवर्ड", re.IGNORECASE)
_LABELS: Final = {
    "from": ("from", "प्रेषक", "कडून", "द्वारा", "प्रेषणकर्ता"),
    "date": ("date", "sent", "दिनांक", "तारीख", "पाठवले", "पाठविले", "भेजा गया", "भेजा"),
    "to": ("to", "प्रति", "को", "प्राप्तकर्ता"),
    "subject": ("subject", "विषय"),
    "other": ("cc", "bcc", "reply-to", "importance", "attachments", "resent-from", "priority"),
}
_LABEL_KINDS: Final = {label: kind for kind, labels in _LABELS.items() for label in labels}
_LABEL: Final = re.compile(
    rf"[>\s*]*({'|'.join(map(re.escape, _LABEL_KINDS))})\s*\*?\s*[:：]\s*\*?\s*(.*)", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\"*]{1,64}@[^\s@<>()\[\],;:\"*]{1,255}")
_MOST_BLOCK_LINES: Final = 14


@dataclass(frozen=True)
class ForwardHeader:
    """Lines such as From, Date and Subject above a forwarded message or a quotation.

    `start` and `end` are its lines with the mark above it. It is marked if the mark says
    "forwarded", and quoted if its lines and those below begin with ">".
    """

    start: int
    end: int
    sender: MailAddress | None
    is_marked: bool
    is_quoted: bool


def find_forward(lines: list[str]) -> ForwardHeader | None:
    """Return the first such header among the lines."""
    for index, line in enumerate(lines):
        if _MARK.fullmatch(line):
            header = _next_header(lines, index)
        elif (label := _LABEL.match(line)) and _kind(label[1]) == "from":
            header = _header(lines, index, index, is_marked=False)
        else:
            continue
        if header is not None:
            return header
    return None


def _kind(label: str) -> str:
    return _LABEL_KINDS[label.lower()]


def _next_header(lines: list[str], mark: int) -> ForwardHeader | None:
    below = mark + 1
    while below < len(lines) and below < mark + 4 and not lines[below].strip("> \t"):
        below += 1
    return _header(lines, mark, below, is_marked=bool(_FORWARD_MARK.search(lines[mark])))


def _header(lines: list[str], start: int, first: int, *, is_marked: bool) -> ForwardHeader | None:
    fields, end = _fields(lines, first)
    if not (fields if is_marked else _is_header(fields)):
        return None
    is_quoted = first < len(lines) and lines[first].startswith(">")
    return ForwardHeader(start, end, _sender(fields.get("from", "")), is_marked, is_quoted)


def _fields(lines: list[str], first: int) -> tuple[dict[str, str], int]:
    """Return the fields by their kinds, and the line after the last of them."""
    fields: dict[str, str] = {}
    index, kind = first, ""
    while index < min(len(lines), first + _MOST_BLOCK_LINES):
        line = lines[index]
        if label := _LABEL.match(line):
            kind = _kind(label[1])
            fields.setdefault(kind, label[2].strip())
            if label[1].isascii():
                fields["latin"] = ""
        elif not line.strip("> \t") or not _is_continuation(line, lines[index - 1], kind):
            break
        elif kind == "from":
            fields[kind] += f" {line.strip('> ')}"
        index += 1
    return fields, index


def _is_continuation(line: str, above: str, kind: str) -> bool:
    """Return True for a line that a program has wrapped, but not for text that follows at once."""
    if kind in ("", "subject", "date"):
        return False
    return line.startswith((" ", "\t")) or above.rstrip().endswith((",", ";")) or "@" in line


def _is_header(fields: dict[str, str]) -> bool:
    """Return True if surely not part of a letter: Marathi letters name sender and subject, too."""
    has_date = any(letter.isdigit() for letter in fields.get("date", ""))
    is_whole = "from" in fields and has_date and ("to" in fields or "subject" in fields)
    return is_whole and ("latin" in fields or "@" in fields["from"])


def sender_address(text: str) -> MailAddress | None:
    """Return the first address in a text, without a name."""
    address = _ADDRESS.search(text.replace("mailto:", ""))
    return MailAddress(address[0].lower().strip(".")) if address else None


def _sender(text: str) -> MailAddress | None:
    """Return the sender, in any of the ways in which programs write names and addresses."""
    text = re.sub(r"\[mailto:([^\]]*)\]", r"<\1>", text)
    address = sender_address(text)
    name = re.split(r"[<(\[]", text, maxsplit=1)[0]
    name = "" if "@" in name else one_line(name.strip(" \"'*:"), 200)
    return replace(address or MailAddress(""), name=name) if name or address else None
