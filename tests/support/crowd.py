"""A city with very many rows: what is there is copied inside the database, again and again."""

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

STEP = 1_000
"""How far apart the ids of one copy and the next lie; the rows to copy have smaller ones."""

SHIFTED: Mapping[type[Base], tuple[str, ...]] = {
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
APART = 30
"""How many hours earlier each copy happened than the one before: all of them took years."""

MOMENTS: Mapping[type[Base], tuple[str, ...]] = {
    Submission: ("received_at", "state_at", "wished_at"),
    Post: ("created_at", "state_at"),
    Decision: ("at",),
    Delivery: ("due_at", "state_at"),
    ReceiptRow: ("published_at",),
    Comment: ("written_at", "state_at", "due_at"),
}
NAMED: Mapping[type[Base], str] = {
    Submission: "number",
    ReceiptRow: "platform_id",
    Thread: "root_id",
    Comment: "platform_id",
}


def multiply(town: City, copies: int, *, after: int = 0) -> None:
    """Copy every submission with all that hangs on it so many times; the history is left out.

    `after` is how many copies there are already.
    """
    with town.write() as session:
        for table in SHIFTED:
            _copy(session, table, after, copies)
        session.execute(text("ANALYZE"))


def _copy(session: Session, table: type[Base], after: int, copies: int) -> None:
    times = select(literal(after + 1).label("time")).cte("times", recursive=True)
    times = times.union_all(select(times.c.time + 1).where(times.c.time < after + copies))
    columns = list(table.__table__.columns)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    chosen = [
        _earlier(column, times.c.time, is_sqlite=is_sqlite)
        if column.name in MOMENTS.get(table, ())
        else _copied(table, column.name, column, times.c.time)
        for column in columns
    ]
    first = getattr(table, SHIFTED[table][0])
    rows = select(*chosen).select_from(table).join(times, first < STEP)
    session.execute(insert(table).from_select([column.name for column in columns], rows))
    if not is_sqlite and "id" in table.__table__.columns:
        name = table.__tablename__
        most = f"(SELECT max(id) FROM {name})"
        session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {most})"))


def _earlier(
    column: ColumnElement[object], time: ColumnElement[int], *, is_sqlite: bool
) -> ColumnElement[object]:
    """The moment so many times further back, as each database writes it."""
    if is_sqlite:
        back = literal("-") + cast(time * APART, String) + literal(" hours")
        return func.strftime("%Y-%m-%d %H:%M:%f000", column, back)
    return column - time * text(f"interval '{APART} hours'")


def _copied(
    table: type[Base], name: str, column: ColumnElement[object], time: ColumnElement[int]
) -> ColumnElement[object]:
    if name in SHIFTED[table]:
        return column + time * STEP
    if name == NAMED.get(table):
        return column + literal("-") + cast(time, String)
    if name == "form_token":
        return func.nullif(literal(""), "")
    return column
