"""What X gives back of a text: short links, escaped signs and names in front are undone here."""

from __future__ import annotations

import html
import re

from publisher.platforms.base import normal
from publisher.platforms.shapes import Json, at, rows_at, text_at

_LEADING_NAMES = re.compile(r"^(?:@\w+\s+)+")
_PROTOCOL = re.compile(r"https?://", re.IGNORECASE)
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE)
_OWN_PICTURE = re.compile(r"/(?:photo|video)/\d+$")


def readable(post: Json) -> str:
    """The text as people see it: long posts whole, short links expanded, no link to its picture."""
    whole = _whole(post)
    text = text_at(whole, "text")
    for link in rows_at(whole, "entities", "urls"):
        text = text.replace(text_at(link, "url") or "\0", _expanded(link))
    return html.unescape(text).strip()


def reply_target(post: Json) -> str | None:
    """The post that this one answers."""
    for name in ("referenced_tweets", "referenced_posts"):
        for reference in rows_at(post, name):
            if text_at(reference, "type") == "replied_to":
                return text_at(reference, "id")
    return None


def media_count(post: Json) -> int:
    """How many pictures a post carries."""
    keys = at(post, "attachments", "media_keys")
    return len(keys) if isinstance(keys, list) else 0


def same_words(post: Json, words: str) -> bool:
    """Whether a post says these words.

    X writes protocols before bare domains and, in a reply, the names it answers in front.
    """
    given, expected = readable(post), words.strip()
    if reply_target(post) is not None:
        given, expected = (_LEADING_NAMES.sub("", text) for text in (given, expected))
    return _plain(given) == _plain(expected)


def _whole(post: Json) -> object:
    for name in ("note_tweet", "note_post"):
        if text_at(post, name, "text"):
            return at(post, name)
    return post


def _expanded(link: Json) -> str:
    target = text_at(link, "expanded_url")
    is_picture = "media_key" in link or _OWN_PICTURE.search(target)
    return "" if is_picture else target or text_at(link, "url")


def _plain(text: str) -> str:
    words = _PUNYCODE.sub(_in_own_script, _PROTOCOL.sub("", normal(text))).split()
    return " ".join(word.rstrip("/") for word in words)


def _in_own_script(label: re.Match[str]) -> str:
    try:
        return label.group().encode("ascii").decode("idna")
    except UnicodeError:
        return label.group()
