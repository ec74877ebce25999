"""Copy very many past deliveries inside the database, for benchmarks only.

A few are published by the product itself; the others are copies, each an hour earlier than the one
before, with all related rows, so that every index is as full as in production.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, Table, cast, func, insert, literal, select, text
from sqlalchemy.orm import Session

from bench import town
from bench.town import Town
from publisher.database.session import Base, core_table
from publisher.models.deliveries import Attempt, Delivery, ReceiptRow
from publisher.models.history import Event
from publisher.models.posts import Decision, Post, Revision, RevisionDepartment, Variant
from publisher.now import now

BASE = 50
STEP = 1_000
"""The distance between the ids of two copies."""

SHIFTED: Mapping[type[Base], Sequence[str]] = {
    Post: ("id",),
    Revision: ("id", "post_id"),
    RevisionDepartment: ("revision_id",),
    Variant: ("id", "revision_id"),
    Decision: ("id", "revision_id"),
    Delivery: ("id", "post_id", "variant_id"),
    Attempt: ("id", "delivery_id"),
    ReceiptRow: ("id", "delivery_id"),
    Event: ("id", "subject_id"),
}
EARLIER: Mapping[type[Base], Sequence[str]] = {
    Post: ("created_at", "state_at"),
    Delivery: ("due_at", "state_at", "sending_at", "leased_until"),
    Attempt: ("claimed_at", "sending_at", "ended_at"),
    ReceiptRow: ("published_at", "stored_at"),
    Event: ("at",),
}


def fill(bench_town: Town, count: int) -> None:
    """Create `count` published deliveries of the past, a multiple of `BASE`."""
    bench_town.city.clock.at = now()
    town.schedule(bench_town, "past", [bench_town.city.now] * BASE)
    if bench_town.city.tick_dispatch() != BASE:
        raise RuntimeError("what is to be copied was not published")
    with bench_town.database.transaction() as session:
        for model in SHIFTED:
            _copy(session, model, count // BASE - 1)
    with bench_town.database.transaction() as session:
        session.execute(text("ANALYZE"))


def _copy(session: Session, model: type[Base], copies: int) -> None:
    table = core_table(model)
    times = select(literal(1).label("time")).cte("times", recursive=True)
    times = times.union_all(select(times.c.time + 1).where(times.c.time < copies))
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    chosen = [_copied(model, column, times.c.time, is_sqlite) for column in table.columns]
    query = select(*chosen).select_from(table).join(times, literal(True))
    if model is Event:
        query = query.where(table.c.subject == Delivery.__tablename__)
    session.execute(insert(table).from_select(list(table.columns.keys()), query))
    if not is_sqlite and "id" in table.columns:
        _go_on_counting(session, table)


def _copied(
    model: type[Base], column: ColumnElement[Any], time: ColumnElement[int], is_sqlite: bool
) -> ColumnElement[Any]:
    name = str(column.key)
    if name in SHIFTED[model]:
        return column + time * STEP
    if name in EARLIER.get(model, ()):
        return _earlier(column, time, is_sqlite)
    return column + literal("-") + cast(time, String) if name == "platform_id" else column


def _earlier(
    column: ColumnElement[Any], time: ColumnElement[int], is_sqlite: bool
) -> ColumnElement[Any]:
    """Return the expression for so many hours earlier, in the database's dialect."""
    if is_sqlite:
        back = literal("-") + cast(time, String) + literal(" hours")
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, back)
    return column - time * text("interval '1 hour'")


def _go_on_counting(session: Session, table: Table) -> None:
    """Let new rows get ids above the copied ones."""
    most = select(func.max(table.c.id)).scalar_subquery()
    sequence = func.pg_get_serial_sequence(table.name, "id")
    session.execute(select(func.setval(sequence, most)))
