"""Build the pages' font: Noto Sans Devanagari, subset to the characters and weights we use.

The papers (PDF) need a file for each weight, with all characters: what a paper uses is embedded.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import fontpkg
from fontTools import version as fonttools_version
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables import otTables
from fontTools.varLib import instancer

from tools.joined_marks import JOINED, join_marks, mark_tables

FAMILY = "Noto Sans Devanagari"
FILE_NAME = "noto-sans-devanagari.woff2"
WEIGHTS = (400, 700)
FULL_WIDTH = 100
NBSP = "\u00a0"
ADVANCES = "advances.json"
# In the papers' fonts: units (of 1,000 to the em) by which a mark may be moved up or down.
LEVELLED = 40
_HEIGHT_OF_SPACE = 600

# First and last code point of each run that is kept.
RANGES: tuple[tuple[int, int], ...] = (
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x00FF),  # Latin-1, no-break space and middle dot among them
    (0x0900, 0x097F),  # Devanagari
    (0x200B, 0x200D),  # zero-width space, non-joiner, joiner
    (0x2010, 0x2015),  # hyphens and dashes
    (0x2018, 0x201F),  # quotation marks
    (0x2020, 0x2026),  # daggers, bullet, ellipsis
    (0x2030, 0x203A),  # per mille, primes, angle quotation marks
    (0x20B9, 0x20B9),  # rupee
    (0x2122, 0x2122),  # trade mark
    (0x2212, 0x2212),  # minus
    (0x25CC, 0x25CC),  # dotted circle, which carries a lone vowel sign
)
_NAMES_KEPT = [0, 1, 2, 3, 4, 5, 6, 13, 14]


def source() -> Path:
    """Return the path of the installed font. Raises fontpkg.FamilyNotInstalled."""
    return Path(fontpkg.path(FAMILY))


def make_font(target: Path) -> None:
    """Write the pages' font to the file `target`, with its licence and a stamp beside it.

    It takes about two seconds, and does nothing if the stamp is up to date. Raises
    fontpkg.FamilyNotInstalled.
    """
    original = source()
    stamp, recipe = _stamp_of(target), _recipe(original)
    if target.is_file() and stamp.is_file() and stamp.read_text("ascii") == recipe:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    licence = original.parent.parent / "LICENSE"
    _replace(target.with_suffix(".LICENSE.txt"), licence.read_bytes())
    _replace(target, _cut(_narrowed(original, WEIGHTS)))
    _replace(stamp, recipe.encode("ascii"))


def make_paper_fonts(folder: Path) -> None:
    """Write the papers' fonts into `folder`, one TrueType file a weight, with licence and stamp.

    `advances.json` has how wide each character of the bold font is, which is the wider one, in ems.

    It takes about five seconds, and does nothing if the stamp is up to date. Raises
    fontpkg.FamilyNotInstalled.
    """
    original = source()
    stamp, recipe = folder / "papers.stamp", _recipe(original)
    if stamp.is_file() and stamp.read_text("ascii") == recipe:
        return
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "LICENSE.txt", (original.parent.parent / "LICENSE").read_bytes())
    for weight in WEIGHTS:
        _replace(folder / f"{weight}.ttf", _for_copying(_narrowed(original, weight)))
    _replace(folder / ADVANCES, _advances(folder / f"{WEIGHTS[-1]}.ttf"))
    _replace(stamp, recipe.encode("ascii"))


def _advances(font_file: Path) -> bytes:
    with TTFont(font_file) as font:
        em, advances = font["head"].unitsPerEm, font["hmtx"]
        glyphs = font.getBestCmap()
        widths = {chr(point): advances[glyphs[point]][0] / em for point in glyphs}
    return json.dumps(widths, ensure_ascii=False).encode()


def _stamp_of(target: Path) -> Path:
    return target.with_suffix(".stamp")


def _recipe(original: Path) -> str:
    """Return a digest of all inputs of the build."""
    made_with = repr(
        (
            fonttools_version,
            WEIGHTS,
            FULL_WIDTH,
            RANGES,
            _NAMES_KEPT,
            LEVELLED,
            _HEIGHT_OF_SPACE,
            JOINED,
            ADVANCES,
        )
    )
    return sha256(original.read_bytes() + made_with.encode("ascii")).hexdigest()


def _narrowed(original: Path, weights: int | tuple[int, int]) -> BytesIO:
    """Return the font at full width with one weight, or a range of weights."""
    out = BytesIO()
    with TTFont(original, recalcTimestamp=False) as font:
        axes = {"wdth": FULL_WIDTH, "wght": weights}
        # Subsetting without saving and reading again in between fails on the variations.
        instancer.instantiateVariableFont(
            font, axes, inplace=True, updateFontNames=isinstance(weights, int)
        )
        font.save(out)
    out.seek(0)
    return out


def _for_copying(narrowed: BytesIO) -> bytes:
    """Return the font as TrueType, changed so that text copied out of a PDF is what went in."""
    out = BytesIO()
    with TTFont(narrowed, recalcTimestamp=False) as font:
        _widen_spaces(font)
        _level_marks(font)
        join_marks(font)
        font.save(out)
    return out.getvalue()


def _widen_spaces(font: TTFont) -> None:
    """Give the spaces an outline without area, as wide as they are and as high as letters.

    PDFium, and so Chromium, drops a space without extent and guesses from the gap whether there
    is one. After a vowel sign, whose advance is zero, it guesses wrong, and words run together.
    """
    for character in (" ", NBSP):
        name = font.getBestCmap()[ord(character)]
        advance, _bearing = font["hmtx"][name]
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        pen.lineTo((advance, _HEIGHT_OF_SPACE))
        pen.closePath()
        font["glyf"][name] = pen.glyph()
        font["hmtx"][name] = (advance, 0)


def _level_marks(font: TTFont) -> None:
    """Put marks that are a little below or above their usual height, as in ळू, at that height.

    The typesetter writes a glyph of another height apart, with the whole syllable as its text, so
    that it would be copied twice. The difference is less than half a point in running text.
    """
    for table in mark_tables(font):
        _level(table)


def _level(table: otTables.MarkBasePos) -> None:
    heights = {mark.Class: mark.MarkAnchor.YCoordinate for mark in table.MarkArray.MarkRecord}
    for base in table.BaseArray.BaseRecord:
        for mark_class, anchor in enumerate(base.BaseAnchor):
            if anchor is None or mark_class not in heights:
                continue
            if abs(anchor.YCoordinate - heights[mark_class]) <= LEVELLED:
                anchor.YCoordinate = heights[mark_class]


def _cut(narrowed: BytesIO) -> bytes:
    """Return the subset as WOFF2, with every layout feature, including the Marathi forms."""
    options = Options()
    options.layout_features = ["*"]
    options.layout_scripts = ["*"]
    options.name_IDs = _NAMES_KEPT
    options.notdef_outline = True
    out = BytesIO()
    with TTFont(narrowed, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=list(_code_points()))
        subsetter.subset(font)
        font.flavor = "woff2"
        font.save(out)
    return out.getvalue()


def _code_points() -> Iterator[int]:
    for first, last in RANGES:
        yield from range(first, last + 1)


def _replace(target: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(target)
