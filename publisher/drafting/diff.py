"""Compare two revisions word by word, and within changed words by grapheme.

Comparing by grapheme keeps conjuncts and emoji whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum

import regex

from publisher.models.posts import Language, Rendition, Revision, Variant

# A word ends at a blank or a punctuation mark, never inside: `\w` would split a Devanagari word at
# its vowel signs.
_WORDS = re.compile(r"\s|[!-/:-@\[-`{-~।॥‘’“”–—…]|[^\s!-/:-@\[-`{-~।॥‘’“”–—…]+")

_SENTENCES = re.compile(r"[^.।!?\n]*[.।!?\n]+\s*|[^.।!?\n]+")
_MOST_PAIRS = 4_000_000
"""Above this number of word pairs a comparison is too slow: the text is replaced as a whole."""


class PieceKind(StrEnum):
    """A piece of text is in both revisions, only in the old, or only in the new one."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Piece:
    """A run of text; the pieces of a change are in order, and together hold both texts."""

    kind: PieceKind
    text: str


class ChangeKind(StrEnum):
    """The part of a revision that a change is about."""

    VARIANT_ADDED = "variant_added"
    VARIANT_REMOVED = "variant_removed"
    TEXT = "text"
    LINK = "link"
    PICTURE_ADDED = "picture_added"
    PICTURE_REMOVED = "picture_removed"
    PICTURES_REORDERED = "pictures_reordered"
    ALT_TEXT = "alt_text"
    NOT_BEFORE = "not_before"
    NOT_AFTER = "not_after"
    ASKED = "asked"
    NAMED = "named"


@dataclass(frozen=True)
class Change:
    """One difference between two revisions.

    `variant` is the changed variant (the old one if it was removed), or None for the revision as a
    whole. Texts are `pieces`, and `picture` is the changed rendition. `before` and `after` are
    links, moments (or None), or the ids of the departments asked or named.
    """

    kind: ChangeKind
    variant: Variant | None = None
    pieces: tuple[Piece, ...] = ()
    picture: Rendition | None = None
    before: str | datetime | tuple[int, ...] | None = None
    after: str | datetime | tuple[int, ...] | None = None


def changes(old: Revision, new: Revision) -> list[Change]:
    """Return the differences from `old` to `new`: by variant, then of the revision as a whole."""
    return [*_variants(old, new), *_whole(old, new)]


def _variants(old: Revision, new: Revision) -> Iterator[Change]:
    before = {_slot(variant): variant for variant in old.variants}
    after = {_slot(variant): variant for variant in new.variants}
    for key, variant in after.items():
        if key in before:
            yield from _variant_changes(before[key], variant)
        else:
            pieces = (Piece(PieceKind.ADDED, variant.text),)
            yield Change(ChangeKind.VARIANT_ADDED, variant, pieces)
    for key, variant in before.items():
        if key not in after:
            pieces = (Piece(PieceKind.REMOVED, variant.text),)
            yield Change(ChangeKind.VARIANT_REMOVED, variant, pieces)


def _slot(variant: Variant) -> tuple[int, Language]:
    return variant.account_id, variant.language


def _variant_changes(old: Variant, new: Variant) -> Iterator[Change]:
    if old.text != new.text:
        yield Change(ChangeKind.TEXT, new, difference(old.text, new.text))
    if old.link != new.link:
        yield Change(ChangeKind.LINK, new, before=old.link, after=new.link)
    yield from _pictures(old, new)


def _pictures(old: Variant, new: Variant) -> Iterator[Change]:
    before = {picture.sha256: picture for picture in old.renditions}
    after = {picture.sha256: picture for picture in new.renditions}
    for digest, picture in after.items():
        if digest not in before:
            yield Change(ChangeKind.PICTURE_ADDED, new, picture=picture)
        elif before[digest].alt_text != picture.alt_text:
            pieces = difference(before[digest].alt_text, picture.alt_text)
            yield Change(ChangeKind.ALT_TEXT, new, pieces, picture)
    for digest, picture in before.items():
        if digest not in after:
            yield Change(ChangeKind.PICTURE_REMOVED, new, picture=picture)
    if [key for key in before if key in after] != [key for key in after if key in before]:
        yield Change(ChangeKind.PICTURES_REORDERED, new)


def _whole(old: Revision, new: Revision) -> Iterator[Change]:
    if old.not_before != new.not_before:
        yield Change(ChangeKind.NOT_BEFORE, before=old.not_before, after=new.not_before)
    if old.not_after != new.not_after:
        yield Change(ChangeKind.NOT_AFTER, before=old.not_after, after=new.not_after)
    for kind, is_asked in ((ChangeKind.ASKED, True), (ChangeKind.NAMED, False)):
        before, after = _departments(old, is_asked=is_asked), _departments(new, is_asked=is_asked)
        if before != after:
            yield Change(kind, before=before, after=after)


