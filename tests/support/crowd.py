"""Fills the city with very many rows, by copying its rows inside the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import (
    Column,
    ColumnElement,
    String,
    Table,
    UniqueConstraint,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from publisher.database.session import Base
from tests.support.city import City

ID_STEP = 10_000
"""The difference between the ids of one copy and the next; the original rows have smaller ids."""

HOURS_APART = 30
"""How many hours each copy is dated before the previous copy, so that all cover years."""

MOST_DISTANCES = 10_000
"""After so many copies their dates begin anew, as none may lie before the first year."""

WORK = (
    "submissions",
    "submission_notes",
    "posts",
    "post_submissions",
    "revisions",
    "revision_departments",
    "variants",
    "decisions",
    "deliveries",
    "receipts",
    "threads",
    "comments",
    "routings",
    "replies",
    "tasks",
)
"""The tables of what departments hand in and of what becomes of it, without its history."""

TIME_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "submissions": ("received_at", "state_at", "wished_at"),
    "submission_notes": ("at",),
    "posts": ("created_at", "state_at"),
    "decisions": ("at",),
    "deliveries": ("due_at", "state_at"),
    "receipts": ("published_at",),
    "comments": ("written_at", "state_at", "due_at"),
    "events": ("at",),
    "freezes": ("from_at", "until_at"),
    "duties": ("from_at", "until_at"),
    "notices": ("queued_at", "state_at"),
}


def copy_submissions(town: City, copies: int, *, existing: int = 0) -> None:
    """Copy every submission with its posts, deliveries and comments, but without its history.

    `existing` is the number of copies that exist already.
    """
    with town.write() as session:
        copy_rows(session, WORK, copies, existing=existing)
        session.execute(text("ANALYZE"))


def copy_rows(
    session: Session,
    names: Collection[str],
    copies: int,
    *,
    existing: int = 0,
    where: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Copy the rows of these tables so many times; references among them lead to the same copy.

    `where` has SQL conditions that restrict the rows of a table.
    """
    for table in Base.metadata.sorted_tables:
        if table.name in names:
            copied = _Copied(table, frozenset(names))
            _copy(session, copied, existing, copies, where.get(table.name, "1 = 1"))


def last_ids(session: Session, names: Collection[str]) -> dict[str, str]:
    """Return conditions by table that hold for the rows that exist now, and for no later ones."""
    conditions = {}
    for table in Base.metadata.sorted_tables:
        if table.name in names:
            first = next(_Copied(table, frozenset(names)).ids())
            conditions[table.name] = f"{first} <= {session.scalar(select(func.max(first))) or 0}"
    return conditions


@dataclass(frozen=True)
class _Copied:
    """A table whose rows are copied, together with the rows of all these tables."""

    table: Table
    names: frozenset[str]

    def ids(self) -> Iterator[Column[object]]:
        """Yield the columns that lead to a copy."""
        for column in self.table.columns:
            targets = {key.column.table.name for key in column.foreign_keys}
            is_key = column.name == "subject_id" or (column.name == "id" and column.primary_key)
            if is_key or targets & self.names:
                yield column

    def distinct(self) -> Iterator[Column[object]]:
        """Yield the columns whose contents have to differ from copy to copy."""
        ids = set(self.ids())
        constraints = [
            set(constraint.columns)
            for constraint in self.table.constraints
            if isinstance(constraint, UniqueConstraint)
        ]
        constraints += [set(index.columns) for index in self.table.indexes if index.unique]
        for columns in constraints:
            if not columns & ids:
                own = [column for column in columns if not column.foreign_keys]
                yield from sorted(own, key=lambda column: isinstance(column.type, String))[-1:]


def _copy(session: Session, copied: _Copied, existing: int, copies: int, where: str) -> None:
    times = select(literal(existing + 1).label("time")).cte("times", recursive=True)
    times = times.union_all(select(times.c.time + 1).where(times.c.time < existing + copies))
    table, is_sqlite = copied.table, session.get_bind().dialect.name == "sqlite"
    ids, distinct = set(copied.ids()), set(copied.distinct())
    chosen: list[ColumnElement[object]] = []
    for column in table.columns:
        if column.name == "subject_id":
            chosen.append(_subject_id(table, copied.names, times.c.time))
        elif column in ids:
            chosen.append(column + times.c.time * ID_STEP)
        elif column.name in TIME_COLUMNS.get(table.name, ()):
            chosen.append(_earlier_time(column, times.c.time, is_sqlite=is_sqlite))
        elif (table.name, column.name) == ("submissions", "form_token"):
            chosen.append(func.nullif(literal(""), ""))
        elif column in distinct:
            chosen.append(_distinct_value(column, times.c.time))
        else:
            chosen.append(column)
    first = next(iter(copied.ids()))
    rows = select(*chosen).select_from(table).join(times, first < ID_STEP).where(text(where))
    if table.name == "tasks":  # only one open task about what is not copied
        rows = rows.where(table.c.subject.in_(copied.names))
    session.execute(insert(table).from_select([column.name for column in table.columns], rows))
    if not is_sqlite and "id" in table.columns:
        session.execute(
            text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {_last_id(table)})")
        )


def _last_id(table: Table) -> str:
    return f"(SELECT max(id) FROM {table.name})"


def _subject_id(
    table: Table, names: frozenset[str], time: ColumnElement[int]
) -> ColumnElement[object]:
    """Return SQL for the subject's id: that of the copy, if subjects are copied."""
    distance = case((table.c.subject.in_(names), time * ID_STEP), else_=0)
    return table.c.subject_id + distance


def _earlier_time(
    column: ColumnElement[object], time: ColumnElement[int], *, is_sqlite: bool
) -> ColumnElement[object]:
    """Return SQL for the column's time minus the copies' distance, for each database."""
    distance = time % MOST_DISTANCES
    if is_sqlite:
        back = literal("-") + cast(distance * HOURS_APART, String) + literal(" hours")
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, back)
    return column - distance * text(f"interval '{HOURS_APART} hours'")


def _distinct_value(column: Column[object], time: ColumnElement[int]) -> ColumnElement[object]:
    if isinstance(column.type, String):
        return column + literal("-") + cast(time, String)
    return column + time
