"""Glyphs for syllables whose mark the font places apart, so that they are copied out of a PDF once.

The typesetter writes a glyph of another height apart, with the whole syllable as its text. As one
glyph, drawn as before, a syllable has its text once. The font itself has such glyphs for द and ह
with a vowel sign; these are added to the same lookup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, cast

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables import otTables

Offset = tuple[int, int]

_BELOW = ("uni0941", "uni0942", "uni0943", "uni0944", "uni094D")
"""The marks below a letter: u, ū, ṛ, ṝ, virama."""

_FAR = (("uni09300942", "uni0901"), ("uni09300942", "uni0902"))
"""In रूं and रूँ the mark is so far from the next letter that a reader takes the gap for a space."""

_WRITTEN = {"uni09300942": ["uni0930", "uni0942"]}
"""The glyphs of a base that the lookup itself joins."""

JOINED = (_BELOW, _FAR)
"""What is joined: of the marks below a letter those that it moves, and these pairs."""

_KNOWN = ("uni0926", "uni0941")


def join_marks(font: TTFont) -> None:
    """Add the glyphs to a font of one weight."""
    syllables = _syllables(font)
    joined: list[tuple[str, str]] = []  # in the order of the glyphs, as tables have to be
    for base, mark, drawn, offset in list(_marks_apart(font)):
        written = [*_WRITTEN.get(base, [base]), mark]
        ligatures = syllables.setdefault(written[0], [])
        if any(syllable.Component == written[1:] for syllable in ligatures):
            continue
        name = f"{base}_{mark}"
        _add_glyph(font, name, base, drawn, offset)
        syllable = otTables.Ligature()
        syllable.Component, syllable.LigGlyph = written[1:], name
        ligatures.insert(0, syllable)  # before what is shorter
        joined.append((base, name))
    font.getReverseGlyphMap(rebuild=True)
    for table in mark_tables(font):
        records = dict(zip(table.BaseCoverage.glyphs, table.BaseArray.BaseRecord, strict=True))
        own = [(name, records[base]) for base, name in joined if base in records]
        table.BaseCoverage.glyphs += [name for name, _record in own]
        table.BaseArray.BaseRecord += [record for _name, record in own]


def _add_glyph(font: TTFont, name: str, base: str, mark: str, offset: Offset) -> None:
    pen = TTGlyphPen(font["glyf"])
    pen.addComponent(base, (1, 0, 0, 1, 0, 0))
    pen.addComponent(mark, (1, 0, 0, 1, *offset))
    font["glyf"][name] = pen.glyph()
    font["hmtx"][name] = font["hmtx"][base]


def _syllables(font: TTFont) -> dict[str, list[Any]]:
    """Return the syllables of the lookup that joins letters and marks, by their first glyph."""
    base, mark = _KNOWN
    for table in _tables(font["GSUB"].table.LookupList.Lookup):
        syllables = cast(dict[str, list[Any]], getattr(table, "ligatures", {}))
        if any(syllable.Component == [mark] for syllable in syllables.get(base, ())):
            return syllables
    raise LookupError(_KNOWN)


def _marks_apart(font: TTFont) -> Iterator[tuple[str, str, str, Offset]]:
    """Yield the bases and marks to join, the mark as it is drawn, and how far the base moves it."""
    latin = {name for point, name in font.getBestCmap().items() if not 0x900 <= point < 0x980}
    offsets = _offsets(font)
    for (base, mark), offset in offsets.items():
        if base not in latin and ((mark in _BELOW and offset[1]) or (base, mark) in _FAR):
            drawn = _drawn(font, base, mark)
            yield base, mark, drawn, offsets.get((base, drawn), offset)


def _offsets(font: TTFont) -> dict[tuple[str, str], Offset]:
    """Return how far each base moves each mark."""
    offsets: dict[tuple[str, str], Offset] = {}
    for table in mark_tables(font):
        marks = zip(table.MarkCoverage.glyphs, table.MarkArray.MarkRecord, strict=True)
        bases = list(zip(table.BaseCoverage.glyphs, table.BaseArray.BaseRecord, strict=True))
        for (mark, of_mark), (base, of_base) in product(marks, bases):
            to, at = of_base.BaseAnchor[of_mark.Class], of_mark.MarkAnchor
            if to is not None:
                offset = to.XCoordinate - at.XCoordinate, to.YCoordinate - at.YCoordinate
                offsets.setdefault((base, mark), offset)
    return offsets


def _drawn(font: TTFont, base: str, mark: str) -> str:
    """Return the glyph with which the font draws a mark after this base, such as a narrow one."""
    lookups = font["GSUB"].table.LookupList.Lookup
    for table in _tables(lookups):
        if isinstance(table, otTables.ChainContextSubst) and table.Format == 3:
            context = (table.BacktrackCoverage, table.InputCoverage, table.LookAheadCoverage)
            is_pair = [len(part) for part in context] == [1, 1, 0]
            if is_pair and base in context[0][0].glyphs and mark in context[1][0].glyphs:
                (record,) = table.SubstLookupRecord
                single = next(_tables([lookups[record.LookupListIndex]]))
                return str(single.mapping[mark])
    return mark


def _tables(lookups: Iterable[Any]) -> Iterator[Any]:
    for lookup in lookups:
        for subtable in lookup.SubTable:
            yield getattr(subtable, "ExtSubTable", subtable)


def mark_tables(font: TTFont) -> Iterator[Any]:
    """Yield the tables of a font that place marks on letters."""
    for table in _tables(font["GPOS"].table.LookupList.Lookup):
        if isinstance(table, otTables.MarkBasePos):
            yield table
