"""Normalise texts before they are sent, compared or stored."""

from __future__ import annotations

import re
import unicodedata

from publisher.platforms.base.storable_text import shorten, storable
from publisher.platforms.base.types import Outgoing, RemotePost
from publisher.platforms.x.url_detection import extract_urls

LONGEST_ANSWER = 2_000
"""The number of characters of a platform's response that are stored."""

_PROTOCOL = re.compile(r"https?://", re.IGNORECASE)
_HOST = re.compile(r"^[^/?]+")
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE)


def with_link(text: str, link: str | None) -> str:
    """Return the text with the link on a new line, for platforms without a field for the link.

    A link that the text already contains is not added: X would shorten it twice. The browser
    decides this in the same way.
    """
    if not link or _has_link(text, link):
        return text
    return f"{text}\n{link}" if text else link


def _has_link(text: str, link: str) -> bool:
    if extract_urls(link) != [link]:
        return link in text
    return any(_bare_url(url) == _bare_url(link) for url in extract_urls(text))


def _bare_url(url: str) -> str:
    """Return the part that different spellings of a page's URL have in common."""
    bare = _PROTOCOL.sub("", url).rstrip("/")
    return _HOST.sub(lambda host: host.group().lower(), bare)


def is_shown_as_sent(remote_post: RemotePost, outgoing: Outgoing) -> bool:
    """Return True if the platform shows the text that was sent, and the same number of pictures.

    Some platforms show the link as a line of the text, others in a separate field.
    """
    with_link_line = with_link(outgoing.text, outgoing.link)
    is_same = comparable(remote_post.text) in (
        comparable(outgoing.text),
        comparable(with_link_line),
    )
    return is_same and remote_post.media == len(outgoing.media)


def comparable(text: str) -> str:
    """Return the text without what platforms change, so that two texts can be compared.

    White space is collapsed, and URLs lose their protocol, their final slash and their Punycode.
    """
    tokens = _PUNYCODE.sub(_decode_label, _PROTOCOL.sub("", normalize(text))).split()
    return " ".join(word.rstrip("/") for word in tokens)


def _decode_label(label: re.Match[str]) -> str:
    try:
        return label.group().encode("ascii").decode("idna")
    except UnicodeError:
        return label.group()


def normalize(text: str) -> str:
    """Return the text in Unicode's composed form (NFC), in which it is hashed, counted and sent."""
    return unicodedata.normalize("NFC", text)


def make_storable(answer: str) -> str:
    """Return a response as it is stored: shortened, without NUL, and with whole characters."""
    return shorten(storable(answer.replace("\0", "")), LONGEST_ANSWER)
