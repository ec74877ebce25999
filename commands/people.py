"""`nagarvani people`: record, confirm, rename and correct people where the pages cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

import click
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Role
from commands.app_setup import command_origin, open_database
from publisher.auth.contact_details import BadPerson, normal_identifier
from publisher.auth.sign_in import find_person
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.notifications import links
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import missing_codes
from publisher.now import now
from publisher.people import (
    appointments,
    confirmation,
    contact_corrections,
    invitations,
    lost_factor,
    name_changes,
    upgrade_review,
)
from publisher.people.departments import find_departments
from publisher.people.permissions import COMMAND
from publisher.settings.environment import Settings

#: The sentence for each problem: by "field.code", else by code.
PROBLEMS: Final[Mapping[str, str]] = {
    "missing": "{option} is needed.",
    "too_long": "{option} is too long; at most {longest} characters fit.",
    "unreadable": "{option} cannot be right; check the spelling.",
    "differs": "{option} differs from what is recorded of the person with this mail or mobile.",
    "owners_alone": "This person signs in already and adds {option} in their own profile.",
    "mail.has_password": "This person has a password already and signs in with it.",
    "mail.missing": "--mail or --mobile is needed: the invitation to set a password goes there.",
    "mail.shared": "--mail is a shared address of {name.name_mr}; use another, or --mobile.",
    "mobile.landline": "--mobile is not a mobile number; write ten digits.",
    "another_person": "{option} belongs to {name}.",
    "last_channel": "{option} is the last channel of this person, who could not be reached then.",
    "mail.not_proven": "Nothing was sent: no mail or mobile of this person is proven by "
    "a link or code that was used. On the page of the sign-in they can ask for a new password.",
    "mobile.no_sms": "Nothing was sent: only the mobile is proven, and no SMS is set up for codes.",
    "role.no_appointment": "This person has no appointment; people add records one.",
    "password.missing": "This person has no password yet; people invite sends the invitation.",
    "disabled": "This person's access is closed; open it on the page People first.",
    "department_id.closed": "This department is closed.",
    "role.already_appointed": "This person already has this appointment; nothing was changed.",
    "role.head_exists": "The department has a head already; end that appointment first.",
    "role.two_officers": "The department has two officers already; end one appointment first.",
    "rank.only_officers": "--rank is for officers alone.",
    "rank.taken": "This --rank is taken in that department.",
    "rank.unknown": "--rank is 1 or 2.",
}
_OPTIONS: Final = {"name_mr": "--name", "name_en": "--name-en", "order_number": "--order"}
_LINK: Final = re.compile(rf"{links.BASE}\S+")


class NewPerson(TypedDict):
    """The new person and the order of appointment, as the use cases take them."""

    name_mr: str
    name_en: str
    designation: str
    mail: str | None
    mobile: str | None
    order_number: str


@dataclass(frozen=True)
class NewAppointments:
    """What the person is appointed as; one appointment is recorded for each department."""

    role: Role
    departments: tuple[str, ...]
    rank: int | None


def add(
    settings: Settings, person: NewPerson, planned: NewAppointments, *, show_link: bool
) -> None:
    """Record and invite; if it raises `click.ClickException` with a sentence, nothing is stored.

    The link of the first admin is always shown: mail may not work yet.
    """
    if not person["mail"]:
        _require_sms(settings)
    with people_transaction(settings) as session:
        is_first = not session.scalar(select(exists().select_from(Person)))
        recorded = _record(session, person, planned, is_first=is_first, at=now())
        notice = _invite(session, recorded[0].person, at=now())
        lines = [f"Recorded: {_appointment_text(appointment)}" for appointment in recorded]
        lines.append(_invitation_line(notice, settings.base_url, show_link=show_link or is_first))
    click.echo("\n".join(lines))


def _record(
    session: Session, person: NewPerson, planned: NewAppointments, *, is_first: bool, at: datetime
) -> list[Appointment]:
    if is_first and planned.role is not Role.ADMIN:
        says = "Nobody is recorded yet, and the first one has to be an admin: --role admin"
        raise click.ClickException(says)
    ids = [_department(session, code) for code in planned.departments]
    if is_first:
        appointments.require_nobody(session, ids[0], now=at)
    recorded: list[Appointment] = []
    for department_id in ids:
        appointment = appointments.record_person(
            session,
            actor=COMMAND,
            now=at,
            role=planned.role,
            department_id=department_id,
            rank=planned.rank,
            origin=command_origin("people add"),
            **person,
        )
        recorded.append(appointment)
        session.flush()
    return recorded


def confirm(settings: Settings, ids: tuple[int, ...], *, all_waiting: bool) -> None:
    """Confirm these appointments, or list those that wait; raises `click.ClickException`.

    With `all_waiting` one *yes* confirms the whole list.
    """
    with open_database(settings) as database:
        with database.reading() as session:
            listed = _pending_confirmations(session)
            digests = {item.id: confirmation.confirmation_digest(item) for item in listed}
            lines = [_waiting_line(item) for item in listed]
        if not ids:
            click.echo("\n".join(lines) or "No appointment waits for confirmation.")
            if all_waiting and lines and click.confirm("Each of them holds the office?"):
                ids = tuple(digests)
        elif unknown := sorted(set(ids) - digests.keys()):
            raise click.ClickException(f"No appointment with this number waits: {unknown[0]}.")
        try:
            with database.transaction() as session:
                for line in _confirm(session, {number: digests[number] for number in ids}):
                    click.echo(line)
        except NotAllowed as problem:
            says = "One of them was changed meanwhile, and nobody was confirmed: try again."
            raise click.ClickException(says) from problem


def _pending_confirmations(session: Session) -> list[Appointment]:
    waiting = confirmation.waiting(session, now=now())
    return waiting + upgrade_review.list_unreviewed(session, now=now())


def _confirm(session: Session, digests: Mapping[int, str]) -> list[str]:
    chosen = [item for item in _pending_confirmations(session) if item.id in digests]
    again = {item.id: digests[item.id] for item in chosen if item.is_unreviewed}
    origin = command_origin("people confirm")
    waiting = {number: digest for number, digest in digests.items() if number not in again}
    confirmation.confirm(session, actor=COMMAND, now=now(), digests=waiting, origin=origin)
    upgrade_review.confirm_reviewed(session, actor=COMMAND, now=now(), digests=again, origin=origin)
    return [f"Confirmed: {_appointment_text(item)}" for item in chosen]


def rename(
    settings: Settings,
    login: str,
    *,
    name_mr: str | None,
    name_en: str | None,
    designation: str | None,
) -> None:
    """Change names and designation; None keeps one. Raises `click.ClickException`."""
    with people_transaction(settings) as session:
        person = get_person_by_login(session, login)
        name_changes.rename(
            session,
            actor=COMMAND,
            person=person,
            name_mr=person.name_mr if name_mr is None else name_mr,
            name_en=person.name_en if name_en is None else name_en,
            designation=person.designation if designation is None else designation,
            now=now(),
            origin=command_origin("people rename"),
        )
        line = f"Recorded: {', '.join(filter(None, (person.name_mr, person.designation)))}"
    click.echo(line)


def correct(settings: Settings, login: str, *, mail: str | None, mobile: str | None) -> None:
    """Correct mail and mobile; None keeps one, "" removes it. Raises `click.ClickException`.

    Somebody without a password is invited again.
    """
    with people_transaction(settings) as session:
        person = get_person_by_login(session, login)
        mail = person.mail if mail is None else mail
        if not mail and not person.password_hash:
            _require_sms(settings)
        before = (person.mail, person.mobile)
        waiting = contact_corrections.correct(
            session,
            actor=COMMAND,
            person=person,
            mail=mail or None,
            mobile=(person.mobile if mobile is None else mobile) or None,
            now=now(),
            origin=command_origin("people correct"),
        )
        lines = [f"Recorded: {', '.join(filter(None, (person.mail, person.mobile)))}"]
        lines += [
            f"{change.value} is in force after 72 hours, or once its owner signs in and accepts"
            " it. They, their heads and the admins are told."
            for change in waiting
        ]
        if before != (person.mail, person.mobile) and not person.password_hash:
            notice = _invite(session, person, at=now())
            lines.append(_invitation_line(notice, settings.base_url, show_link=False))
    click.echo("\n".join(lines))


@contextmanager
def people_transaction(settings: Settings) -> Iterator[Session]:
    """Open a transaction; raises `click.ClickException` with the sentence of a `BadPerson`."""
    try:
        with open_database(settings) as database, database.transaction() as session:
            yield session
    except BadPerson as problem:
        raise click.ClickException(problem_sentence(problem)) from problem


def get_person_by_login(session: Session, login: str) -> Person:
    """Return the person with this mail or mobile; raises `click.ClickException`."""
    person = find_person(session, normal_identifier(login))
    if person is None:
        raise click.ClickException("Nobody has this mail address or mobile number.")
    return person


def _require_sms(settings: Settings) -> None:
    if NoticeKind.INVITATION in missing_codes(settings.sms):
        raise click.ClickException("--mail is needed: SMS is not set up for invitations.")


def end_factor(settings: Settings, login: str) -> None:
    """End the second factor of the person with this login; raises `click.ClickException`."""
    with open_database(settings) as database, database.transaction() as session:
        person = get_person_by_login(session, login)
        lost_factor.end_factor(session, actor=COMMAND, person=person, now=now())
        name = person.name_mr
    click.echo(f"The second factor of {name} has ended.")


def _waiting_line(appointment: Appointment) -> str:
    person = appointment.person
    reach = ", ".join(filter(None, (person.mail, person.mobile)))
    writers = ", ".join(
        f"{recorder.wrote} by {recorder.person.name_mr}" for recorder in appointment.recorders
    )
    return f"{appointment.id}: {_appointment_text(appointment)}, {reach} ({writers or 'command'})"


def _department(session: Session, code: str) -> int:
    department_id = session.scalars(
        select(Department.id).where(Department.code == code)
    ).one_or_none()
    if department_id is not None:
        return department_id
    near = ", ".join(
        f"{department.code} ({department.name_mr})"
        for department in find_departments(session, code)[:5]
    )
    every = ", ".join(session.scalars(select(Department.code).order_by(Department.code)))
    hint = f"perhaps {near}" if near else f"the codes are {every}"
    raise click.ClickException(f"No department has the code {code}: {hint}.")


def _invite(session: Session, person: Person, *, at: datetime) -> Notice | None:
    """Invite the person, unless they have a password already."""
    if person.password_hash is not None:
        return None
    return invitations.invite(session, actor=COMMAND, person=person, now=at)


def _appointment_text(appointment: Appointment) -> str:
    rank = f" {appointment.rank}" if appointment.rank else ""
    person, department = appointment.person.name_mr, appointment.department.name_mr
    return f"{person}, {appointment.role}{rank}, {department}"


def _invitation_line(notice: Notice | None, base_url: str, *, show_link: bool) -> str:
    if notice is None:
        return "The person has a password already and signs in with it."
    says = f"An invitation goes to {notice.address} as soon as the clock runs."
    link = _LINK.search(notice.body)
    if not show_link or link is None:
        return says
    return (
        f"{says}\nThe same link, for 14 days and one use: {links.add_base_url(link[0], base_url)}\n"
        "Whoever has it sets the password: hand it to nobody else."
    )


def problem_sentence(problem: BadPerson) -> str:
    """Return the sentence for a problem of a person."""
    template = PROBLEMS.get(f"{problem.field}.{problem.code}") or PROBLEMS.get(problem.code)
    option = _OPTIONS.get(problem.field, f"--{problem.field.removesuffix('_id')}")
    values = {"option": option, **problem.values}
    return (template or "{option} cannot be recorded as it stands.").format_map(values)
