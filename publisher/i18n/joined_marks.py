"""Glyphs for syllables whose mark the font places apart, so that they are copied out of a PDF once.

The typesetter writes a glyph of another height apart, with the whole syllable as its text. As one
glyph, drawn as before, a syllable has its text once. The font itself has such glyphs for द and ह
with a vowel sign; these are added to the same lookup.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables import otTables

_BELOW = ("uni0941", "uni0942", "uni0943", "uni0944", "uni094D")
"""The marks below a letter: u, ū, ṛ, ṝ, virama."""

_FAR = (("uni09300942", "uni0901"), ("uni09300942", "uni0902"))
"""In रूं and रूँ the mark is so far from the next letter that a reader takes the gap for a space."""

_WRITTEN = {"uni09300942": ("uni0930", "uni0942")}
"""The glyphs of a base that the lookup itself joins."""

JOINED = (_BELOW, _FAR)
"""What is joined: of the marks below a letter those that it moves, and these pairs."""

_KNOWN = ("uni0926", "uni0941")


def join_marks(font: TTFont) -> None:
    """Add the glyphs to a font of one weight."""
    syllables = _syllables(font)
    joined: list[tuple[str, str]] = []  # in the order of the glyphs, as tables have to be
    for base, mark, offset in list(_marks_apart(font)):
        first, *others = (*_WRITTEN.get(base, (base,)), mark)
        row = syllables.setdefault(first, [])
        if any(syllable.Component == others for syllable in row):
            continue
        name = f"{base}_{mark}"
        _add_glyph(font, name, base, mark, offset)
        syllable = otTables.Ligature()
        syllable.Component, syllable.LigGlyph = others, name
        row.insert(0, syllable)  # before what is shorter
        joined.append((base, name))
    font.getReverseGlyphMap(rebuild=True)
    for table in mark_tables(font):
        records = dict(zip(table.BaseCoverage.glyphs, table.BaseArray.BaseRecord, strict=True))
        own = [(name, records[base]) for base, name in joined if base in records]
        table.BaseCoverage.glyphs += [name for name, _record in own]
        table.BaseArray.BaseRecord += [record for _name, record in own]


def _add_glyph(font: TTFont, name: str, base: str, mark: str, offset: tuple[int, int]) -> None:
    pen = TTGlyphPen(font["glyf"])
    pen.addComponent(base, (1, 0, 0, 1, 0, 0))
    pen.addComponent(mark, (1, 0, 0, 1, *offset))
    font["glyf"][name] = pen.glyph()
    font["hmtx"][name] = font["hmtx"][base]


def _syllables(font: TTFont) -> dict[str, list[Any]]:
    """Return the syllables of the lookup that joins letters and marks, by their first glyph."""
    base, mark = _KNOWN
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for subtable in lookup.SubTable:
            table = getattr(subtable, "ExtSubTable", subtable)
            syllables = cast(dict[str, list[Any]], getattr(table, "ligatures", {}))
            if any(syllable.Component == [mark] for syllable in syllables.get(base, ())):
                return syllables
    raise LookupError(_KNOWN)


def _marks_apart(font: TTFont) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Yield the bases and marks to join, and how far the base moves the mark."""
    latin = {name for point, name in font.getBestCmap().items() if not 0x900 <= point < 0x980}
    for table in mark_tables(font):
        for mark, mark_record in zip(
            table.MarkCoverage.glyphs, table.MarkArray.MarkRecord, strict=True
        ):
            for base, base_record in zip(
                table.BaseCoverage.glyphs, table.BaseArray.BaseRecord, strict=True
            ):
                to, of = base_record.BaseAnchor[mark_record.Class], mark_record.MarkAnchor
                if to is None or base in latin:
                    continue
                offset = to.XCoordinate - of.XCoordinate, to.YCoordinate - of.YCoordinate
                if (mark in _BELOW and offset[1]) or (base, mark) in _FAR:
                    yield base, mark, offset


def mark_tables(font: TTFont) -> Iterator[Any]:
    """Yield the tables of a font that place marks on letters."""
    for lookup in font["GPOS"].table.LookupList.Lookup:
        for subtable in lookup.SubTable:
            table = getattr(subtable, "ExtSubTable", subtable)
            if isinstance(table, otTables.MarkBasePos):
                yield table
