"""`nagarvani backup` and `nagarvani restore`: one file out, one file back in, with progress."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory

import click
from sqlalchemy.exc import OperationalError

from commands.app_setup import (
    command_origin,
    media_store_checked,
    open_database,
    open_worker_context,
    short_list,
)
from commands.init import lay_tables, make_media_folder
from publisher.database.session import Database
from publisher.delivery.worker_context import WorkerContext
from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore, StoreAway
from publisher.now import now
from publisher.operations.backup import reconcile, record
from publisher.operations.backup.archive_format import Damaged, Manifest
from publisher.operations.backup.reconcile import ReconcileCounts
from publisher.operations.backup.restore import NotEmpty, OtherSchema, Restored
from publisher.operations.backup.restore import restore as backup_restore
from publisher.operations.backup.write import write as backup_write
from publisher.operations.start_checks import key_hint
from publisher.operations.store_identity import OtherStore, identify
from publisher.people.permissions import COMMAND
from publisher.settings.environment import Settings
from publisher.settings.reader import PREFIX

REASON = "Restored from a backup: look at what was due since then, then release."
SEEKING = "The posts that lie ahead are looked for on the platforms."
_OTHER_STORE = (
    "Nothing was restored: the media store {store} is neither new nor that of the backup "
    f"({{found}}, not {{wanted}}): name an empty one in {PREFIX}MEDIA_DIR or {PREFIX}MEDIA_URL"
)
STDOUT = "-"
SUFFIX = ".backup"
_NAME = re.compile(rf"\d{{8}}T\d{{6}}Z{re.escape(SUFFIX)}")
"""The name of a backup in a folder: the moment of its beginning, in UTC."""


def write(
    settings: Settings, target: Path, *, keep: int | None = None, with_media: bool = True
) -> None:
    """Write a backup to a file, to a folder (named by the present time), or to standard output (-).

    It is verified before it gets its name or is passed on. In a folder, all backups but the `keep`
    newest are then removed; None removes none.
    """
    store = open_store(settings) if with_media else None
    if str(target) == STDOUT:
        _write_to_stdout(settings, store)
        return
    try:
        is_folder = target.is_dir()
    except OSError as problem:  # a folder above it cannot be entered
        raise click.ClickException(f"No backup was written: {problem}") from problem
    if keep is not None and not is_folder:
        raise click.UsageError(f"--keep needs a folder that exists, and {target} is not one.")
    file = target / f"{now():%Y%m%dT%H%M%SZ}{SUFFIX}" if is_folder else target
    _write_file(settings, store, file)
    if keep is not None:
        # The oldest go, by their names; other files in the folder stay.
        names = sorted(other.name for other in target.iterdir() if _NAME.fullmatch(other.name))
        for name in names[:-keep]:
            (target / name).unlink()
            click.echo(f"Removed: {target / name}.")


def _write_to_stdout(settings: Settings, store: MediaStore | None) -> None:
    # It is read back before it leaves, and for that it has to be a file. Nothing but the backup
    # itself goes to standard output.
    output = sys.stdout.buffer
    if output.isatty():
        raise click.UsageError("A backup is not text: write it to a file, or pipe it to a program.")
    with TemporaryDirectory(prefix="nagarvani-backup-") as folder:
        file = Path(folder) / f"whole{SUFFIX}"
        _write_file(settings, store, file, name="The backup", err=True)
        try:
            with file.open("rb") as content:
                copyfileobj(content, output)
            output.flush()
        except OSError as problem:
            raise click.ClickException(f"The backup could not be written: {problem}") from problem


def _write_file(
    settings: Settings, store: MediaStore | None, file: Path, *, name: str = "", err: bool = False
) -> None:
    with open_database(settings) as database:
        try:
            manifest = _write_archive(settings, database, store, file)
        except click.ClickException as problem:
            _record(database, record.FAILED, reason=problem.message)
            raise
        _record(database, record.WRITTEN, media=len(manifest.media))
    rows = sum(table.rows for table in manifest.tables)
    size = file.stat().st_size / 1_000_000
    parts = f"{rows} rows, {len(manifest.media)} media, {size:.1f} MB"
    click.echo(f"{name or file.resolve()}: {parts}, read back whole.", err=err)
    _print_lost(manifest, err=err)
    click.echo(
        "It holds the sealed access of the accounts: keep the secret key apart from it.", err=err
    )


def _write_archive(
    settings: Settings, database: Database, store: MediaStore | None, file: Path
) -> Manifest:
    """Write the file from this database and its store; raises `ClickException`."""
    if store is not None:
        # If its folder were not mounted, good backups would be replaced by one without media.
        with media_store_checked(settings, database):
            identify(database, store, now=now())
    try:
        tell = _progress_printer("A backup is being written.")
        return backup_write(database, store, file, now=now(), tell=tell)
    except (OSError, StoreAway, Damaged) as problem:
        raise click.ClickException(f"No backup was written: {problem}") from problem


def _record(database: Database, verb: str, **values: object) -> None:
    try:
        with database.transaction() as session:
            values |= command_origin("backup")
            record.record_backup(session, verb, actor=COMMAND, now=now(), values=values)
    except OperationalError:  # its disk may be full: the file is good all the same
        click.echo("This could not be recorded: doctor goes by the backup before it.", err=True)


def _print_lost(manifest: Manifest, *, err: bool = False) -> None:
    """Print which media are not in the backup: left out on purpose, or lost from the store."""
    lost, left_out = manifest.lost, manifest.left_out
    if left_out:
        sentence = f"Not in it: the {left_out} media that it refers to. Copy the store too."
        click.echo(sentence, err=err)
    if lost:
        sentence = f"{len(lost)} media that are missing or changed in the media folder"
        click.echo(f"Not in it: {sentence}: {short_list(lost)}.", err=err)


def restore(settings: Settings, file: Path) -> None:
    """Restore a backup into an empty database; publishing starts stopped."""
    lay_tables(settings)
    make_media_folder(settings.media)
    context = open_worker_context(settings)
    try:
        restored = _fill(context, file)
        click.echo(
            f"Restored: {restored.rows} rows, {restored.media} media, "
            f"as of {restored.manifest.made_at}."
        )
        _print_lost(restored.manifest)
        click.echo(f"Fell due since then, and will be looked for: {restored.unconfirmed}.")
        if hint := key_hint(settings, context.database):
            click.echo(f"{PREFIX}SECRET_KEY: {hint}", err=True)
        _print_sought(reconcile.seek(context, tell=_progress_printer(SEEKING)))
    finally:
        context.database.dispose()
    click.echo("Everything is stopped. Start web and clock, look at the decisions, then release.")


def _fill(context: WorkerContext, file: Path) -> Restored:
    try:
        return backup_restore(
            context.database,
            context.store,
            file,
            now=now(),
            reason=REASON,
            tell=_progress_printer("The backup is being restored."),
        )
    except OtherSchema as problem:
        raise click.ClickException(
            f"The backup is of schema {problem.backup_revision}, "
            f"this version has {problem.database_revision}: "
            "restore it with the version that wrote it, then upgrade."
        ) from problem
    except NotEmpty as problem:
        raise click.ClickException(
            f"The database is not empty ({problem}): "
            "a backup is restored into a new one, before nagarvani init. "
            "After a restore that was ended, start the clock, which goes on."
        ) from problem
    except OtherStore as problem:
        raise click.ClickException(_OTHER_STORE.format_map(problem.values)) from problem
    except (OSError, StoreAway, Damaged) as problem:
        raise click.ClickException(f"Nothing was restored: {problem}") from problem


def _print_sought(sought: ReconcileCounts) -> None:
    click.echo(
        f"Still ahead and looked for now: {sought.checked}; live already: {sought.live}; "
        f"not looked for, because a platform did not answer: {sought.unchecked}."
    )
    if sought.unchecked:
        click.echo("The clock goes on looking for those while everything is stopped.")


def _progress_printer(task: str) -> Callable[[str, int, int], None]:
    """Print a line for each part that is begun, and one for each tenth of a long one.

    A log gets one line with the task instead.
    """
    if not sys.stderr.isatty():
        click.echo(task, err=True)
        return lambda _what, _done, _total: None
    printed: set[tuple[str, int]] = set()

    def tell(what: str, done: int, total: int) -> None:
        tenth = done * 10 // max(total, 1)
        key = (what, tenth if what in ("media", "reading back", "looking") else 0)
        if key not in printed:
            printed.add(key)
            click.echo(f"  {what}: {done} of {total}", err=True)

    return tell
