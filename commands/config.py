"""`nagarvani config`: the settings that are in force, without their secrets."""

from __future__ import annotations

import click

from commands.health_messages import sentence
from publisher.operations.health_checks import check_variables
from publisher.settings.catalogue import settings_in_force, unknown_variables
from publisher.settings.environment import load
from publisher.settings.reader import PREFIX


def show() -> None:
    """Print every setting, its value and where that is set; then what is no setting.

    Nothing is made: without a secret key none is generated.
    """
    for setting in settings_in_force(load()):
        click.echo(f"{PREFIX}{setting.name} = {setting.text or '-'}  ({setting.origin})")
    for finding in check_variables(unknown_variables()):
        click.echo(sentence(finding), err=True)
