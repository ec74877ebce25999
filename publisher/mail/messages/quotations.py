"""Separate what a sender wrote from quotations of earlier messages, signatures and footers.

Lines that are not surely one of these are kept: the person who drafts can delete an extra line, but
would not notice a missing one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from publisher.i18n.text_cleaning import is_visible
from publisher.mail.messages.forward_headers import find_forward, sender_address
from publisher.mail.messages.html_text import SIGNATURE
from publisher.mail.messages.message import MailAddress

MOST_FORWARDS: Final = 20
MOST_REMARK: Final = 200
MOST_QUOTATIONS: Final = 50
_MOST_SIGNATURE_LINES: Final = 25
_MOST_DASHED_LINES: Final = 8

_WROTE: Final = re.compile(
    r"(wrote|writes|लिहिले|लिहिलं|लिहिले आहे|लिखा|लिखा है|ने लिखा था)\s*[:：]\s*$", re.IGNORECASE
)
_ON: Final = re.compile(r"\s*(on\b|दि|[\d०-९])", re.IGNORECASE)
_DIGIT: Final = re.compile(r"[\d०-९]")
_FOOTER: Final = re.compile(
    r"(sent|get|sent via|envoyé) (from|outlook|with|using|via|by) .{0,60}"
    r"|sent from .{0,40}<https?://\S+>|get outlook for .{0,60}"
    r"|.{0,30}(वरून पाठवले|वरुन पाठवले|वरून पाठविले|से भेजा गया|से भेजा)( आहे)?[.।]?",
    re.IGNORECASE,
)
_DEVICE: Final = re.compile(
    r"iphone|ipad|android|samsung|galaxy|outlook|mail|phone|mobile|blackberry|k-9|jio|redmi|xiaomi"
    r"|huawei|oneplus|vivo|oppo|realme|device|मोबाईल|मोबाइल|फोन|tablet|thunderbird|proton",
    re.IGNORECASE,
)
_COURTESY: Final = re.compile(
    r"\b(dear|sir|madam|pfa|attach\w*|enclos\w*|herewith|regards|thank\w*|hello|hi|fyi|respected"
    r"|yours|faithfully|publish\w*|forward\w*|needful|greetings)\b"
    r"|नमस्कार|नमस्ते|महोदय|महोदया|सोबत|जोडले|जोडली|जोडून|संलग्न|प्रसिद्ध|प्रसिध्द|धन्यवाद|सादर|कळावे"
    r"|प्रकाशित|अवलोकन|पाठव|भेज|आदरणीय|सप्रेम",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.,;:।!?\n]+")


@dataclass(frozen=True)
class OwnText:
    """What the sender wrote, or forwarded from somebody."""

    text: str
    forwarded_from: MailAddress | None = None


def own_text(text: str, *, is_reply: bool, is_forward: bool) -> OwnText:
    """Return the text without quotations and signature; for a forward, the forwarded text.

    The first forwarder of a chain counts. A remark above it is left out unless it is long.
    """
    return _own_lines(text.split("\n"), is_reply, is_forward, MOST_FORWARDS)


def is_courtesy(text: str) -> bool:
    """Return True for an empty text, or a few lines that only greet and point to an attachment."""
    text = text.strip()
    if not is_visible(text):
        return True
    if len(text) > MOST_REMARK or not _COURTESY.search(text):
        return False
    sentences = _SENTENCE_END.split(text)
    # Names and offices follow a greeting; a sentence of its own is a notice.
    return all(len(sentence.split()) <= 3 or _COURTESY.search(sentence) for sentence in sentences)


def _own_lines(lines: list[str], is_reply: bool, is_forward: bool, depth: int) -> OwnText:
    header = find_forward(lines)
    if header is None or depth == 0:
        return OwnText(_strip_quotations(lines, is_reply))
    is_inside_quotation = is_reply and _is_quoted(lines[header.start])
    if is_inside_quotation or _attribution(lines[: header.start]) is not None:
        return OwnText(_strip_quotations(lines, is_reply))
    remark = _strip_quotations(lines[: header.start], is_reply)
    if not (is_forward or header.is_marked or (not is_reply and is_courtesy(remark))):
        return OwnText(remark)
    inner = lines[header.end :]
    if header.is_quoted:
        inner = [re.sub(r"^> ?", "", line) for line in inner]
    forwarded = _own_lines(inner, False, False, depth - 1)
    if is_courtesy(forwarded.text):
        forwarded = _text_below_approval(inner, depth) or forwarded
    sender = forwarded.forwarded_from or header.sender
    if not is_visible(forwarded.text):
        return OwnText(remark, sender)
    if len(remark) > MOST_REMARK:
        return OwnText(f"{remark}\n\n{forwarded.text}", sender)
    return OwnText(forwarded.text, sender)


def _text_below_approval(lines: list[str], depth: int) -> OwnText | None:
    """Return what was quoted where a forwarded answer only says that it may be published."""
    attribution = _attribution(lines)
    if attribution is None:
        return None
    first, after = attribution
    quoted = [re.sub(r"^> ?", "", line) for line in lines[after:]]
    original = _own_lines(quoted, False, False, depth - 1)
    address = sender_address(" ".join(lines[first:after]))
    return OwnText(original.text, original.forwarded_from or address)


def _strip_quotations(lines: list[str], is_reply: bool) -> str:
    """Return the lines without quotations, signature and footer."""
    written: list[str] = []
    for _ in range(MOST_QUOTATIONS):
        attribution = _attribution(lines)
        if attribution is None:
            break
        first, after = attribution
        written += lines[:first]
        quoted = after
        while quoted < len(lines) and (not lines[quoted].strip() or _is_quoted(lines[quoted])):
            quoted += 1
        # Without quotation marks, all that is below belongs to the earlier message.
        is_marked = any(_is_quoted(line) for line in lines[after:quoted])
        lines = lines[quoted:] if is_marked else []
    written += lines
    if is_reply:
        written = [line for line in written if not _is_quoted(line)]
    return "\n".join(_strip_footer(_strip_signature(_strip_footer(written)))).strip("\n")


def _is_quoted(line: str) -> bool:
    return line.startswith(">")


def _attribution(lines: list[str]) -> tuple[int, int] | None:
    """Return where "On … wrote:" begins and ends, which programs wrap over several lines."""
    for last, line in enumerate(lines):
        if not _WROTE.search(line) or _is_quoted(line):
            continue
        first = last
        while first > max(0, last - 3) and not _ON.match(lines[first]) and lines[first - 1].strip():
            first -= 1
        text = " ".join(lines[first : last + 1])
        below = next((line for line in lines[last + 1 :] if line.strip()), "")
        is_ours = _ON.match(text) or "@" in text
        if is_ours and _DIGIT.search(text) and ("@" in text or _is_quoted(below)):
            return first, last + 1
    return None


def _strip_signature(lines: list[str]) -> list[str]:
    for index in range(len(lines) - 1, max(-1, len(lines) - 60), -1):
        below = sum(bool(line.strip()) for line in lines[index + 1 :])
        if lines[index] == SIGNATURE and below <= _MOST_SIGNATURE_LINES:
            return _strip_dashes(lines[:index])
        # Some programs lose the blank; two dashes also separate paragraphs, so little may follow.
        if lines[index].strip() == "--" and below <= _MOST_DASHED_LINES and any(lines[:index]):
            return _strip_dashes(lines[:index])
    return lines


def _strip_dashes(lines: list[str]) -> list[str]:
    """Remove a second mark: HTML has one as a class, and often one as text."""
    end = len(lines)
    while end and lines[end - 1].strip() in ("", SIGNATURE.strip()):
        end -= 1
    return lines[:end]


def _strip_footer(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or _is_footer(lines[end - 1])):
        end -= 1
    return lines[:end]


def _is_footer(line: str) -> bool:
    text = line.strip()
    return len(text) <= 120 and bool(_FOOTER.fullmatch(text)) and bool(_DEVICE.search(text))
