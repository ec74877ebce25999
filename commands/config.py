"""`nagarvani config`: the settings that are in force, and the SMS texts to register."""

from __future__ import annotations

from dataclasses import replace

import click

from commands.health_messages import sentence
from publisher.notifications import sms_texts
from publisher.operations.health_checks import check_variables
from publisher.settings.catalogue import settings_in_force, unknown_variables
from publisher.settings.environment import Settings, load
from publisher.settings.reader import PREFIX


def show() -> None:
    """Print every setting, its value and where it is set; then the variables that are no settings.

    Nothing is made: without a secret key none is generated.
    """
    for setting in settings_in_force(load()):
        click.echo(f"{PREFIX}{setting.name} = {setting.text or '-'}  ({setting.origin})")
    for finding in check_variables(unknown_variables()):
        click.echo(sentence(finding), err=True)


def show_sms(settings: Settings) -> None:
    """Print the proposed texts as a file of templates, with the id of each that is registered.

    What an operator also asks for is printed above them: header, entity, links and telephone.
    """
    sms, registered = settings.sms, settings.sms.sms_templates
    click.echo(f"# Header {sms.sms_sender or '-'}, entity {sms.sms_entity_id or '-'}")
    click.echo(f"# Links of {{#url#}} begin with {settings.base_url}/")
    click.echo(f"# Telephone {settings.help_desk.phone or '-'}")
    click.echo("# A text without an id is to be registered first; then put it into the file of")
    click.echo("# NAGARVANI_SMS_TEMPLATES. Until then the texts that stand there go on working.\n")
    proposals = sms_texts.propose_templates(settings.city.name_mr)
    for kind in proposals.keys() & registered.keys():
        if registered[kind].text == proposals[kind].text:
            proposals[kind] = replace(proposals[kind], id=registered[kind].id)
    click.echo(sms_texts.templates_as_toml(proposals))
