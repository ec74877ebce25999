"""The group `nagarvani register`; each command imports what it needs when it runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from commands.app_setup import command_settings


@click.group()
def register() -> None:
    """The register of departments and who is named for them."""


@register.command("annex")
@click.option("--on", help="A day such as 2021-07-14; without it, today.")
@click.option(
    "--format", "format_name", type=click.Choice(["csv", "pdf"]), default="csv", show_default=True
)
def print_annex(on: str | None, format_name: str) -> None:
    """Print the departments that had named no officer by the end of a day."""
    from commands.register import print_annex as print_annex_of

    print_annex_of(command_settings(), on, as_pdf=format_name == "pdf")


@register.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--heads", "is_heads", is_flag=True, help="The file names heads, not officers.")
@click.option("--do/--dry-run", "does", help="Do it; else only say what would happen (default).")
@click.option("--confirmed", is_flag=True, help="The order was seen: confirm all of the file.")
@click.option("--skip-refused", is_flag=True, help="Leave out the rows that are refused.")
@click.option(
    "--column", "columns", multiple=True, help="What a column means, as 3=first_name; repeatable."
)
@click.option(
    "--department", "departments", multiple=True, help="A department's spelling, as TEXT=CODE."
)
@click.option("--order", "order_number", default="", help="Order by which departments report.")
@click.option("--from", "order_on", type=click.DateTime(["%Y-%m-%d"]), help="Its day; else today.")
def import_file(
    file: Path,
    is_heads: bool,
    does: bool,
    confirmed: bool,
    skip_refused: bool,
    columns: tuple[str, ...],
    departments: tuple[str, ...],
    order_number: str,
    order_on: datetime | None,
) -> None:
    """Record the officers, or heads, of a CSV or XLSX file: all of it or nothing."""
    from commands.register_import import ImportOptions, import_file

    options = ImportOptions(
        is_heads=is_heads,
        does=does,
        confirms=confirmed,
        skips_refused=skip_refused,
        columns=columns,
        departments=departments,
        order_number=order_number,
        order_on=order_on.date() if order_on is not None else None,
    )
    import_file(command_settings(), file, options)
