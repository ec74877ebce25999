"""The way back: an empty house is filled, and starts under a stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, bindparam, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import failpoints, transitions
from publisher.database.session import Base, Database
from publisher.delivery import dispatch, restore_state
from publisher.media.store import Store
from publisher.models.controls import Stop
from publisher.models.deliveries import Delivery
from publisher.operations.backup.archive_format import Manifest, check
from publisher.operations.backup.row_codec import columns_to_itself, from_line
from publisher.operations.backup.write import Progress
from publisher.states import DeliveryState

AT_ONCE = 500


class NotEmpty(Exception):
    """The database holds something already: a backup is restored into an empty one only."""


class OtherSchema(Exception):
    """The backup is of another revision of the schema; `found` and `wanted` say which."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(found, wanted)
        self.found = found
        self.wanted = wanted


@dataclass(frozen=True)
class Restored:
    """What was restored, and how many deliveries fell due since the backup was made."""

    manifest: Manifest
    rows: int
    media: int
    unconfirmed: int


def restore(
    database: Database, store: Store, file: Path, *, now: datetime, reason: str, tell: Progress
) -> Restored:
    """Fill an empty, migrated database and the media folder; everything starts under a stop.

    Rows, stop and what became unconfirmed are one transaction: all of it, or nothing. What still
    lies ahead is left to `seek`, which goes on for as long as that stop stands. Raises `Damaged`,
    `NotEmpty`, `OtherSchema`, and `StoreAway`.
    """
    manifest = check(file, tell=tell)
    with ZipFile(file) as archive:
        for number, digest in enumerate(manifest.media, start=1):
            tell("media", number, len(manifest.media))
            store.save(archive.read(f"media/{digest}"))
        with database.transaction() as session:
            _check_fits(session, manifest)
            rows = _fill(session, archive, tell)
            stop_everything(session, now=now, reason=reason, backup_at=manifest.moment)
            unconfirmed = doubt(session, since=manifest.moment, now=now)
            failpoints.hit("restore.in_commit")
    failpoints.hit("restore.unsought")
    return Restored(manifest, rows, len(manifest.media), unconfirmed)


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
        _count_on(session, table)
    return rows


def _fill_table(session: Session, table: Table, archive: ZipFile) -> int:
    """Rows that point to others of their table are linked once all of them are there."""
    inward, count = columns_to_itself(table), 0
    for some in _some(_rows(table, archive)):
        plain = [{**row, **dict.fromkeys(inward)} for row in some]
        session.execute(insert(table), plain)
        count += len(plain)
    for column in inward:
        _link(session, table, column, archive)
    return count


def _rows(table: Table, archive: ZipFile) -> Iterator[dict[str, object]]:
    with archive.open(f"rows/{table.name}.jsonl") as part:
        for line in part:
            yield from_line(table, line.decode())


def _some(rows: Iterable[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    """The rows, some at a time."""
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _link(session: Session, table: Table, column: str, archive: ZipFile) -> None:
    (key,) = table.primary_key.columns
    statement = update(table).where(key == bindparam("of")).values({column: bindparam("points_to")})
    links = (
        {"of": row[key.name], "points_to": row[column]}
        for row in _rows(table, archive)
        if row[column] is not None
    )
    for some in _some(links):
        session.connection().execute(statement, some)


def _count_on(session: Session, table: Table) -> None:
    """PostgreSQL counts its keys apart from the rows: let it go on behind the last one."""
    if session.get_bind().dialect.name == "sqlite" or "id" not in table.c:
        return
    last = session.execute(select(func.max(table.c.id))).scalar()
    if last is None:
        return
    counting = "SELECT setval(pg_get_serial_sequence(:of, 'id'), :last)"
    session.execute(text(counting), {"of": table.name, "last": last})


def stop_everything(session: Session, *, now: datetime, reason: str, backup_at: datetime) -> None:
    """Nothing leaves until a person has looked at what was restored, and releases it."""
    stop = Stop(at=now, reason=reason)
    session.add(stop)
    restore_state.record(session, stop, backup_at=backup_at, now=now)


def doubt(session: Session, *, since: datetime, now: datetime) -> int:
    """Whatever may have left after the backup was made is unconfirmed, and looked for at once."""
    doubtful = or_(
        Delivery.state.in_((DeliveryState.CLAIMED, DeliveryState.SENDING)),
        (Delivery.state == DeliveryState.SCHEDULED) & (Delivery.due_at <= now),
    )
    query = select(Delivery).where(doubtful).order_by(Delivery.id).with_for_update()
    found = list(session.scalars(query))
    for delivery in found:
        delivery.look_at, delivery.looks = now, 0
        delivery.sending_at = delivery.sending_at or min(delivery.due_at, since)
        dispatch.end_unfinished(session, delivery, now, sending_at=delivery.sending_at)
        delivery.reason = {"code": "restored"}
        transitions.apply(
            session, delivery, DeliveryState.UNCONFIRMED, actor=CLOCK, now=now, verb="doubt"
        )
    return len(found)
