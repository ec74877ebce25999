"""`nagarvani media copy` and `media adopt`: move to another media store, or take one over."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Final

import click

from commands.app_setup import command_origin, media_store_checked, open_database, short_list
from publisher.database.session import Database
from publisher.media.configured_store import open_store
from publisher.media.store import MediaStore, StoreAway
from publisher.now import now
from publisher.operations import store_copy
from publisher.operations.store_copy import (
    ClockRuns,
    CopyOvertaken,
    SourceAway,
    StoreCopy,
    TakenTarget,
    TargetAway,
)
from publisher.operations.store_identity import beginning, bracket_problem, identify, is_own_store
from publisher.people.permissions import COMMAND
from publisher.settings.environment import Settings
from publisher.settings.media import URL_HINT, read_media_url
from publisher.settings.reader import PREFIX

_LINE_EVERY: Final = 60.0
_REWRITE_EVERY: Final = 0.2
"""Seconds between two lines of progress; on a terminal one line is written again and again."""

_AGAIN: Final = "what was copied is kept, so run the same command again"


def copy(settings: Settings, to: str, *, although_missing: bool) -> None:
    """Copy all media to the store at this address, and make the database name that store.

    Raises `ClickException` unless the database names it in the end.
    """
    url = _target_url(settings, to)
    with (
        open_database(settings) as database,
        store_copy.open_target(settings, url) as target,
        _problems_said(settings, url),
    ):
        source = open_store(settings)
        if is_own_store(database, target) and not is_own_store(database, source):
            # A switch was interrupted, or is done while the settings are still the old ones.
            identify(database, target, now=now())
        else:
            _copy_and_switch(settings, database, source, target, although_missing)
    click.echo(f"Media are kept in {url} from now on. Before web and clock start, write:")
    for line in _settings_lines(settings, url):
        click.echo(f"  {line}")
    click.echo(
        f"Nothing was removed from {settings.media.address}: keep it until backups have been made."
    )


def _copy_and_switch(
    settings: Settings,
    database: Database,
    source: MediaStore,
    target: MediaStore,
    although_missing: bool,
) -> None:
    with media_store_checked(settings, database):
        identity = identify(database, source, now=now())
    store_copy.mark_target(target, identity)
    is_switched = False
    while not is_switched:
        copied = _copy_store(database, source, target, although_missing)
        with suppress(CopyOvertaken):
            store_copy.switch(
                database,
                target,
                copied,
                identity=identity,
                actor=COMMAND,
                now=now(),
                origin=command_origin("media copy"),
            )
            is_switched = True


def _copy_store(
    database: Database, source: MediaStore, target: MediaStore, although_missing: bool
) -> StoreCopy:
    """Copy everything, and print what became of it. Raises `ClickException` if any is missing."""
    outcome = store_copy.copy_media(database, source, target, tell=progress_printer())
    click.echo(f"Copied and compared: {outcome.sent}; there already: {outcome.present}.")
    for what, digests in (("missing", outcome.missing), ("damaged", outcome.damaged)):
        if digests:
            click.echo(f"{len(digests)} are {what} in the present store: {short_list(digests)}.")
    if not outcome.is_whole and not although_missing:
        raise click.ClickException(
            "The database still names the present store. Put these files back from a backup and "
            f"run this again, or switch without them by --although-missing; {_AGAIN}."
        )
    return outcome


def _target_url(settings: Settings, to: str) -> str:
    """Return the address of a target; raises `UsageError` if it is not a valid one."""
    try:
        url = read_media_url(to)
    except ValueError:
        raise click.UsageError(f"{to}: {URL_HINT}.") from None
    media = settings.media.moved_to(url)
    if not media.bucket:
        return url
    needed = ("media_endpoint", "media_key", "media_secret")
    missing = [PREFIX + name.upper() for name in needed if not getattr(media, name)]
    if missing:
        raise click.UsageError(f"For a bucket set {', '.join(missing)} too (docs/settings.md).")
    return url


@contextmanager
def _problems_said(settings: Settings, url: str) -> Iterator[None]:
    """Turn errors that keep a copy from finishing into sentences."""
    try:
        yield
    except (TargetAway, StoreAway) as problem:
        raise click.ClickException(
            f"{url} does not answer, is full, or cannot be written{bracket_problem(problem)}. "
            f"Mend that; {_AGAIN}."
        ) from problem
    except SourceAway as problem:
        raise click.ClickException(
            f"The present store {settings.media.address} does not answer any more"
            f"{bracket_problem(problem)}; {_AGAIN}."
        ) from problem
    except TakenTarget as taken:
        message = (
            f"{url} is the present store under another name: nothing was copied."
            if taken.is_present
            else f"{url} belongs to another store or house ({beginning(taken.carried)}): nothing "
            "was copied. Name an empty one. Only if nobody uses it, such as a former store of this "
            "house, remove its file (or object) identity and run this again."
        )
        raise click.ClickException(message) from taken
    except ClockRuns as problem:
        raise click.ClickException(
            "Everything so far is copied, but a clock has given a sign of life within the last "
            "half minute, so the database still names the present store. Stop every web and clock, "
            "wait half a minute, and run this again: it sends only what is new."
        ) from problem


def _settings_lines(settings: Settings, url: str) -> Iterator[str]:
    media = settings.media.moved_to(url)
    yield f"{PREFIX}MEDIA_URL={url}"
    if media.bucket:
        yield f"{PREFIX}MEDIA_ENDPOINT={media.media_endpoint}"
        yield f"{PREFIX}MEDIA_CACHE_DIR={media.media_cache_dir.absolute()}"
        yield f"and leave {PREFIX}MEDIA_KEY, {PREFIX}MEDIA_SECRET and the like as they are"
    yield f"and no {PREFIX}MEDIA_DIR"


def adopt(settings: Settings, *, yes: bool, although_missing: bool) -> None:
    """Make the store that the settings name this database's, if the user agrees."""
    store = open_store(settings)
    with open_database(settings) as database, media_store_checked(settings, database):
        compared = store_copy.compare_media(database, store)
        number, missing = compared.referred, compared.missing
        click.echo(
            f"{store.address} ({beginning(store.identity())}) has {number - len(missing)} of the "
            f"{number} media that the database refers to, and {compared.strange} that it does not."
        )
        if missing and not although_missing:
            raise click.ClickException(
                f"{len(missing)} are missing, so nothing was changed: {short_list(missing)}. If "
                "they are lost for good, use --although-missing."
            )
        if not yes and not click.confirm(
            "Whoever else uses this store, or this database with another store, stops and says so. "
            "Adopt it?"
        ):
            raise click.ClickException("Nothing was changed.")
        try:
            store_copy.adopt(
                database, store, actor=COMMAND, now=now(), origin=command_origin("media adopt")
            )
        except ClockRuns as problem:
            raise click.ClickException(
                "A clock has given a sign of life within the last half minute, so nothing was "
                "changed. Stop every web and clock, wait half a minute, and run this again."
            ) from problem
    click.echo(f"{store.address} is the media store of this database now. Start web and clock.")


def progress_printer(
    clock: Callable[[], float] = monotonic, *, is_terminal: bool | None = None
) -> Callable[[int, int], None]:
    """Return a printer of a copy's progress: one line on a terminal, elsewhere one each minute."""
    rewrites = sys.stderr.isatty() if is_terminal is None else is_terminal
    printed_at = clock()

    def tell(done: int, total: int) -> None:
        nonlocal printed_at
        is_end = done == total
        if clock() - printed_at < (_REWRITE_EVERY if rewrites else _LINE_EVERY) and not is_end:
            return
        printed_at = clock()
        line = f"{done} of {total} media"
        click.echo(f"\r  {line}" if rewrites else f"  {line}", nl=is_end or not rewrites, err=True)

    return tell
