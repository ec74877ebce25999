"""Within words that differ, where: by grapheme, so that no conjunct or emoji is ever parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import regex

from publisher.desk.drafting.comparing import Piece, PieceKind

_GRAPHEME = regex.compile(r"\X")
_LEAST_ALIKE = 0.5
"""Words less alike than this are told apart as wholes: marking single signs would be noise."""
_MOST_GRAPHEMES = 400
"""Longer stretches are told as wholes; comparing them sign by sign would help nobody."""


@dataclass(frozen=True)
class Run:
    """A run of graphemes; `differs` where the other text has something else in its place."""

    text: str
    differs: bool


@dataclass(frozen=True)
class FinePiece:
    """A piece of a difference, and the runs that it is made of."""

    kind: PieceKind
    text: str
    runs: tuple[Run, ...]


def graphemes(text: str) -> list[str]:
    """The text as its reader counts it: क्षे, त्र; a family emoji is one."""
    return _GRAPHEME.findall(text)


def finely(pieces: Sequence[Piece]) -> tuple[FinePiece, ...]:
    """The same pieces; where words gave way to similar ones, the graphemes that differ stand out.

    The texts of the pieces stay whole words, so that they can be read out as such.
    """
    found: list[FinePiece] = []
    for at, piece in enumerate(pieces):
        before = pieces[at - 1] if at else None
        if _follows(before, piece) and before is not None:
            gone, came = _runs(before.text, piece.text)
            found[-1] = FinePiece(before.kind, before.text, gone)
            found.append(FinePiece(piece.kind, piece.text, came))
        else:
            found.append(FinePiece(piece.kind, piece.text, (Run(piece.text, differs=False),)))
    return tuple(found)


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
        _joined([(gone[first:last], tag) for tag, first, last, _, _ in blocks]),
        _joined([(came[first:last], tag) for tag, _, _, first, last in blocks]),
    )


def _joined(stretches: Sequence[tuple[list[str], str]]) -> tuple[Run, ...]:
    return tuple(Run("".join(signs), differs=tag != "equal") for signs, tag in stretches if signs)
