"""`nagarvani db`: show the revision of the tables, and migrate them to that of this version."""

from __future__ import annotations

import click

from commands.app_setup import connect_to_database
from commands.init import lay_tables
from publisher.database.revisions import Migration, latest_revision, pending_migrations
from publisher.database.session import NewerTables
from publisher.settings.environment import Settings


def status(settings: Settings) -> int:
    """Print both revisions and what is pending; returns 0 if the tables are this version's."""
    with connect_to_database(settings) as database:
        revision = database.revision()
        url = database.engine.url
    address = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    click.echo(f"Database: {address}")
    click.echo(f"Its tables: {revision or 'none'}")
    click.echo(f"This version's: {latest_revision()}")
    try:
        pending = pending_migrations(revision)
    except NewerTables:
        click.echo("The tables are those of a newer version: install that version.")
        return 1
    click.echo(f"Pending: {len(pending)}")
    _print_all(pending)
    return 1 if pending else 0


def upgrade(settings: Settings) -> None:
    """Migrate as `init` does; raises `ClickException` if the tables are newer than this version."""
    with connect_to_database(settings) as database:
        revision = database.revision()
    lay_tables(settings)
    _print_all(pending_migrations(revision))
    click.echo(f"The tables are those of this version ({latest_revision()}).")


def _print_all(migrations: list[Migration]) -> None:
    for migration in migrations:
        click.echo(f"  {migration.revision}  {migration.title}")
