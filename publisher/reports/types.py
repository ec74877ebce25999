"""The plain values of which every report is made: who, which department, which account, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.orm import InstrumentedAttribute, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Role
from publisher.models.deliveries import Account, ReceiptOrigin, ReceiptRow
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Language

Row = TypeVar("Row")
Given = TypeVar("Given")
Place = tuple[datetime, int]
"""Where a page of a list ended: the moment by which it is ordered, and the id of its last row."""


@dataclass(frozen=True)
class Office:
    """A department by its names."""

    id: int
    code: str
    name_mr: str
    name_en: str
    name_hi: str


@dataclass(frozen=True)
class Who:
    """A person under an appointment; without a name, everybody of that role.

    Without a role either it is the machine.
    """

    role: Role | None
    name_mr: str = ""
    name_en: str = ""
    designation: str = ""
    rank: int | None = None
    department: Office | None = None
    person_id: int | None = None
    appointment_id: int | None = None

    @property
    def is_person(self) -> bool:
        """Whether this is one person, and not a role or the machine."""
        return self.person_id is not None


CELL = Who(Role.CELL)
CELL_LEAD = Who(Role.CELL_LEAD)
MACHINE = Who(None)


@dataclass(frozen=True)
class AccountName:
    """A social media account as a page names it, with the address at which it is seen."""

    id: int
    platform: str
    name: str
    handle: str
    url: str


@dataclass(frozen=True)
class Live:
    """Where and since when something is live; `url` is empty where nobody gave it."""

    account: AccountName
    language: Language
    url: str
    published_at: datetime
    origin: ReceiptOrigin


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A part of a list; `following` is the place to ask on from, None where the list ends."""

    rows: tuple[Row, ...]
    following: Place | None


def page_of(
    found: Sequence[Given],
    limit: int,
    row: Callable[[Given], Row],
    place: Callable[[Given], Place],
) -> Page[Row]:
    """A page of what was found when one more than `limit` was asked for."""
    shown = found[:limit]
    following = place(shown[-1]) if shown and len(found) > limit else None
    return Page(tuple(row(one) for one in shown), following)


def office_of(department: Department) -> Office:
    """A department's row as a value."""
    return Office(
        department.id,
        department.code,
        department.name_mr,
        department.name_en,
        department.name_hi,
    )


def who_of(appointment: Appointment) -> Who:
    """An appointment's row, with its person and department, as a value."""
    person = appointment.person
    return Who(
        role=appointment.role,
        name_mr=person.name_mr,
        name_en=person.name_en,
        designation=person.designation,
        rank=appointment.rank,
        department=office_of(appointment.department),
        person_id=person.id,
        appointment_id=appointment.id,
    )


def who_acted(appointment: Appointment | None, person: Person | None) -> Who:
    """Who did something: under an appointment, as a person alone, or the machine."""
    if appointment is not None:
        return who_of(appointment)
    if person is None:
        return MACHINE
    return Who(None, person.name_mr, person.name_en, person.designation, person_id=person.id)


def account_of(account: Account) -> AccountName:
    """An account's row as a value, without what is secret."""
    return AccountName(account.id, account.platform, account.name, account.handle, account.url)


def live_of(receipt: ReceiptRow, account: Account, language: Language) -> Live:
    """A receipt as a value."""
    return Live(account_of(account), language, receipt.url, receipt.published_at, receipt.origin)


def with_names(
    way: InstrumentedAttribute[Appointment | None] | InstrumentedAttribute[Appointment],
) -> tuple[ORMOption, ...]:
    """Load an appointment with its person and department in the same query."""
    loading = joinedload(way)
    return loading.joinedload(Appointment.person), loading.joinedload(Appointment.department)
