"""Writing a backup while the house goes on working: all of it as it was at one moment."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, select

from publisher import failpoints
from publisher.database.session import Base, Database
from publisher.media.store import MediumChanged, MediumMissing, Store
from publisher.operations import retention
from publisher.operations.backup.archive_format import MANIFEST, Manifest, TablePart, check
from publisher.operations.backup.row_codec import to_line

Progress = Callable[[str, int, int], None]
"""Is told what is being written, how much of it is done, and how much there is."""

AT_ONCE = 1_000
EARLIEST = (1980, 1, 1, 0, 0, 0)


def write(
    database: Database, store: Store, file: Path, *, now: datetime, tell: Progress
) -> Manifest:
    """Write the backup, read it back, and only then give it its name.

    Raises `Damaged` where what was read back is not what was written, and `OSError`.
    """
    unfinished = file.with_name(file.name + ".part")
    try:
        with _private(unfinished), ZipFile(unfinished, "w", ZIP_DEFLATED) as archive:
            manifest = _write_all(database, store, archive, now, tell)
        check(unfinished, tell=tell)
        failpoints.hit("backup.unfinished")
        unfinished.replace(file)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    return manifest


@contextmanager
def _private(file: Path) -> Iterator[None]:
    """It holds what only the house may know: nobody else can read it, from the first byte."""
    with suppress(FileNotFoundError):
        file.unlink()
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    yield
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _write_all(
    database: Database, store: Store, archive: ZipFile, now: datetime, tell: Progress
) -> Manifest:
    with _one_moment(database) as connection:
        revision = str(MigrationContext.configure(connection).get_current_revision())
        tables = Base.metadata.sorted_tables
        parts = []
        for number, table in enumerate(tables, start=1):
            tell(table.name, number, len(tables))
            parts.append(_write_table(connection, table, archive))
        named = _named(connection)
    kept = set(store.digests())
    media = tuple(_write_media(store, sorted(kept), archive, tell))
    # What nobody named may have been tidied away meanwhile: it is lost only if it stands there.
    lost = {one for one in kept.difference(media) if store.exists(one)} | named.difference(media)
    manifest = Manifest(now.isoformat(), revision, tuple(parts), media, tuple(sorted(lost)))
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
    return manifest


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever others commit meanwhile."""
    level = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with database.engine.connect().execution_options(**level) as connection:
        connection.execute(select(1))
        yield connection


def _write_table(connection: Connection, table: Table, archive: ZipFile) -> TablePart:
    digest, count = hashlib.sha256(), 0
    query = select(table).order_by(*table.primary_key.columns)
    rows = connection.execution_options(yield_per=AT_ONCE).execute(query)
    with archive.open(_entry(f"rows/{table.name}.jsonl"), "w", force_zip64=True) as out:
        for row in rows.mappings():
            line = to_line(dict(row)).encode() + b"\n"
            digest.update(line)
            out.write(line)
            count += 1
    return TablePart(table.name, count, digest.hexdigest())


def _named(connection: Connection) -> set[str]:
    """The digest of every medium that the rows need."""
    found: set[str] = set()
    for place in retention.USED_IN:
        found.update(connection.execute(select(place).where(place != "").distinct()).scalars())
    return found


def _write_media(
    store: Store, digests: list[str], archive: ZipFile, tell: Progress
) -> Iterator[str]:
    """Every medium whose bytes are still what they were; the others are lost already."""
    for number, digest in enumerate(digests, start=1):
        tell("media", number, len(digests))
        try:
            content = store.open(digest)
        except (MediumMissing, MediumChanged):
            continue
        archive.writestr(_entry(f"media/{digest}"), content, ZIP_STORED)
        yield digest


def _entry(name: str) -> ZipInfo:
    """An entry without a date of its own: the manifest says when it was made."""
    entry = ZipInfo(name, EARLIEST)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
