"""The invented people of the demo: who may sign in, under which appointments and passwords.

Mail addresses end in the reserved `.example`; mobile numbers begin with +91 555, which India
assigns to nobody: a phone library calls them possible, but not valid.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from approvals.policy import Role

_MAIL_HOST: Final = "pmc.example"
_FIRST_MOBILE: Final = 5550000101

#: One password for each role: a phrase in romanised Marathi, twelve characters or more.
PASSWORDS: Final[Mapping[Role, str]] = {
    Role.ADMIN: "sakali-garam-chaha",
    Role.CELL_LEAD: "paus-padla-angani",
    Role.CELL: "nadi-kinari-savli",
    Role.OFFICER: "hirva-chafa-phulla",
    Role.HEAD: "dongar-mathyavar-dhag",
    Role.MEMBER: "patang-ude-akashat",
    Role.OVERSIGHT: "chandra-ugavla-sanjveli",
    Role.AUDITOR: "shant-talyat-hansa",
}

#: The people in the table that is printed at the start, in the order in which to try them.
TO_TRY_FIRST: Final = (
    "medha-satpute",
    "swati-ranpise",
    "kiran-wabale",
    "prasad-kenjale",
    "ujjwala-chavanke",
    "vilas-thopate",
    "alka-dhaygude",
    "arun-tekawade",
    "rohini-deshmane",
    "anant-kulthe",
)


@dataclass(frozen=True, slots=True)
class DemoAppointment:
    """An appointment: `since_days` and `until_days` count from today, negative in the past.

    `rank` is 1 or 2 for a first or second officer, None for every other role.
    """

    role: Role
    department: str
    rank: int | None
    since_days: int
    until_days: int | None
    order: str | None

    @property
    def in_force(self) -> bool:
        """True if it is in force today."""
        return self.until_days is None or self.until_days > 0


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """An invented person of the demo city."""

    key: str
    name_mr: str
    name_en: str
    designation_mr: str
    designation_en: str
    mobile: str
    appointments: tuple[DemoAppointment, ...]

    @property
    def mail(self) -> str:
        """The address to sign in with; its host can never exist."""
        return f"{self.key.replace('-', '.')}@{_MAIL_HOST}"

    @property
    def password(self) -> str:
        """The password of the role of the first appointment."""
        return PASSWORDS[self.appointments[0].role]


@cache
def load() -> tuple[DemoPerson, ...]:
    """Return everybody, the admin first, then the cell."""
    appointments = _appointments()
    return tuple(
        DemoPerson(
            key=row["key"],
            name_mr=row["name_mr"],
            name_en=row["name_en"],
            designation_mr=row["designation_mr"],
            designation_en=row["designation_en"],
            mobile=f"+91{_FIRST_MOBILE + position}",
            appointments=tuple(appointments[row["key"]]),
        )
        for position, row in enumerate(_rows("people.csv"))
    )


def people_by_key() -> dict[str, DemoPerson]:
    """Return everybody by the key under which the scripts name them."""
    return {person.key: person for person in load()}


def first_people() -> list[DemoPerson]:
    """Return the people to sign in as first, in order."""
    return [people_by_key()[key] for key in TO_TRY_FIRST]


def _appointments() -> dict[str, list[DemoAppointment]]:
    appointments: dict[str, list[DemoAppointment]] = {}
    for row in _rows("appointments.csv"):
        appointments.setdefault(row["person"], []).append(
            DemoAppointment(
                role=Role(row["role"]),
                department=row["department"],
                rank=_number(row["rank"]),
                since_days=int(row["since_days"]),
                until_days=_number(row["until_days"]),
                order=row["order"] or None,
            )
        )
    return appointments


def _number(text: str) -> int | None:
    return int(text) if text else None


def _rows(name: str) -> list[dict[str, str]]:
    source = files(__package__).joinpath("texts", name)
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
