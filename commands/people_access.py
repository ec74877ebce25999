"""`nagarvani people`: who is recorded, and the access of each."""

from __future__ import annotations

import click

from approvals.errors import WrongState
from commands.app_setup import command_origin, open_database
from commands.people import get_person_by_login, people_transaction
from publisher.delivery.controls import stop
from publisher.notifications.kinds import NoticeKind
from publisher.notifications.sms import missing_codes
from publisher.now import now
from publisher.people import appointments, invitations, password_reset
from publisher.people.overview import PersonOverview, all_people
from publisher.people.permissions import COMMAND, LastAdmin
from publisher.settings.environment import Settings


def show(settings: Settings) -> None:
    """Print a line for each person and appointment, its columns separated by tabs."""
    with open_database(settings) as database, database.reading() as session:
        lines = [_line(row) for row in all_people(session, now=now())]
    for line in lines:
        click.echo(line)


def _line(row: PersonOverview) -> str:
    person, appointment = row.person, row.appointment
    rank = f" {appointment.rank}" if appointment is not None and appointment.rank else ""
    state = "disabled" if person.disabled_at else appointment.state if appointment else None
    columns = (
        str(person.id),
        person.name_mr,
        f"{appointment.role}{rank}" if appointment is not None else None,
        row.department.code if row.department is not None else None,
        state,
        person.mail,
        f"{row.signed_in_at:%Y-%m-%d %H:%M} UTC" if row.signed_in_at else None,
    )
    return "\t".join(column or "-" for column in columns)


def disable(settings: Settings, login: str) -> None:
    """Close the access of the person with this login; raises `click.ClickException`."""
    try:
        with open_database(settings) as database, database.transaction() as session:
            person = get_person_by_login(session, login)
            appointments.disable_person(
                session,
                actor=COMMAND,
                person=person,
                now=now(),
                origin=command_origin("people disable"),
            )
            ids = [appointment.id for appointment in person.appointments]
            on_its_way = stop.deliveries_in_flight(session, department_ids=None, approved_under=ids)
            name = person.name_mr
    except WrongState as refusal:
        raise click.ClickException("The access of this person is closed already.") from refusal
    except LastAdmin as refusal:
        raise click.ClickException("This is the last admin; record another one first.") from refusal
    click.echo(f"The access of {name} is closed, and they are signed out everywhere.")
    if on_its_way:
        click.echo(f"On their way with an approval of theirs, too late to stop: {len(on_its_way)}")


def invite(settings: Settings, login: str) -> None:
    """Invite the person with this login again; raises `click.ClickException`."""
    with people_transaction(settings) as session:
        notice = invitations.invite(
            session,
            actor=COMMAND,
            person=get_person_by_login(session, login),
            now=now(),
            origin=command_origin("people invite"),
        )
    click.echo(
        f"An invitation goes to {notice.address} as soon as the clock runs; earlier ones are void."
    )


def reset(settings: Settings, login: str) -> None:
    """Send the person with this login a way to set a password; raises `click.ClickException`."""
    with people_transaction(settings) as session:
        channel = password_reset.send(
            session,
            actor=COMMAND,
            person=get_person_by_login(session, login),
            now=now(),
            has_sms=NoticeKind.PASSWORD_CODE not in missing_codes(settings.sms),
            origin=command_origin("people reset"),
        )
    lasts = "a link, for an hour," if "@" in channel else "a code, for 15 minutes,"
    click.echo(f"To {channel} goes {lasts} as soon as the clock runs; until then nothing changes.")
