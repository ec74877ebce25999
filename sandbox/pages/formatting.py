"""Format times, texts with links, and threads for the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from sandbox import entries
from sandbox.entries import Entry
from sandbox.now import parse_time
from sandbox.pages.translations import language

PUNE = ZoneInfo("Asia/Kolkata")
MONTHS = (
    *("जानेवारी", "फेब्रुवारी", "मार्च", "एप्रिल", "मे", "जून", "जुलै", "ऑगस्ट", "सप्टेंबर"),
    *("ऑक्टोबर", "नोव्हेंबर", "डिसेंबर"),
)
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")


def time(text: str) -> str:
    """Return a stored time in Pune's time and the page's language."""
    at = parse_time(text).astimezone(PUNE)
    if language() == "en":
        return f"{at.day} {at:%B %Y, %H:%M}"
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}, {at:%H:%M}".translate(DEVANAGARI)


def number(value: int) -> str:
    """Return a number in the page's digits."""
    return str(value) if language() == "en" else str(value).translate(DEVANAGARI)


def with_links(text: str) -> Markup:
    """Return a text with its URLs as links."""
    parts, done = Markup(), 0
    for match in ADDRESS.finditer(text):
        parts += escape(text[done : match.start()]) + link(match.group(), match.group())
        done = match.end()
    return parts + escape(text[done:])


def link(address: str, label: str) -> Markup:
    """Return a link to a URL."""
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(address, label)


def entry_text(entry: Entry) -> Markup:
    """Return an entry's text as a citizen sees it, with X's short links expanded."""
    if entry.platform != entries.X:
        return with_links(entry.text)
    parts, done = Markup(), 0
    for url in json.loads(entry.entities).get("urls", []):
        if url["start"] < done:
            continue
        parts += escape(unescape(entry.shown[done : url["start"]]))
        if "media_key" not in url:
            parts += link(url["expanded_url"], url["display_url"])
        done = url["end"]
    return parts + escape(unescape(entry.shown[done:]))


@dataclass
class Branch:
    """A comment with the replies under it."""

    entry: Entry
    answers: list[Branch] = field(default_factory=list)


def comment_tree(comments: Iterable[Entry]) -> list[Branch]:
    """Return comments as a tree, oldest first; replies to deleted comments move to the post."""
    branches = {comment.id: Branch(comment) for comment in comments}
    top: list[Branch] = []
    for branch in branches.values():
        parent = branches.get(branch.entry.parent_id or "")
        (parent.answers if parent else top).append(branch)
    return top


FILTERS = {"time": time, "number": number, "with_links": with_links, "entry_text": entry_text}
