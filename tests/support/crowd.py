"""Fills the city with very many rows, by copying its rows inside the database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, String, cast, func, insert, literal, select, text
from sqlalchemy.orm import Session

from publisher.database.session import Base
from publisher.models.comments import Comment, Reply, Routing, Thread
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.posts import Decision, Post, Revision, RevisionDepartment, Variant
from publisher.models.submissions import PostSubmission, Submission
from tests.support.city import City

ID_STEP = 1_000
"""The difference between the ids of one copy and the next; the original rows have smaller ids."""

ID_COLUMNS: Mapping[type[Base], tuple[str, ...]] = {
    Submission: ("id",),
    Post: ("id",),
    PostSubmission: ("post_id", "submission_id"),
    Revision: ("id", "post_id"),
    RevisionDepartment: ("revision_id",),
    Variant: ("id", "revision_id"),
    Decision: ("id", "revision_id"),
    Delivery: ("id", "post_id", "variant_id"),
    ReceiptRow: ("id", "delivery_id"),
    Thread: ("id", "receipt_id"),
    Comment: ("id", "thread_id"),
    Routing: ("id", "comment_id"),
    Reply: ("post_id", "comment_id"),
}
HOURS_APART = 30
"""How many hours each copy is dated before the previous copy, so that all cover years."""

TIME_COLUMNS: Mapping[type[Base], tuple[str, ...]] = {
    Submission: ("received_at", "state_at", "wished_at"),
    Post: ("created_at", "state_at"),
    Decision: ("at",),
    Delivery: ("due_at", "state_at"),
    ReceiptRow: ("published_at",),
    Comment: ("written_at", "state_at", "due_at"),
}
UNIQUE_COLUMNS: Mapping[type[Base], str] = {
    Submission: "number",
    ReceiptRow: "platform_id",
    Thread: "root_id",
    Comment: "platform_id",
}


def copy_submissions(town: City, copies: int, *, existing: int = 0) -> None:
    """Copy every submission with its posts, deliveries and comments, but without its history.

    `existing` is the number of copies that exist already.
    """
    with town.write() as session:
        for table in ID_COLUMNS:
            _copy(session, table, existing, copies)
        session.execute(text("ANALYZE"))


def _copy(session: Session, table: type[Base], existing: int, copies: int) -> None:
    times = select(literal(existing + 1).label("time")).cte("times", recursive=True)
    times = times.union_all(select(times.c.time + 1).where(times.c.time < existing + copies))
    columns = list(table.__table__.columns)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    chosen = [
        _earlier_time(column, times.c.time, is_sqlite=is_sqlite)
        if column.name in TIME_COLUMNS.get(table, ())
        else _copied_value(table, column.name, column, times.c.time)
        for column in columns
    ]
    first = getattr(table, ID_COLUMNS[table][0])
    rows = select(*chosen).select_from(table).join(times, first < ID_STEP)
    session.execute(insert(table).from_select([column.name for column in columns], rows))
    if not is_sqlite and "id" in table.__table__.columns:
        name = table.__tablename__
        most = f"(SELECT max(id) FROM {name})"
        session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {most})"))


def _earlier_time(
    column: ColumnElement[object], time: ColumnElement[int], *, is_sqlite: bool
) -> ColumnElement[object]:
    """Return SQL for the column's time minus the copies' distance, for each database."""
    if is_sqlite:
        back = literal("-") + cast(time * HOURS_APART, String) + literal(" hours")
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, back)
    return column - time * text(f"interval '{HOURS_APART} hours'")


def _copied_value(
    table: type[Base], name: str, column: ColumnElement[object], time: ColumnElement[int]
) -> ColumnElement[object]:
    if name in ID_COLUMNS[table]:
        return column + time * ID_STEP
    if name == UNIQUE_COLUMNS.get(table):
        return column + literal("-") + cast(time, String)
    if name == "form_token":
        return func.nullif(literal(""), "")
    return column
