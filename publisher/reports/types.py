"""Value types that several reports share, and their conversion from rows."""

from __future__ import annotations

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
Cursor = tuple[datetime, int]
"""The position after which the next page of a list begins: its sort time and row id."""


@dataclass(frozen=True)
class Office:
    """A department's id, code and names."""

    id: int
    code: str
    name_mr: str
    name_en: str
    name_hi: str


@dataclass(frozen=True)
class Who:
    """A person under an appointment, every holder of a role, or the system itself.

    Without a name it means everybody with that role; without a role either, the system.
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
        """It is a single person, not a role or the system."""
        return self.person_id is not None


CELL = Who(Role.CELL)
CELL_LEAD = Who(Role.CELL_LEAD)
MACHINE = Who(None)


@dataclass(frozen=True)
class AccountName:
    """A social media account's identity for display; `url` is its public page."""

    id: int
    platform: str
    name: str
    handle: str
    url: str


@dataclass(frozen=True)
class Live:
    """A published text: account, language and time; `url` is empty if it was not recorded."""

    account: AccountName
    language: Language
    url: str
    published_at: datetime
    origin: ReceiptOrigin


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A page of a list; `following` is the cursor of the next page, None on the last."""

    rows: tuple[Row, ...]
    following: Cursor | None


def office_of(department: Department) -> Office:
    """Return a department's row as a value."""
    return Office(
        department.id,
        department.code,
        department.name_mr,
        department.name_en,
        department.name_hi,
    )


def who_of(appointment: Appointment) -> Who:
    """Return an appointment's row, with its person and department, as a value."""
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
    """Return the actor: an appointment, a person without appointment, or the system."""
    if appointment is not None:
        return who_of(appointment)
    if person is None:
        return MACHINE
    return Who(None, person.name_mr, person.name_en, person.designation, person_id=person.id)


def account_of(account: Account) -> AccountName:
    """Return an account's row as a value, without its credentials."""
    return AccountName(account.id, account.platform, account.name, account.handle, account.url)


def live_of(receipt: ReceiptRow, account: Account, language: Language) -> Live:
    """Return a receipt as a value."""
    return Live(account_of(account), language, receipt.url, receipt.published_at, receipt.origin)


def with_names(
    relation: InstrumentedAttribute[Appointment | None] | InstrumentedAttribute[Appointment],
) -> tuple[ORMOption, ...]:
    """Return the options that load an appointment's person and department by join."""
    loading = joinedload(relation)
    return loading.joinedload(Appointment.person), loading.joinedload(Appointment.department)
