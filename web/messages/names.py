"""Names in the language of the page: departments, persons, roles, accounts.

What narrow places have room for: spans of time, and somebody without the department.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from approvals.policy import Role
from publisher.i18n import dates
from publisher.models.deliveries import Account
from publisher.models.people import Appointment
from publisher.reports.types import AccountName, Who
from web.core.i18n import _, page_language
from web.core.state_badges import N_

ROLE_WORDS: Mapping[Role, str] = {
    Role.ADMIN: N_("Admin"),
    Role.CELL_LEAD: N_("Cell lead"),
    Role.CELL: N_("Cell staff"),
    Role.OFFICER: N_("Nodal officer"),
    Role.HEAD: N_("Head of department"),
    Role.MEMBER: N_("Member of the department"),
    Role.OVERSIGHT: N_("Oversight"),
    Role.AUDITOR: N_("Auditor"),
}
_OFFICERS = {1: N_("First officer"), 2: N_("Second officer")}
AT_THE_CELL = frozenset({Role.CELL_LEAD, Role.CELL})


def role_name(role: Role, rank: int | None = None) -> str:
    """What a role is called; officers by their rank."""
    return _(_OFFICERS[rank]) if rank in _OFFICERS else _(ROLE_WORDS[role])


class NamedPlace(Protocol):
    """A department by its names, as a row or as a report gives it."""

    @property
    def name_mr(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def name_hi(self) -> str: ...


class NamedPerson(Protocol):
    """A person by the names in both scripts."""

    @property
    def name_mr(self) -> str: ...
    @property
    def name_en(self) -> str: ...


def department_name(department: NamedPlace) -> str:
    """The department's name in the language of the page."""
    wanted = page_language()
    if wanted == "en":
        return department.name_en
    return (department.name_hi if wanted == "hi" else "") or department.name_mr


def person_name(person: NamedPerson) -> str:
    """The person's name in the script of the page, where it is known in that."""
    return person.name_en or person.name_mr if page_language() == "en" else person.name_mr


def author_shown(author: str, platform: str) -> str:
    """A citizen as the platform writes them: a name without a space on X is a handle."""
    is_handle = platform == "x" and author and " " not in author
    return f"@{author.lstrip('@')}" if is_handle else author


def post_of(appointment: Appointment) -> str:
    """What somebody is and where: "First officer, Water Supply"."""
    where = (
        _("Social Media Cell")
        if appointment.role in AT_THE_CELL
        else department_name(appointment.department)
    )
    return f"{role_name(appointment.role, appointment.rank)}, {where}"


def who_name(who: Who) -> str:
    """Somebody by name and post; a role without a name, or the machine."""
    if who.role is None:
        return _("Automatic")
    where = department_name(who.department) if who.department else ""
    if who.role in AT_THE_CELL:
        where = _("Social Media Cell")
    post = ", ".join(part for part in (role_name(who.role, who.rank), where) if part)
    return f"{person_name(who)}, {post}" if who.is_person else post


def account_name(account: Account | AccountName) -> str:
    """The platform's name: X or Facebook."""
    return platform_word(account.platform)


def platform_word(platform: str) -> str:
    """A platform's name by its code."""
    return _("X") if platform == "x" else _("Facebook")


def span_words(span: timedelta) -> str:
    """How long something took: "2 hours 10 minutes"."""
    return dates.duration(span, page_language())


def who_short(who: Who) -> str:
    """Somebody by name and rank, for a list that names the department already."""
    if not who.is_person or who.role is None:
        return who_name(who)
    post = _("the cell") if who.role in AT_THE_CELL else role_name(who.role, who.rank)
    return f"{person_name(who)}, {post}"
