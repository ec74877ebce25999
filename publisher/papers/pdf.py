"""Write papers as PDF: letterhead, paragraphs, tables, signature, page numbers.

All text is data for the template, `templates/paper.typ`, so nothing in it is read as markup. The
used parts of the fonts are embedded, and the text can be searched and copied.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final, assert_never

from PIL import Image

from publisher.i18n.catalogues import translate
from publisher.i18n.languages import digits, language_rules
from publisher.papers.characters import FONTS, add_breaks, printable
from publisher.platforms.capabilities import N_
from publisher.settings.environment import Settings

TYPESETTER: Final = Path(__file__).with_name("typesetter.py")
MOST_SECONDS: Final = 60
"""The seconds after which the typesetter is killed; a hundred pages take two or three."""
MOST_IMAGE_PIXELS: Final = (1200, 400)
"""A larger letterhead is reduced to this width and height."""

NUMBER: Final = N_("Outward No.: %(number)s")
DATE: Final = N_("Date: %(date)s")
PHONE: Final = N_("Telephone: %(phone)s")
MAIL: Final = N_("Email: %(mail)s")
FAITHFULLY: Final = N_("Yours faithfully,")
SYMBOLS: Final = N_("Symbols are printed as their English names in square brackets.")
_TO_FILL_IN: Final = "_" * 12
_IMAGE_FORMATS: Final = ("PNG", "JPEG")

# As in the template: widths of the text in millimetres, the padding of a cell, the size of type.
_PAGE_WIDTH: Final = {False: 174.0, True: 261.0}
_PADDING: Final = 3.6
_EM: Final = 10.5 * 25.4 / 72


class NoImage(Exception):
    """The letterhead in the settings is not a readable picture; `path` is its file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class TypesettingFailed(Exception):
    """The typesetter failed; the message is its output."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; each line break in it is kept."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a part, which stays with what follows it."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `widths` are shares of the page's width, one for each column.

    `headings` are repeated on every page, if there are any. Rows of a `dense` table, a list
    of short lines, are close together.
    """

    widths: Sequence[float]
    rows: Sequence[Sequence[str]]
    headings: Sequence[str] = ()
    dense: bool = False


@dataclass(frozen=True, slots=True)
class PaperPicture:
    """A PNG or JPEG; `width` is in millimetres, `text` says what it shows."""

    image: bytes
    width: float
    text: str


Part = Paragraph | Heading | Table | PaperPicture


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper or letter, which begins on a page of its own and counts its pages from 1.

    `date` is a day in words. `number` follows the outward number of the settings; if it is empty,
    it is filled in by hand; None if the paper is not an outgoing letter. `signatory` are its own
    lines of signature; None for those of the sender. In a letter an empty line separates
    paragraphs, and a line to sign is at the end, even without a signatory.
    """

    title: str
    parts: Sequence[Part]
    date: str = ""
    number: str | None = None
    letterhead: bool = True
    signatory: Sequence[str] | None = None
    is_letter: bool = False
    landscape: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender: the city's name, a picture above it, the outward number, the signatory.

    `office` are the lines below the city's name: the office, and where it is reached.
    """

    city: str
    office: Sequence[str] = ()
    image: bytes | None = None
    outward_number: str = ""
    signatory: Sequence[str] = ()


def make_sender(settings: Settings, language: str) -> Sender:
    """Return the sender of the settings, named in a language. Raises `NoImage`."""
    city, papers, help_desk = settings.city, settings.papers, settings.help_desk
    contact = [
        translate(PHONE, language) % {"phone": digits(help_desk.phone, language)},
        translate(MAIL, language) % {"mail": help_desk.mail},
    ]
    reached = [
        line for line, text in zip(contact, (help_desk.phone, help_desk.mail), strict=True) if text
    ]
    return Sender(
        city=city.name_en if language == "en" else city.name_mr,
        office=[*papers.office, *(["; ".join(reached)] if reached else [])],
        image=read_letterhead(papers.letterhead) if papers.letterhead else None,
        outward_number=papers.outward_number,
        signatory=papers.signatory,
    )


