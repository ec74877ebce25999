"""Texts as they are sent, compared and kept."""

from __future__ import annotations

import re
import unicodedata

from publisher.platforms.base.types import Outgoing, RemotePost

ANSWER_LENGTH = 2_000
_PROTOCOL = re.compile(r"https?://", re.IGNORECASE)
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE)


def with_link(text: str, link: str | None) -> str:
    """The text as readers see it where a platform has no field for the link: link on a new line.

    A link that the text already holds is not added.
    """
    if not link or link in text:
        return text
    return f"{text}\n{link}" if text else link


def shows(remote_post: RemotePost, outgoing: Outgoing) -> bool:
    """Whether what the platform shows is what was sent: the same words, and as many pictures."""
    said = with_link(outgoing.text, outgoing.link)
    is_same = plain(remote_post.text) in (plain(outgoing.text), plain(said))
    return is_same and remote_post.media == len(outgoing.media)


def plain(text: str) -> str:
    """The words to compare by: platforms set blanks, protocols and last slashes as they like."""
    words = _PUNYCODE.sub(_in_own_script, _PROTOCOL.sub("", normal(text))).split()
    return " ".join(word.rstrip("/") for word in words)


def _in_own_script(label: re.Match[str]) -> str:
    try:
        return label.group().encode("ascii").decode("idna")
    except UnicodeError:
        return label.group()


def normal(text: str) -> str:
    """The text in Unicode's composed form (NFC), as it is hashed, counted and sent."""
    return unicodedata.normalize("NFC", text)


def shortened(answer: str) -> str:
    """An answer cut to the length that is kept, without what no column of text can hold."""
    answer = answer.replace("\0", "")
    return answer if len(answer) <= ANSWER_LENGTH else answer[: ANSWER_LENGTH - 1] + "…"
