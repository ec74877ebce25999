"""The web addresses of a text, as the platforms will open them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher.desk.warning.shapes import Place, Text
from publisher.platforms.counting.addresses import address_spans

MOST_LINKS = 10
"""So many addresses of one draft are looked at; a post with more is no post for people."""

_WITH_PROTOCOL = re.compile(r"https?://[^\s<>\"“”‘’]+", re.IGNORECASE)
_TRIMMED = ".,;:!?)]}'…।"


def spans_of(text: str) -> list[tuple[int, int]]:
    """Where web addresses stand: those with a protocol, and the bare ones that X finds."""
    found = [
        (match.start(), match.start() + len(match.group().rstrip(_TRIMMED)))
        for match in _WITH_PROTOCOL.finditer(text)
    ]
    bare = [(one.start, one.end) for one in address_spans(text)]
    within = {at for start, end in found for at in range(start, end)}
    return sorted([*found, *(one for one in bare if one[0] not in within)])


def addresses_of(text: Text, index: int) -> list[tuple[str, Place]]:
    """The web addresses of a variant, and where each stands.

    One that stands in the text without a protocol is opened as the platforms open it.
    """
    found = [(text.link, Place(index, "link"))] if "://" in text.link else []
    for start, end in spans_of(text.text):
        written = text.text[start:end]
        if written != text.link:
            address = written if "://" in written else f"http://{written}"
            found.append((address, Place(index, "text", (start, end))))
    return found


def all_addresses(texts: Sequence[Text]) -> list[str]:
    """Every web address of a draft once, in order, no more than `MOST_LINKS`."""
    found = (address for at, text in enumerate(texts) for address, _place in addresses_of(text, at))
    return list(dict.fromkeys(found))[:MOST_LINKS]
