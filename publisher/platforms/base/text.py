"""Normalise texts for sending, comparing and storing."""

from __future__ import annotations

import re
import unicodedata

from publisher.platforms.base.types import Outgoing, RemotePost

ANSWER_LENGTH = 2_000
_PROTOCOL = re.compile(r"https?://", re.IGNORECASE)
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE)


def with_link(text: str, link: str | None) -> str:
    """Return the text with the link on a new line, for platforms without a field for the link.

    A link that the text already contains is not added.
    """
    if not link or link in text:
        return text
    return f"{text}\n{link}" if text else link


def shows(remote_post: RemotePost, outgoing: Outgoing) -> bool:
    """Return True if the platform shows what was sent: the same text, and as many pictures."""
    text_with_link = with_link(outgoing.text, outgoing.link)
    is_same = plain(remote_post.text) in (plain(outgoing.text), plain(text_with_link))
    return is_same and remote_post.media == len(outgoing.media)


def plain(text: str) -> str:
    """Return the text for comparison: platforms change white space, protocols and final slashes."""
    parts = _PUNYCODE.sub(_in_own_script, _PROTOCOL.sub("", normal(text))).split()
    return " ".join(word.rstrip("/") for word in parts)


def _in_own_script(label: re.Match[str]) -> str:
    try:
        return label.group().encode("ascii").decode("idna")
    except UnicodeError:
        return label.group()


def normal(text: str) -> str:
    """Return the text in Unicode's composed form (NFC), in which it is hashed, counted and sent."""
    return unicodedata.normalize("NFC", text)


def shortened(answer: str) -> str:
    """Return a response shortened to the stored length, without NUL, which no text column holds."""
    answer = answer.replace("\0", "")
    return answer if len(answer) <= ANSWER_LENGTH else answer[: ANSWER_LENGTH - 1] + "…"
