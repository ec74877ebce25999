"""The group `nagarvani people`; each command imports what it needs when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from approvals.policy import Role
from commands.app_setup import command_settings

if TYPE_CHECKING:
    from commands.people import NewPerson


@click.group()
def people() -> None:
    """The people of this house."""


@people.command()
@click.option("--name", "name_mr", required=True, help="In Devanagari, as it is printed.")
@click.option("--name-en", default="", help="The same in Latin letters.")
@click.option("--designation", default="", help="Such as कनिष्ठ अभियंता.")
@click.option("--mail", help="Where the invitation goes.")
@click.option("--mobile", help="Ten digits; one may sign in with it too.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option(
    "--department", "departments", required=True, multiple=True, help="Its code; repeatable."
)
@click.option("--rank", type=int, help="1 or 2, for an officer; otherwise the first one free.")
@click.option("--order", "order_number", default="", help="Number of the order of appointment.")
@click.option("--show-link", is_flag=True, help="Print the link of the invitation as well.")
def add(
    role: str,
    departments: tuple[str, ...],
    rank: int | None,
    show_link: bool,
    **person: Unpack[NewPerson],
) -> None:
    """Record a person under one appointment for each department, and invite them."""
    settings = command_settings()
    from commands.people import NewAppointments
    from commands.people import add as add_person

    add_person(
        settings, person, NewAppointments(Role(role), departments, rank), show_link=show_link
    )


@people.command("confirm")
@click.argument("ids", type=int, nargs=-1)
@click.option("--waiting", "all_waiting", is_flag=True, help="List all, and confirm at one yes.")
def confirm_appointments(ids: tuple[int, ...], all_waiting: bool) -> None:
    """Confirm appointments by number; without numbers, list those that wait."""
    from commands.people import confirm

    confirm(command_settings(), ids, all_waiting=all_waiting)


@people.command("rename")
@click.argument("login")
@click.option("--name", "name_mr", help="In Devanagari, as it is printed.")
@click.option("--name-en", help="The same in Latin letters.")
@click.option("--designation", help="Such as कनिष्ठ अभियंता.")
def rename_person(
    login: str, name_mr: str | None, name_en: str | None, designation: str | None
) -> None:
    """Rename the person with this mail address or mobile number; what is left out stays."""
    from commands.people import rename

    rename(command_settings(), login, name_mr=name_mr, name_en=name_en, designation=designation)


@people.command("correct")
@click.argument("login")
@click.option("--mail", help='The right one; "" removes it.')
@click.option("--mobile", help='Ten digits; "" removes it.')
def correct_person(login: str, mail: str | None, mobile: str | None) -> None:
    """Correct mail and mobile of the person with this one or the other; what is left out stays."""
    from commands.people import correct

    correct(command_settings(), login, mail=mail, mobile=mobile)


@people.command("end-factor")
@click.argument("login")
def end_factor(login: str) -> None:
    """End the lost second factor of the person with this mail address or mobile number."""
    from commands.people import end_factor as end_lost_factor

    end_lost_factor(command_settings(), login)


@people.command("list")
def list_people() -> None:
    """List everybody: id, name, role, department, state, mail, last sign-in, between tabs."""
    from commands.people_access import show

    show(command_settings())


@people.command("disable")
@click.argument("login")
def disable_person(login: str) -> None:
    """Close the access of the person with this mail address or mobile number at once."""
    from commands.people_access import disable

    disable(command_settings(), login)


@people.command("invite")
@click.argument("login")
def invite_person(login: str) -> None:
    """Invite the person with this mail or mobile, who has no password yet, again."""
    from commands.people_access import invite

    invite(command_settings(), login)


@people.command("reset")
@click.argument("login")
def reset_password(login: str) -> None:
    """Send the person with this mail or mobile a link or code to set a new password."""
    from commands.people_access import reset

    reset(command_settings(), login)
