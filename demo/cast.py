"""The demo's invented cast: who may sign in, under which appointments, with which password.

Mail addresses end in the reserved `.example`; mobile numbers begin with +91 555, which India
assigns to nobody: a phone library calls them possible, but not valid.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
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

#: Whom the table printed at start names first, in the order in which to try them.
TO_TRY_FIRST: Final = (
    "medha-satpute",
    "swati-ranpise",
    "kiran-wabale",
    "prasad-kenjale",
    "ujjwala-chavanke",
    "vilas-thopate",
    "arun-tekawade",
    "rohini-deshmane",
    "anant-kulthe",
)


@dataclass(frozen=True, slots=True)
class DemoAppointment:
    """One appointment: `since_days` and `until_days` count from today, negative in the past.

    `place` is 1 or 2 for a first or second officer, None for every other role.
    """

    role: Role
    department: str
    place: int | None
    since_days: int
    until_days: int | None
    order: str | None

    @property
    def in_force(self) -> bool:
        """Whether it holds today."""
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
    """Everybody, the admin first, the cell after."""
    held = _appointments()
    return tuple(
        DemoPerson(
            key=row["key"],
            name_mr=row["name_mr"],
            name_en=row["name_en"],
            designation_mr=row["designation_mr"],
            designation_en=row["designation_en"],
            mobile=f"+91{_FIRST_MOBILE + position}",
            appointments=tuple(held[row["key"]]),
        )
        for position, row in enumerate(_rows("people.csv"))
    )


def by_key() -> dict[str, DemoPerson]:
    """Everybody by the key that plan and remarks name them by."""
    return {person.key: person for person in load()}


def officers(department: str) -> tuple[DemoPerson, ...]:
    """Who is a nodal officer of the department today, the first officer first."""
    return tuple(person for _, person in sorted(_in_office(department), key=lambda pair: pair[0]))


def _in_office(department: str) -> Iterator[tuple[int, DemoPerson]]:
    for person in load():
        for held in person.appointments:
            if held.role is Role.OFFICER and held.department == department and held.in_force:
                yield held.place or 0, person


def _appointments() -> dict[str, list[DemoAppointment]]:
    held: dict[str, list[DemoAppointment]] = {}
    for row in _rows("appointments.csv"):
        held.setdefault(row["person"], []).append(
            DemoAppointment(
                role=Role(row["role"]),
                department=row["department"],
                place=_number(row["place"]),
                since_days=int(row["since_days"]),
                until_days=_number(row["until_days"]),
                order=row["order"] or None,
            )
        )
    return held


def _number(written: str) -> int | None:
    return int(written) if written else None


def _rows(name: str) -> list[dict[str, str]]:
    source = files(__package__).joinpath("texts", name)
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
