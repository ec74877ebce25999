"""What X gives back of a text: short links, escaped signs and names in front are undone here."""

from __future__ import annotations

import html
import re

from publisher.platforms.base.text import normal, plain
from publisher.platforms.http.client import Json, at, rows_at, text_at
from publisher.platforms.x.text_length import LIMIT, count
from publisher.platforms.x.url_detection import address_spans

_LEADING_NAMES = re.compile(r"^(?:@\w+\s+)+")
# A sign that ends a sentence or a bracket belongs to the words, not to the address before it.
_ANY_ADDRESS = re.compile(r"https?://[^\s\0]*[^\s\0.,;:!?।…\"'’”)\]}]")
_SHORT_LINK = re.compile(r"https://t\.co/[A-Za-z0-9]+")
_LINK = "\0"
LEAST_BEGINNING = 100
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


def newest_version(post: Json) -> str:
    """The id under which a post's newest edit stands: each edit makes a new one."""
    for name in ("edit_history_tweet_ids", "edit_history_post_ids"):
        ids = at(post, name)
        if isinstance(ids, list) and ids and isinstance(ids[-1], str):
            return ids[-1]
    return text_at(post, "id")


def own_words(post: Json) -> str:
    """The readable text, in a reply without the names that X sets in front."""
    text = readable(post)
    return _LEADING_NAMES.sub("", text) if reply_target(post) is not None else text


def same_words(post: Json, words: str) -> bool:
    """Whether a post says these words.

    X writes protocols before bare domains and, in a reply, the names it answers in front.
    """
    expected = words.strip()
    if reply_target(post) is not None:
        expected = _LEADING_NAMES.sub("", expected)
    # Signs come back escaped or not, so that "&amp;" may stand for itself.
    return plain(own_words(post)) in (plain(expected), plain(html.unescape(expected)))


def echoes(given: str, words: str, *, is_reply: bool, has_pictures: bool) -> bool:
    """Whether the text in the answer to a creation is the one that was sent.

    That answer expands no short link, so any of them stands for any address; a long text may come
    back cut off.
    """
    expected = _comparable(_marked(normal(words)), is_reply)
    for text in (given, html.unescape(given)):
        without_short = _SHORT_LINK.sub(_LINK, normal(text))
        said = _comparable(_ANY_ADDRESS.sub(_LINK, without_short), is_reply)
        if said == expected or (has_pictures and said.removesuffix(_LINK).rstrip() == expected):
            return True
        if _is_beginning(said.rstrip(f"{_LINK} "), expected) and count(words).weighted > LIMIT:
            return True
    return False


def _is_beginning(said: str, expected: str) -> bool:
    beginning = said.removesuffix("…").rstrip()
    is_cut = said.endswith("…") and len(beginning) >= LEAST_BEGINNING
    return is_cut and expected.startswith(beginning)


def _marked(words: str) -> str:
    """The words with a mark in place of each address, one under an unknown ending too."""
    parts, done = [], 0
    for span in address_spans(words):
        parts += [words[done : span.start], _LINK]
        done = span.end
    return _ANY_ADDRESS.sub(_LINK, "".join([*parts, words[done:]]))


def _comparable(text: str, is_reply: bool) -> str:
    without = _LEADING_NAMES.sub("", text.strip()) if is_reply else text
    return " ".join(without.split())


def _whole(post: Json) -> object:
    for name in ("note_tweet", "note_post"):
        if text_at(post, name, "text"):
            return at(post, name)
    return post


def _expanded(link: Json) -> str:
    target = text_at(link, "expanded_url")
    is_picture = "media_key" in link or _OWN_PICTURE.search(target)
    return "" if is_picture else target or text_at(link, "url")
