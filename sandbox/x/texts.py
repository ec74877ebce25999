"""A post's text as X returns it: short links, the names it replies to, and their positions."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import string
import unicodedata
from dataclasses import dataclass, field
from html import escape

from sandbox.x.weight import addresses

SHORT = "https://t.co/"
MENTION = re.compile(r"(?<![A-Za-z0-9_@])@([A-Za-z0-9_]{1,15})")
LEADING = re.compile(r"(?:@[A-Za-z0-9_]{1,15}\s+)+")
HASHTAG = re.compile(r"(?<![\w&#])#(?=\d*[^\W\d])([\w\u0900-\u0d7f\u200c\u200d]+)")
LETTERS = string.ascii_letters + string.digits


@dataclass
class Wording:
    """The returned text, with the position of each link, name and hashtag."""

    text: str = ""
    urls: list[dict[str, object]] = field(default_factory=list)

    def link(self, short: str, expanded: str, display: str, **more: object) -> None:
        """Append a short link."""
        indices = {"start": len(self.text), "end": len(self.text) + len(short)}
        self.text += short
        self.urls.append(
            indices | {"url": short, "expanded_url": expanded, "display_url": display} | more
        )

    def entities(self) -> str:
        """Return the entities as JSON text, without empty kinds."""
        entities = {
            "urls": self.urls,
            "mentions": _positions(MENTION, self.text, "username"),
            "hashtags": _positions(HASHTAG, self.text, "tag"),
        }
        return json.dumps({kind: places for kind, places in entities.items() if places})


def _positions(pattern: re.Pattern[str], text: str, name: str) -> list[dict[str, object]]:
    return [
        {"start": match.start(), "end": match.end(), name: match[1]}
        for match in pattern.finditer(text)
    ]


def mentioned_handles(text: str) -> list[str]:
    """Return the handles named in a text, in lower case."""
    return [match[1].lower() for match in MENTION.finditer(text)]


def leading_handles(text: str) -> list[str]:
    """Return the handles at the beginning of a text, as a reply has them."""
    match = LEADING.match(text)
    return [name[1] for name in MENTION.finditer(match.group())] if match else []


def shorten_links(db: sqlite3.Connection, text: str, names: list[str], escaped: bool) -> Wording:
    """Return the text with t.co links of 23 characters; entities.urls has them expanded."""
    text = unicodedata.normalize("NFC", text)
    missing = [name for name in names if name.lower() not in mentioned_handles(text)]
    text = " ".join([f"@{name}" for name in missing] + [text])
    wording, done = Wording(), 0
    for match in addresses(text):
        wording.text += _safe(text[done : match.start()], escaped)
        full = match.group()
        expanded = full if "://" in full else f"http://{full}"
        wording.link(short_link(db, expanded), expanded, _display(full))
        done = match.end()
    wording.text += _safe(text[done:], escaped)
    return wording


def append_pictures(
    db: sqlite3.Connection, wording: Wording, address: str, media_keys: list[str]
) -> None:
    """Append a post's pictures as one more t.co link."""
    if not media_keys:
        return
    wording.text += " " if wording.text else ""
    expanded = f"{address}/photo/1"
    short = short_link(db, expanded)
    display = short.replace(SHORT, "pic.twitter.com/")
    for index, key in enumerate(media_keys):
        if index == 0:
            wording.link(short, expanded, display, media_key=key)
        else:
            wording.urls.append(wording.urls[-1] | {"media_key": key})


def _safe(text: str, escaped: bool) -> str:
    return escape(text, quote=False) if escaped else text


def _display(url: str) -> str:
    bare = re.sub("^https?://", "", url)
    return bare if len(bare) <= 27 else bare[:26] + "…"


def short_link(db: sqlite3.Connection, url: str) -> str:
    """Return the t.co link of a URL; equal URLs have the same link."""
    number = int(hashlib.sha256(url.encode()).hexdigest(), 16)
    code = ""
    for _ in range(10):
        number, digit = divmod(number, len(LETTERS))
        code += LETTERS[digit]
    db.execute("INSERT OR IGNORE INTO short_links VALUES (?, ?)", (code, url))
    return SHORT + code
