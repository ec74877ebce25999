"""Restore of a backup into an empty database, which starts under a stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, bindparam, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import failpoints, transitions
from publisher.database.session import Base, Database, core_table
from publisher.delivery import dispatch, restore_state
from publisher.media.store import MediaStore, StoreAway
from publisher.models.controls import Stop
from publisher.models.deliveries import Delivery
from publisher.models.submission_details import StoreInUse
from publisher.operations import store_identity
from publisher.operations.backup.archive_format import Manifest, check
from publisher.operations.backup.row_codec import columns_to_itself, decode_row
from publisher.operations.backup.write import Progress
from publisher.states import CLAIMED_OR_SENDING, DeliveryState

AT_ONCE = 500


class NotEmpty(Exception):
    """The database is not empty; a backup is restored only into an empty one."""


class OtherSchema(Exception):
    """The backup's schema revision differs from the database's."""

    def __init__(self, backup_revision: str, database_revision: str) -> None:
        super().__init__(backup_revision, database_revision)
        self.backup_revision = backup_revision
        self.database_revision = database_revision


@dataclass(frozen=True)
class Restored:
    """The number of rows and media restored, and of deliveries that became unconfirmed."""

    manifest: Manifest
    rows: int
    media: int
    unconfirmed: int


def restore(
    database: Database, store: MediaStore, file: Path, *, now: datetime, reason: str, tell: Progress
) -> Restored:
    """Fill an empty, migrated database and the media store; everything starts stopped.

    Rows, stop and unconfirmed deliveries are one transaction. `seek` checks later deliveries while
    that stop is active. Raises `Damaged`, `NotEmpty`, `OtherSchema`, `OtherStore`, and `StoreAway`.
    """
    manifest = check(file, tell=tell)
    with database.reading() as session:
        _check_fits(session, manifest)  # before the store is checked, which has an identity by then
    with ZipFile(file) as archive:
        carried = _check_store(store, archive)
        for number, digest in enumerate(manifest.media, start=1):
            tell("media", number, len(manifest.media))
            store.save(archive.read(f"media/{digest}"))
        with database.transaction() as session:
            _check_fits(session, manifest)
            rows = _fill(session, archive, tell)
            stop_everything(session, now=now, reason=reason, backup_at=manifest.moment)
            unconfirmed = doubt(session, since=manifest.moment, now=now)
            unlaid = store_identity.restore_identity(session, carried=carried, now=now)
            failpoints.hit("restore.in_commit")
    if unlaid is not None:
        with suppress(StoreAway):  # everything is restored by now, and the next start sets it
            store_identity.finish(database, store, unlaid)
    failpoints.hit("restore.unsought")
    return Restored(manifest, rows, len(manifest.media), unconfirmed)


def _check_store(store: MediaStore, archive: ZipFile) -> str:
    """Return the identity of the store, which must be that of the backup, or empty."""
    carried = store.identity()
    rows = _rows(core_table(StoreInUse), archive)
    backed_up = next((str(row["identity"]) for row in rows), "")
    if carried not in ("", backed_up):
        raise store_identity.OtherStore(store.address, carried, backed_up)
    return carried


def _check_fits(session: Session, manifest: Manifest) -> None:
    revision = MigrationContext.configure(session.connection()).get_current_revision()
    if manifest.revision != revision:
        raise OtherSchema(manifest.revision, str(revision))
    for table in Base.metadata.sorted_tables:
        if session.execute(select(table).limit(1)).first() is not None:
            raise NotEmpty(table.name)


def _fill(session: Session, archive: ZipFile, tell: Progress) -> int:
    tables, rows = Base.metadata.sorted_tables, 0
    for number, table in enumerate(tables, start=1):
        tell(table.name, number, len(tables))
        rows += _fill_table(session, table, archive)
        _reset_sequence(session, table)
    return rows


def _fill_table(session: Session, table: Table, archive: ZipFile) -> int:
    """Insert the rows of a table; references to later rows of the table are set afterwards."""
    self_references, count = columns_to_itself(table), 0
    for batch in _batches(_rows(table, archive)):
        plain = [
            {**row, **{name: None for name in self_references if _points_ahead(table, row, name)}}
            for row in batch
        ]
        session.execute(insert(table), plain)
        count += len(plain)
    for column in self_references:
        _link(session, table, column, archive)
    return count


def _points_ahead(table: Table, row: Mapping[str, Any], column: str) -> bool:
    """Return True if the row refers to one that follows it: rows are ordered by id."""
    (key,) = table.primary_key.columns
    return row[column] is not None and row[column] > row[key.name]


def _rows(table: Table, archive: ZipFile) -> Iterator[dict[str, object]]:
    with archive.open(f"rows/{table.name}.jsonl") as part:
        for line in part:
            yield decode_row(table, line.decode())


def _batches(rows: Iterable[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """Yield the rows in batches."""
    remaining = iter(rows)
    while batch := list(islice(remaining, AT_ONCE)):
        yield batch


def _link(session: Session, table: Table, column: str, archive: ZipFile) -> None:
    (key,) = table.primary_key.columns
    statement = update(table).where(key == bindparam("of")).values({column: bindparam("points_to")})
    links = (
        {"of": row[key.name], "points_to": row[column]}
        for row in _rows(table, archive)
        if _points_ahead(table, row, column)
    )
    for batch in _batches(links):
        session.connection().execute(statement, batch)


def _reset_sequence(session: Session, table: Table) -> None:
    """Set the PostgreSQL sequence of `id` to the last value; does nothing on SQLite."""
    if session.get_bind().dialect.name == "sqlite" or "id" not in table.c:
        return
    last = session.execute(select(func.max(table.c.id))).scalar()
    if last is None:
        return
    counting = "SELECT setval(pg_get_serial_sequence(:of, 'id'), :last)"
    session.execute(text(counting), {"of": table.name, "last": last})


def stop_everything(session: Session, *, now: datetime, reason: str, backup_at: datetime) -> None:
    """Insert a stop, so that nothing is sent until a person has checked the restore."""
    stop = Stop(at=now, reason=reason)
    session.add(stop)
    restore_state.record(session, stop, backup_at=backup_at, now=now)


def doubt(session: Session, *, since: datetime, now: datetime) -> int:
    """Mark deliveries that may have been sent after the backup as unconfirmed."""
    doubtful = or_(
        Delivery.state.in_(CLAIMED_OR_SENDING),
        (Delivery.state == DeliveryState.SCHEDULED) & (Delivery.due_at <= now),
    )
    query = select(Delivery).where(doubtful).order_by(Delivery.id).with_for_update()
    deliveries = list(session.scalars(query))
    for delivery in deliveries:
        delivery.look_at, delivery.looks = now, 0
        delivery.sending_at = delivery.sending_at or min(delivery.due_at, since)
        dispatch.end_lapsed_attempt(session, delivery, now, sending_at=delivery.sending_at)
        delivery.reason = {"code": "restored"}
        transitions.apply(
            session, delivery, DeliveryState.UNCONFIRMED, actor=CLOCK, now=now, verb="doubt"
        )
    return len(deliveries)
