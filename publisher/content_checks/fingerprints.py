"""Compute the marks of a text, so that nearly equal texts share at least one of them (MinHash).

A text is a set of runs of three words. Its signature is 32 minimum hashes, and each group of four
is a mark. Texts that share 90 % of their runs share a mark in all but one of five thousand pairs;
texts that share a third of them nearly never do.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from publisher.content_checks.rules import find_address_spans
from publisher.i18n.languages import latin_digits

RUN = 3
MARKS = 8
ROWS = 4
MOST_WORDS = 5_000
"""Only the beginning of a longer text is used."""

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


def normalize_words(text: str) -> list[str]:
    """Return the words: without URLs and punctuation, with Latin digits, case-folded."""
    pieces, at = [], 0
    for start, end in find_address_spans(text):
        pieces.append(text[at:start])
        at = end
    plain = _INVISIBLE.sub("", " ".join([*pieces, text[at:]]))
    composed = unicodedata.normalize("NFC", latin_digits(plain)).casefold()
    return _WORD.findall(composed)[:MOST_WORDS]


def word_runs(text: str) -> frozenset[int]:
    """Return the hashes of the runs of three words; a shorter text is one run."""
    tokens = normalize_words(text)
    if not tokens:
        return frozenset()
    last = max(1, len(tokens) - RUN + 1)
    return frozenset(_number(" ".join(tokens[at : at + RUN])) for at in range(last))


def _number(run: str) -> int:
    return int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big") % _PRIME


def choose_marks(runs: frozenset[int]) -> frozenset[int]:
    """Return the marks of a text as 63-bit integers; the set is empty if there are no runs."""
    if not runs:
        return frozenset()
    smallest = [min([(turn * run + shift) % _PRIME for run in runs]) for turn, shift in _TURNS]
    return frozenset(_mark(at, smallest[at * ROWS : (at + 1) * ROWS]) for at in range(MARKS))


def _mark(at: int, rows: list[int]) -> int:
    written = f"{at}:{','.join(map(str, rows))}"
    return int.from_bytes(blake2b(written.encode(), digest_size=8).digest(), "big") >> 1


def jaccard_similarity(runs: frozenset[int], other_runs: frozenset[int]) -> float:
    """Return the share of common runs (Jaccard similarity), from 0 to 1."""
    union_size = len(runs | other_runs)
    return len(runs & other_runs) / union_size if union_size else 0.0
