"""Undo what X changes in a text: it shortens links, escapes HTML and adds leading @names."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

from publisher.platforms.base.json_values import Json, find_value, rows_at, text_at
from publisher.platforms.base.text import comparable, normalize
from publisher.platforms.x.text_length import LIMIT, count
from publisher.platforms.x.url_detection import address_spans, extract_urls

_LEADING_NAMES = re.compile(r"^(?:@\w+\s+)+")
# A full stop or a closing bracket after a URL belongs to the sentence, not to the URL.
_ANY_ADDRESS = re.compile(r"https?://[^\s\0]*[^\s\0.,;:!?।…\"'’”)\]}]")
_SHORT_LINK = re.compile(r"https://t\.co/[A-Za-z0-9]+")
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols of Unicode that are blank."""
_LINK = "\0"
"""The mark that replaces each URL before two texts are compared; no text contains it."""

SHORTEST_BEGINNING = 100
"""A truncated text counts as the beginning of another if it has at least this many characters."""

_OWN_PICTURE = re.compile(r"/(?:photo|video)/\d+$")


def readable_text(post: Json) -> str:
    """Return the text as people see it: in full, with expanded links, without links to pictures."""
    whole = _long_text_or_post(post)
    text = text_at(whole, "text")
    for link in rows_at(whole, "entities", "urls"):
        text = text.replace(text_at(link, "url") or "\0", _expand(link))
    return html.unescape(text).strip()


def is_visible(text: str) -> bool:
    """Return True if the text has a visible character, which is no space, mark or filler."""
    return any(
        unicodedata.category(character)[0] not in "ZCM" and character not in _FILLERS
        for character in text
    )


def reply_target(post: Json) -> str | None:
    """Return the id of the post that this post replies to; None if it is not a reply."""
    for name in ("referenced_tweets", "referenced_posts"):
        for reference in rows_at(post, name):
            if text_at(reference, "type") == "replied_to":
                return text_at(reference, "id")
    return None


def media_count(post: Json) -> int:
    """Return the number of pictures of a post."""
    keys = find_value(post, "attachments", "media_keys")
    return len(keys) if isinstance(keys, list) else 0


def newest_version(post: Json) -> str:
    """Return the id of a post's newest version: each edit has an id of its own."""
    return version_ids(post)[-1]


def version_ids(post: Json) -> tuple[str, ...]:
    """Return the ids of all versions of a post, the newest last."""
    for name in ("edit_history_tweet_ids", "edit_history_post_ids"):
        ids = find_value(post, name)
        if isinstance(ids, list) and ids and all(isinstance(post_id, str) for post_id in ids):
            return tuple(ids)
    return (text_at(post, "id"),)


def own_text(post: Json) -> str:
    """Return the readable text, for a reply without the leading @names that X adds."""
    text = readable_text(post)
    return _LEADING_NAMES.sub("", text) if reply_target(post) is not None else text


def has_text(post: Json, text: str) -> bool:
    """Return True if the post has this text, ignoring what X changes.

    X adds "https://" to bare domains and, in a reply, the @names of those replied to.
    """
    expected = text.strip()
    if reply_target(post) is not None:
        expected = _LEADING_NAMES.sub("", expected)
    # X returns "&" escaped or not, so "&amp;" in its response may be an escape or the text itself.
    return comparable(own_text(post)) in (comparable(expected), comparable(html.unescape(expected)))


def is_echo(echoed_text: str, sent_text: str, *, is_reply: bool, has_pictures: bool) -> bool:
    """Return True if the text in the response to a creation is the text that was sent.

    That response does not expand short links, so a short link matches any URL. It may leave a bare
    domain as it is, truncate a long text, and append a link to the pictures.
    """
    if _comparable(normalize(echoed_text), is_reply) == _comparable(normalize(sent_text), is_reply):
        return True
    sent = normalize(sent_text)
    links = frozenset(extract_urls(sent))
    expected = _comparable(_mark_links(sent, links), is_reply)
    for text in (echoed_text, html.unescape(echoed_text)):
        without_short = _SHORT_LINK.sub(_LINK, normalize(text))
        candidate = _comparable(_mark_links(without_short, links), is_reply)
        if candidate == expected or (
            has_pictures and candidate.removesuffix(_LINK).rstrip() == expected
        ):
            return True
        if (
            _is_beginning(candidate.rstrip(f"{_LINK} "), expected)
            and count(sent_text).weighted > LIMIT
        ):
            return True
    return False


def _is_beginning(candidate: str, expected: str) -> bool:
    beginning = candidate.removesuffix("…").rstrip()
    is_cut = candidate.endswith("…") and len(beginning) >= SHORTEST_BEGINNING
    return is_cut and expected.startswith(beginning)


def _mark_links(text: str, links: Collection[str]) -> str:
    """Return the text with a mark in place of each of these links, and of each URL with a protocol.

    Any other bare domain is a word of the text.
    """
    parts, position = [], 0
    for span in address_spans(text):
        if text[span.start : span.end] not in links:
            continue
        parts += [text[position : span.start], _LINK]
        position = span.end
    return _ANY_ADDRESS.sub(_LINK, "".join([*parts, text[position:]]))


def _comparable(text: str, is_reply: bool) -> str:
    without_names = _LEADING_NAMES.sub("", text.strip()) if is_reply else text
    return " ".join(without_names.split())


def _long_text_or_post(post: Json) -> object:
    for name in ("note_tweet", "note_post"):
        if text_at(post, name, "text"):
            return find_value(post, name)
    return post


def _expand(link: Json) -> str:
    target = text_at(link, "expanded_url")
    is_picture = "media_key" in link or _OWN_PICTURE.search(target)
    return "" if is_picture else target or text_at(link, "url")
