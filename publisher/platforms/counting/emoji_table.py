"""Whole emoji: the sequences of today, each of which counts as one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product

from emoji import EMOJI_DATA

TEXT_STYLE = "\ufe0e"
TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
# In the browser's table one letter stands for five skin tones: T for any, U for another than T.
ANY_TONE, OTHER_TONE = "T", "U"


@cache
def sequences() -> frozenset[str]:
    """Every emoji sequence. The signs © and ® are emoji only when a variation selector says so."""
    return frozenset(known for known in EMOJI_DATA if known not in ("\u00a9", "\u00ae"))


@cache
def lengths() -> dict[str, tuple[int, ...]]:
    """For each first character the lengths of the sequences it begins, longest first."""
    found: dict[str, set[int]] = defaultdict(set)
    for sequence in sequences():
        found[sequence[0]].add(len(sequence))
    return {first: tuple(sorted(known, reverse=True)) for first, known in found.items()}


def emoji_at(text: str, place: int) -> int:
    """How many code points the whole emoji at this place has; 0 where none begins.

    A sequence that is followed by the selector of text style is no emoji.
    """
    for length in lengths().get(text[place], ()):
        end = place + length
        if text[place:end] in sequences() and text[end : end + 1] != TEXT_STYLE:
            return length
    return 0


def patterns() -> list[str]:
    """The sequences as the browser's table writes them, tones folded, sorted."""
    groups: dict[str, set[str]] = defaultdict(set)
    for sequence in sequences():
        groups[re.sub(f"[{TONES}]", ANY_TONE, sequence)].add(sequence)
    return sorted(written for pattern, known in groups.items() for written in _fold(pattern, known))


def _fold(pattern: str, known: set[str]) -> Iterable[str]:
    if ANY_TONE not in pattern:
        return known
    head, _, tail = pattern.rpartition(ANY_TONE)
    for candidate in (pattern, f"{head}{OTHER_TONE}{tail}"):
        if set(_unfold(candidate)) == known:
            return [candidate]
    return known


def _unfold(pattern: str) -> Iterator[str]:
    places = pattern.count(ANY_TONE) + pattern.count(OTHER_TONE)
    for tones in product(TONES, repeat=places):
        if OTHER_TONE in pattern and len(set(tones)) < places:
            continue
        pieces = re.split(f"[{ANY_TONE}{OTHER_TONE}]", pattern)
        yield "".join(piece + tone for piece, tone in zip(pieces, (*tones, ""), strict=True))
