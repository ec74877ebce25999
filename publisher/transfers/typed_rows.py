"""Rows of a list of transfers as typed, as pasted, or as read from a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from approvals.policy import Role
from publisher.i18n.languages import latin_digits
from publisher.people.pasted_cells import split_cells
from publisher.register.sheet import read_sheet

MOST: Final = 100
"""The most people on one list."""

_HEADINGS: Final = frozenset(
    {
        *("person", "name", "name of the person", "name of the officer", "mail", "mobile"),
        *("व्यक्ती", "नाव", "व्यक्तीचे नाव", "अधिकाऱ्याचे नाव", "कर्मचाऱ्याचे नाव"),
        *("व्यक्ति", "नाम", "व्यक्ति का नाम", "अधिकारी का नाम", "कर्मचारी का नाम"),
    }
)
_ROLE_NAMES: Final[Mapping[Role, tuple[str, ...]]] = {
    Role.OFFICER: ("officer", "nodal officer", "समन्वयक", "नोडल अधिकारी"),
    Role.HEAD: ("head", "head of department", "विभागप्रमुख", "विभागाध्यक्ष"),
    Role.MEMBER: (
        *("member", "member of the department", "विभागातील कर्मचारी", "विभागीय कर्मचारी"),
        "कर्मचारी",
    ),
}


@dataclass(frozen=True)
class TypedRow:
    """Who moves, from where and to where, as typed; an empty role means the present one."""

    person: str = ""
    from_department: str = ""
    to_department: str = ""
    role: str = ""
    rank: str = ""

    @property
    def is_empty(self) -> bool:
        """True if nothing was typed in it."""
        return not any(cell.strip() for cell in astuple(self))


def parse_rows(text: str) -> list[TypedRow]:
    """Return the rows of pasted CSV, with tabs, semicolons or commas, without a line of headings.

    The columns are those of `TypedRow`, in its order; further columns are left out.
    """
    return _parse_rows(split_cells(text))


def rows_of_file(content: bytes) -> list[TypedRow]:
    """Return the rows of a CSV or XLSX file, with the columns of a pasted list.

    A first row that is not recognised as headings is kept, so that nobody is left out unnoticed.
    Raises `BadSheet`.
    """
    sheet = read_sheet(content)
    return _parse_rows([sheet.headings, *(sheet_row.cells for sheet_row in sheet.rows)])


def _parse_rows(cells: Sequence[Sequence[str]]) -> list[TypedRow]:
    if cells and fold_text(cells[0][0]) in _HEADINGS:
        cells = cells[1:]
    rows = [TypedRow(*row[:5]) for row in cells]
    return [row for row in rows if not row.is_empty]


def fold_text(text: str) -> str:
    """Return the text as names are compared: one spelling, small letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def parse_role(text: str) -> Role | None:
    """Return the role of this name in one of the three languages; None if there is none."""
    name = fold_text(text)
    return next((role for role, names in _ROLE_NAMES.items() if name in names), None)


def parse_rank(text: str) -> int | None:
    """Return a rank typed in Latin or Devanagari digits as a number; 0 if it is not one."""
    digits = latin_digits(text).strip()
    if not digits:
        return None
    return int(digits) if digits in {"1", "2"} else 0