def read_letterhead(path: Path) -> bytes:
    """Return the picture in this file as PNG, reduced to what paper needs. Raises `NoImage`."""
    out = BytesIO()
    try:
        with Image.open(path, formats=_IMAGE_FORMATS) as picture:
            picture.thumbnail(MOST_IMAGE_PIXELS)
            picture.convert("RGBA").save(out, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise NoImage(path) from problem
    return out.getvalue()


def write(papers: Sequence[Paper], *, sender: Sender, language: str, now: datetime) -> bytes:
    """Return papers as one PDF (PDF/A-2u, for archives), each on pages of its own.

    Raises `CannotShape` for text in another script, and `TypesettingFailed`.
    """
    content = {
        "title": printable(papers[0].title),
        "language": "mr" if language == "mixed" else language,
        "digits": "१" if language_rules(language).devanagari_digits else "1",
        "city": printable(sender.city),
        "office": [printable(line) for line in sender.office],
        "image": list(sender.image) if sender.image else None,
        "papers": [_paper(paper, sender, language) for paper in papers],
    }
    typesetter = subprocess.run(  # noqa: S603  our own script; the document is its input
        [sys.executable, "-I", str(TYPESETTER), str(FONTS), now.isoformat()],
        input=json.dumps(content, ensure_ascii=False).encode(),
        capture_output=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    if typesetter.returncode:
        raise TypesettingFailed(typesetter.stderr.decode(errors="replace"))
    return typesetter.stdout


def _paper(paper: Paper, sender: Sender, language: str) -> dict[str, object]:
    width = _PAGE_WIDTH[paper.landscape]
    signatory = sender.signatory if paper.signatory is None else paper.signatory
    if paper.is_letter:
        signatory = signatory or [_TO_FILL_IN]
    parts = list(paper.parts)
    if any(printable(text) != text for part in parts for text in _texts(part)):
        parts.append(Paragraph(translate(SYMBOLS, language)))
    return {
        "title": _fit_text(paper.title, width / 1.3),
        "parts": [_part(part, width) for part in parts],
        "letterhead": paper.letterhead,
        "landscape": paper.landscape,
        "is_letter": paper.is_letter,
        "number": "" if paper.number is None else _number(paper.number, sender, language),
        "date": translate(DATE, language) % {"date": paper.date} if paper.date else "",
        "closing": translate(FAITHFULLY, language) if paper.is_letter else "",
        "signatory": [printable(line) for line in signatory],
    }


def _number(number: str, sender: Sender, language: str) -> str:
    values = {"number": sender.outward_number + (number or _TO_FILL_IN)}
    return printable(translate(NUMBER, language) % values)


def _part(part: Part, width: float) -> dict[str, object]:
    """Return a part as the template reads it."""
    match part:
        case Paragraph(text, strong):
            return {"kind": "paragraph", "text": _fit_text(text, width), "strong": strong}
        case Heading(text):
            return {"kind": "heading", "text": _fit_text(text, width / 1.2)}
        case PaperPicture(image, millimetres, text):
            return {"kind": "picture", "image": list(image), "width": millimetres, "text": text}
        case Table(widths, rows, headings, dense):
            cells = [width * share / sum(widths) - _PADDING for share in widths]
            return {
                "kind": "table",
                "dense": dense,
                "widths": list(widths),
                "headings": [_fit_text(*column) for column in zip(headings, cells, strict=False)],
                "rows": [
                    [_fit_text(*cell) for cell in zip(row, cells, strict=True)] for row in rows
                ],
            }
        case _:
            assert_never(part)


def _fit_text(text: str, millimetres: float) -> str:
    return add_breaks(printable(text), millimetres / _EM)


def _texts(part: Part) -> Sequence[str]:
    match part:
        case Table(rows=rows):
            return [cell for row in rows for cell in row]
        case _:
            return [part.text]
