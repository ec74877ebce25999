"""Names in the language of the page: departments, people, roles, accounts; and durations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from approvals.policy import Role
from publisher.i18n import dates
from publisher.i18n.languages import NBSP, digits
from publisher.models.deliveries import Account
from publisher.models.history import Wrote
from publisher.models.people import Appointment, Department, Person
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission
from publisher.people.names import find_name
from publisher.platforms.registry import capabilities
from publisher.reports.types import AccountName, Office, Who
from web.core.i18n import N_, _, page_language

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
WROTE_WORDS: Mapping[Wrote, str] = {
    Wrote.RECORDED: N_("Recorded earlier by"),
    Wrote.LETTER: N_("Letter on paper printed by"),
    Wrote.MAIL: N_("Email address written by"),
    Wrote.MOBILE: N_("Mobile number written by"),
    Wrote.NAME: N_("Name or designation written by"),
    Wrote.CONFIRMED: N_("Confirmed before the stop by"),
}
_OFFICERS = {1: N_("First officer"), 2: N_("Second officer")}
AT_THE_CELL = frozenset({Role.CELL_LEAD, Role.CELL})


def role_name(role: Role, rank: int | None = None) -> str:
    """Return the name of a role; officers are named by their rank."""
    return _(_OFFICERS[rank]) if rank in _OFFICERS else _(ROLE_WORDS[role])


def wrote_words(wrote: Wrote) -> str:
    """Return the words for what somebody has written in an appointment; their name follows."""
    return _(WROTE_WORDS[wrote])


def department_name(department: Department | Office) -> str:
    """Return the department's name in the language of the page."""
    language = page_language()
    if language == "en":
        return department.name_en
    return (department.name_hi if language == "hi" else "") or department.name_mr


def person_name(person: Person | Who, at: datetime | None = None) -> str:
    """Return the person's name in the script of the page if known, else in the other.

    For an act, `at` is its time: the name is the one in force then, followed by the present one if
    it differs.
    """
    if isinstance(person, Who):
        return _former(
            _name_in_script(person.name_mr, person.name_en), person.today_mr, person.today_en
        )
    names = find_name(person, at) if at is not None else person
    name = _name_in_script(names.name_mr, names.name_en)
    return _former(name, person.name_mr, person.name_en)


def submitter(submission: Submission) -> str:
    """Return the name of the person who submitted it, with the address if it came by mail."""
    address, person = submission.mail_sender, submission.handed_in_by
    if person is None:
        return _("by email from %(address)s", address=address)
    name = person_name(person, submission.received_at)
    if not address:
        return name
    return _("%(name)s, by email from %(address)s", name=name, address=address)


def note_writer(note: SubmissionNote) -> str:
    """Return the name of the note's writer, or the address of the mail in which it came."""
    if note.person is None:
        return _("by email from %(address)s", address=note.mail_sender)
    return person_name(note.person, note.at)


def _name_in_script(name_mr: str, name_en: str) -> str:
    return name_en or name_mr if page_language() == "en" else name_mr


def _former(name: str, today_mr: str, today_en: str) -> str:
    today = _name_in_script(today_mr, today_en)
    if today in {"", name}:
        return name
    return _("%(name)s (former name; now %(today)s)", name=name, today=today)


def author_shown(author: str, platform: str) -> str:
    """Return an author's name as the platform writes it; a name without space may be a handle."""
    if not platform or not author or " " in author:
        return author
    return handle_shown(author) if capabilities(platform).has_handles else author


def handle_shown(handle: str) -> str:
    """Return a handle as platforms write it, with @."""
    return f"@{handle.lstrip('@')}"


def mobile_shown(mobile: str | None) -> str:
    """Return a mobile number as people compare it: an Indian one as +91 98220 12345."""
    number = mobile or ""
    if number.startswith("+91") and len(number) == 13:
        number = NBSP.join((number[:3], number[3:8], number[8:]))
    return digits(number, page_language())


def post_name(appointment: Appointment) -> str:
    """Return role and department of an appointment: "First officer, Water Supply"."""
    where = (
        _("Social Media Cell")
        if appointment.role in AT_THE_CELL
        else department_name(appointment.department)
    )
    return f"{role_name(appointment.role, appointment.rank)}, {where}"


def name_and_post(who: Who) -> str:
    """Return name and post of a person; a role without a name, or "Automatic"."""
    if who.mail:
        return _("by email from %(address)s", address=who.mail)
    if who.role is None:
        return person_name(who) if who.is_person else _("Automatic")
    where = department_name(who.department) if who.department else ""
    if who.role in AT_THE_CELL:
        where = _("Social Media Cell")
    post = ", ".join(part for part in (role_name(who.role, who.rank), where) if part)
    return f"{person_name(who)}, {post}" if who.is_person else post


def account_name(account: Account | AccountName) -> str:
    """Return the name of the account's platform."""
    return platform_word(account.platform)


def platform_word(platform: str) -> str:
    """Return a platform's name by its code, in English if it is not translated."""
    return _(capabilities(platform).label)


def span_words(span: timedelta) -> str:
    """Format a duration: "2 hours 10 minutes"."""
    return dates.duration(span, page_language())


def name_and_rank(who: Who) -> str:
    """Return name and rank of a person, without the department."""
    if not who.is_person or who.role is None:
        return name_and_post(who)
    post = _("the Cell") if who.role in AT_THE_CELL else role_name(who.role, who.rank)
    return f"{person_name(who)}, {post}"


FILTERS = {
    "mobile_shown": mobile_shown,
    "note_writer": note_writer,
    "person_name": person_name,
    "post_name": post_name,
    "submitter": submitter,
    "wrote_words": wrote_words,
}
