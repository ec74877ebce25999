"""Writing a backup from a consistent snapshot while the application runs."""

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
from publisher.media.store import MediaStore, MediumChanged, MediumMissing
from publisher.operations import retention
from publisher.operations.backup.archive_format import MANIFEST, Manifest, TablePart, check
from publisher.operations.backup.row_codec import encode_row

Progress = Callable[[str, int, int], None]
"""A callback with the part being written, the number done, and the total."""

AT_ONCE = 1_000
EARLIEST = (1980, 1, 1, 0, 0, 0)


def write(
    database: Database, store: MediaStore | None, file: Path, *, now: datetime, tell: Progress
) -> Manifest:
    """Write the backup to a temporary file, verify it, and rename it; without store, without media.

    Raises `Damaged` if the verification fails, `StoreAway` if a medium may be there and cannot be
    read, and `OSError`. No file is written then.
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
    """Create the file readable by its owner only, and sync it to disk at the end."""
    with suppress(FileNotFoundError):
        file.unlink()
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    yield
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _write_all(
    database: Database, store: MediaStore | None, archive: ZipFile, now: datetime, tell: Progress
) -> Manifest:
    with _snapshot(database) as connection:
        revision = str(MigrationContext.configure(connection).get_current_revision())
        tables = Base.metadata.sorted_tables
        parts = []
        for number, table in enumerate(tables, start=1):
            tell(table.name, number, len(tables))
            parts.append(_write_table(connection, table, archive))
        referenced = retention.list_used_digests(connection)
    media, lost = _write_all_media(store, referenced, archive, tell) if store else ((), ())
    left_out = 0 if store else len(referenced)
    manifest = Manifest(now.isoformat(), revision, tuple(parts), media, lost, left_out)
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
    return manifest


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """Open a connection that reads one snapshot of the database."""
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
            line = encode_row(dict(row)).encode() + b"\n"
            digest.update(line)
            out.write(line)
            count += 1
    return TablePart(table.name, count, digest.hexdigest())


def _write_all_media(
    store: MediaStore, referenced: set[str], archive: ZipFile, tell: Progress
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write all media of the store; return their digests, and those of the lost ones."""
    stored = set(store.digests())
    media = tuple(_write_media(store, sorted(stored), archive, tell))
    # A file that no row names may have been deleted meanwhile: it is lost only if it still exists.
    still_there = {digest for digest in stored.difference(media) if store.exists(digest)}
    return media, tuple(sorted(still_there | referenced.difference(media)))


def _write_media(
    store: MediaStore, digests: list[str], archive: ZipFile, tell: Progress
) -> Iterator[str]:
    """Yield the digest of every medium written; missing and changed ones are skipped."""
    for number, digest in enumerate(digests, start=1):
        tell("media", number, len(digests))
        try:
            content = store.open(digest)
        except (MediumMissing, MediumChanged):
            continue
        archive.writestr(_entry(f"media/{digest}"), content, ZIP_STORED)
        yield digest


def _entry(name: str) -> ZipInfo:
    """Return an archive entry with a constant date; the manifest has the backup's time."""
    entry = ZipInfo(name, EARLIEST)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry
