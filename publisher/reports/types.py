"""Value types that several reports share, and their conversion from rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.orm import InstrumentedAttribute, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Role
from publisher.models.deliveries import Account, ReceiptOrigin, ReceiptRow
from publisher.models.history import Event
from publisher.models.people import Appointment, Department, Person
from publisher.models.posts import Language
from publisher.models.submissions import Submission
from publisher.people.names import find_name

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

    Without a name it means everybody with that role; without a role either, the system, or whoever
    wrote from the address `mail`. `today_mr` and `today_en` are the present names of a person whose
    names are former ones.
    """

    role: Role | None
    name_mr: str = ""
    name_en: str = ""
    designation: str = ""
    rank: int | None = None
    department: Office | None = None
    person_id: int | None = None
    appointment_id: int | None = None
    today_mr: str = ""
    today_en: str = ""
    mail: str = ""

    @property
    def is_person(self) -> bool:
        """True if it is a single person, not a role or the system."""
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


def holder_of(appointment: Appointment, at: datetime | None = None) -> Who:
    """Return an appointment's row, with its person and department, as a value.

    The names are those in force at this time, or today's without one.
    """
    return replace(
        _name_person(appointment.person, at),
        role=appointment.role,
        rank=appointment.rank,
        department=office_of(appointment.department),
        appointment_id=appointment.id,
    )


def actor_of(
    appointment: Appointment | None,
    person: Person | None,
    at: datetime | None = None,
    *,
    mail: str = "",
) -> Who:
    """Return the actor: an appointment, a person without appointment, a mail, or the system.

    The names are those in force at this time, or today's without one.
    """
    if appointment is not None:
        return holder_of(appointment, at)
    if person is not None:
        return _name_person(person, at)
    return Who(None, mail=mail) if mail else MACHINE


def cause_of(event: Event) -> Who:
    """Return who did what the event records; if it is not a person, the address of the mail."""
    mail = event.details.get("mail", "")
    return actor_of(event.appointment, event.person, event.at, mail=mail)


def submitter_of(submission: Submission, *, at: datetime | None = None) -> Who:
    """Return who handed in a submission; without a person, the address of its mail."""
    under, person = submission.handed_in_under, submission.handed_in_by
    return actor_of(under, person, at, mail=submission.mail_sender)


def _name_person(person: Person, at: datetime | None) -> Who:
    names = find_name(person, at) if at is not None else person
    today = ("", "") if names is person else (person.name_mr, person.name_en)
    return Who(
        None,
        names.name_mr,
        names.name_en,
        names.designation,
        person_id=person.id,
        today_mr=today[0],
        today_en=today[1],
    )


def account_of(account: Account) -> AccountName:
    """Return an account's row as a value, without its credentials."""
    return AccountName(account.id, account.platform, account.name, account.handle, account.url)


def live_of(receipt: ReceiptRow, account: Account, language: Language) -> Live:
    """Return a receipt as a value."""
    return Live(account_of(account), language, receipt.url, receipt.published_at, receipt.origin)


def with_names(
    relation: InstrumentedAttribute[Appointment | None] | InstrumentedAttribute[Appointment],
) -> tuple[ORMOption, ...]:
    """Return the options that load by join what `holder_of` needs from an appointment."""
    office = joinedload(relation).load_only(Appointment.role, Appointment.rank)
    return office.joinedload(Appointment.person).load_only(*_PERSON), office.joinedload(
        Appointment.department
    ).load_only(*_DEPARTMENT)


def with_name(
    relation: InstrumentedAttribute[Person | None] | InstrumentedAttribute[Person],
) -> ORMOption:
    """Return the option that loads the names of a person by join."""
    return joinedload(relation).load_only(*_PERSON)


def with_office(relation: InstrumentedAttribute[Department]) -> ORMOption:
    """Return the option that loads by join what `office_of` needs from a department."""
    return joinedload(relation).load_only(*_DEPARTMENT)


_PERSON = (Person.name_mr, Person.name_en, Person.designation)
_DEPARTMENT = (Department.code, Department.name_mr, Department.name_en, Department.name_hi)
