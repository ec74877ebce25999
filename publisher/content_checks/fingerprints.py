"""Marks of a text: a few numbers of which texts that are nearly the same share at least one.

A text is taken as its runs of three words. Thirty-two smallest hashes stand for it, four of them
make a mark: two texts that share nine tenths of their runs share a mark but for one pair in five
thousand, and texts that share a third of them nearly never do.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from publisher.content_checks.rules import spans_of
from publisher.i18n.languages import latin_digits

RUN = 3
MARKS = 8
ROWS = 4
MOST_WORDS = 5_000
"""Of a longer text the beginning stands for the whole."""

_PRIME = (1 << 61) - 1
_TURNS = tuple(
    (
        int.from_bytes(blake2b(b"turn %d" % at, digest_size=7).digest(), "big") | 1,
        int.from_bytes(blake2b(b"shift %d" % at, digest_size=7).digest(), "big"),
    )
    for at in range(MARKS * ROWS)
)
_WORD = re.compile(r"[^\W_](?:[\w\u0900-\u0963])*|[\u0904-\u0939][\u0900-\u0963]*")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")


def words_of(text: str) -> list[str]:
    """The words that count: no addresses, no marks, one kind of digits, small letters."""
    pieces, at = [], 0
    for start, end in spans_of(text):
        pieces.append(text[at:start])
        at = end
    plain = _INVISIBLE.sub("", " ".join([*pieces, text[at:]]))
    composed = unicodedata.normalize("NFC", latin_digits(plain)).casefold()
    return _WORD.findall(composed)[:MOST_WORDS]


def runs_of(text: str) -> frozenset[int]:
    """The runs of three words as numbers; a shorter text is one run."""
    tokens = words_of(text)
    if not tokens:
        return frozenset()
    last = max(1, len(tokens) - RUN + 1)
    return frozenset(_number(" ".join(tokens[at : at + RUN])) for at in range(last))


def _number(run: str) -> int:
    return int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big") % _PRIME


def marks_of(runs: frozenset[int]) -> frozenset[int]:
    """The marks of a text by its runs, as whole numbers of 63 bits; none for no words."""
    if not runs:
        return frozenset()
    smallest = [min((turn * run + shift) % _PRIME for run in runs) for turn, shift in _TURNS]
    return frozenset(_mark(at, smallest[at * ROWS : (at + 1) * ROWS]) for at in range(MARKS))


def _mark(at: int, rows: list[int]) -> int:
    written = f"{at}:{','.join(map(str, rows))}"
    return int.from_bytes(blake2b(written.encode(), digest_size=8).digest(), "big") >> 1


def share(runs: frozenset[int], other_runs: frozenset[int]) -> float:
    """How much of their runs two texts share, from 0 to 1."""
    union_size = len(runs | other_runs)
    return len(runs & other_runs) / union_size if union_size else 0.0