def _departments(revision: Revision, *, is_asked: bool) -> tuple[int, ...]:
    return tuple(sorted(row.department_id for row in revision.departments if row.asked is is_asked))


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """Return the pieces that turn the old text into the new one, word by word.

    Sentences are compared first, and words only within sentences that differ.
    """
    pieces: list[Piece] = []
    for old_sentences, new_sentences in _blocks(_SENTENCES.findall(old), _SENTENCES.findall(new)):
        if old_sentences == new_sentences:
            _append(pieces, PieceKind.SAME, old_sentences)
            continue
        for removed, added in _blocks(_words(old_sentences), _words(new_sentences)):
            if removed == added:
                _append(pieces, PieceKind.SAME, removed)
                continue
            _append(pieces, PieceKind.REMOVED, removed)
            _append(pieces, PieceKind.ADDED, added)
    return tuple(pieces)


def _words(sentences: list[str]) -> list[str]:
    return _WORDS.findall("".join(sentences))


def _blocks(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Cut both lists into pairs of blocks that are either equal or differ throughout."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    yield old[:start], new[:start]
    if len(before) * len(after) > _MOST_PAIRS:
        yield before, after
    else:
        # A blank is not an anchor: it is between any two words.
        opcodes = SequenceMatcher(str.isspace, before, after).get_opcodes()
        for _, first, last, new_first, new_last in opcodes:
            yield before[first:last], after[new_first:new_last]
    yield old[len(old) - end :], new[len(new) - end :]


def _common(old: list[str], new: list[str]) -> int:
    """Return the length of the common prefix."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (before, after) in pairs if before != after), min(len(old), len(new)))


def _append(pieces: list[Piece], kind: PieceKind, parts: list[str]) -> None:
    text = "".join(parts)
    if pieces and text and pieces[-1].kind is kind:
        text = pieces.pop().text + text
    if text:
        pieces.append(Piece(kind, text))


_GRAPHEME = regex.compile(r"\X")
_LEAST_ALIKE = 0.5
"""Below this similarity words are replaced as a whole: marking single graphemes would be noise."""
_MOST_GRAPHEMES = 400
"""Longer texts are not compared by grapheme, as nobody could read such a comparison."""


@dataclass(frozen=True)
class Run:
    """A run of graphemes; `differs` is True if the other text has something else in its place."""

    text: str
    differs: bool


@dataclass(frozen=True)
class FinePiece:
    """A piece of a difference, divided into runs of graphemes."""

    kind: PieceKind
    text: str
    runs: tuple[Run, ...]


def graphemes(text: str) -> list[str]:
    """Return the graphemes of the text: क्षे and त्र are one each, and so is a family emoji."""
    return _GRAPHEME.findall(text)


def finely(pieces: Sequence[Piece]) -> tuple[FinePiece, ...]:
    """Return the same pieces, with differing graphemes marked where a word replaced a similar one.

    The texts of the pieces stay whole words, so that a screen reader can read them.
    """
    fine_pieces: list[FinePiece] = []
    for at, piece in enumerate(pieces):
        before = pieces[at - 1] if at else None
        if _follows(before, piece) and before is not None:
            gone, came = _runs(before.text, piece.text)
            fine_pieces[-1] = FinePiece(before.kind, before.text, gone)
            fine_pieces.append(FinePiece(piece.kind, piece.text, came))
        else:
            fine_pieces.append(FinePiece(piece.kind, piece.text, (Run(piece.text, differs=False),)))
    return tuple(fine_pieces)


def _follows(before: Piece | None, piece: Piece) -> bool:
    return before is not None and before.kind is PieceKind.REMOVED and piece.kind is PieceKind.ADDED


def _runs(old: str, new: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    gone, came = graphemes(old), graphemes(new)
    if max(len(gone), len(came)) > _MOST_GRAPHEMES:
        return (Run(old, differs=False),), (Run(new, differs=False),)
    matcher = SequenceMatcher(None, gone, came, autojunk=False)
    if matcher.ratio() < _LEAST_ALIKE:
        return (Run(old, differs=False),), (Run(new, differs=False),)
    blocks = matcher.get_opcodes()
    return (
        _join_stretches([(gone[first:last], tag) for tag, first, last, _, _ in blocks]),
        _join_stretches([(came[first:last], tag) for tag, _, _, first, last in blocks]),
    )


def _join_stretches(stretches: Sequence[tuple[list[str], str]]) -> tuple[Run, ...]:
    return tuple(Run("".join(signs), differs=tag != "equal") for signs, tag in stretches if signs)
