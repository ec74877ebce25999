"""The shipped register of departments, which a new installation loads."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

#: The day on which the circular's annex counted the departments that had named nobody.
NAMED_NOBODY_ON: Final = date(2021, 7, 14)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A department or office as known at installation.

    `annex_no` is its number (1 to 61) in the circular's annex, None outside it.
    `name_mr_transcribed` is the annex's own spelling, empty outside it: it is used in searches, and
    never printed.
    """

    annex_no: int | None
    code: str
    name_mr: str
    name_en: str
    name_hi: str
    kind: str
    name_mr_transcribed: str

    @property
    def named_nobody(self) -> bool:
        """True if the annex lists it as having named nobody by `NAMED_NOBODY_ON`."""
        return self.annex_no is not None


def load() -> tuple[RegisterRow, ...]:
    """Return all rows of the shipped register: the annex's in its order, then the others."""
    source = files(__package__).joinpath("departments.csv")
    lines = source.read_text(encoding="utf-8").splitlines()
    return tuple(_row(fields) for fields in csv.DictReader(lines))


def _row(fields: dict[str, str]) -> RegisterRow:
    texts = {name: text for name, text in fields.items() if name != "annex_no"}
    number = fields["annex_no"]
    return RegisterRow(annex_no=int(number) if number else None, **texts)
