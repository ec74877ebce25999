"""The weighted length of a text on X: URLs count 23, an emoji 2, other characters 1 or 2.

An emoji is a whole sequence of today's Unicode. The browser counts in the same way.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from emoji import EMOJI_DATA

from publisher.platforms.x.url_detection import address_spans

TEXT_STYLE = "\ufe0e"


@cache
def sequences() -> frozenset[str]:
    """Return every emoji sequence.

    © and ® are left out, as they are emoji only with a variation selector.
    """
    return frozenset(sequence for sequence in EMOJI_DATA if sequence not in ("\u00a9", "\u00ae"))


@cache
def lengths() -> dict[str, tuple[int, ...]]:
    """Return the lengths of the sequences by their first character, longest first."""
    lengths_by_first: dict[str, set[int]] = defaultdict(set)
    for sequence in sequences():
        lengths_by_first[sequence[0]].add(len(sequence))
    return {
        first: tuple(sorted(sequence_lengths, reverse=True))
        for first, sequence_lengths in lengths_by_first.items()
    }


def emoji_length(text: str, index: int) -> int:
    """Return the number of code points of the emoji at this index; 0 if none begins there.

    A sequence that is followed by the text style selector is not an emoji.
    """
    for length in lengths().get(text[index], ()):
        end = index + length
        if text[index:end] in sequences() and text[end : end + 1] != TEXT_STYLE:
            return length
    return 0


LIMIT = 280
ADDRESS_WEIGHT = 23
HEAVY = 2
# Characters that count one, by first and last code point; Devanagari is among them.
LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
NEVER = "\ufffe\ufeff\uffff"
KEYS, KEYCAP = "0123456789#*", "\u20e3"
_HEAVY_ONES = re.compile("[^{}]".format("".join(f"{chr(a)}-{chr(b)}" for a, b in LIGHT)))


@dataclass(frozen=True)
class Count:
    """A text's weighted length.

    `fits` is the length of the part within the limit, in UTF-16 units from the start, as a browser
    counts them; `has_invalid` is true if the text has a character that X refuses.
    """

    weighted: int
    fits: int
    has_invalid: bool

    @property
    def valid(self) -> bool:
        """True if X would accept the text as to its length and characters."""
        return 0 < self.weighted <= LIMIT and not self.has_invalid


def count(text: str, *, whole_emoji: bool = True) -> Count:
    """Return the weighted length of a text, composed (NFC) first.

    With `whole_emoji` False each code point of an emoji counts, as in version 2 of X's rules.
    """
    composed = unicodedata.normalize("NFC", text)
    plain = _plain_weight(composed) if len(composed) <= LIMIT else None
    if plain is not None and plain <= LIMIT:
        return Count(plain, _utf16(text), has_invalid=False)
    weighted = units = fitting = 0
    fits = True
    for part, weight in _parts(composed, whole_emoji):
        weighted += weight
        units += _utf16(part)
        fits = fits and weighted <= LIMIT and part not in NEVER
        fitting = units if fits else fitting
    fitting = max(0, fitting + _utf16(text) - units) if fitting else 0
    return Count(weighted, fitting, any(character in composed for character in NEVER))


def _plain_weight(text: str) -> int | None:
    """Return the weight of a text that has no emoji and no refused character; else None.

    This is the fast path of nearly every text: it runs for each publication.
    """
    if not _not_plain().isdisjoint(text):
        return None
    weight, position = 0, 0
    for span in address_spans(text):
        weight += ADDRESS_WEIGHT + _light_and_heavy(text[position : span.start])
        position = span.end
    return weight + _light_and_heavy(text[position:])


@cache
def _not_plain() -> frozenset[str]:
    """Return the characters that begin an emoji or end a keycap, and those that X refuses."""
    return frozenset(lengths()) - frozenset(KEYS) | frozenset(KEYCAP + NEVER)


def _light_and_heavy(text: str) -> int:
    return len(text) + (HEAVY - 1) * len(_HEAVY_ONES.findall(text))


def _parts(text: str, whole_emoji: bool) -> Iterator[tuple[str, int]]:
    position = 0
    for span in address_spans(text):
        yield from _characters(text[position : span.start], whole_emoji)
        yield text[span.start : span.end], ADDRESS_WEIGHT
        position = span.end
    yield from _characters(text[position:], whole_emoji)


def _characters(text: str, whole_emoji: bool) -> Iterator[tuple[str, int]]:
    index = 0
    while index < len(text):
        length = emoji_length(text, index) if whole_emoji else 0
        if length:
            yield text[index : index + length], HEAVY
        else:
            yield text[index], _weight(ord(text[index]))
        index += length or 1


def _weight(point: int) -> int:
    return 1 if any(first <= point <= last for first, last in LIGHT) else HEAVY


def _utf16(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
