"""Which looks are at answers, the looks of the old schedule, and when a platform's credits end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime
from publisher.now import now

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SHORTEST, STEP, SPREAD = timedelta(hours=16), timedelta(minutes=15), 12
AT_ONCE = 500

_WATCHES = sa.table(
    "watches",
    sa.column("id", Key),
    sa.column("receipt_id", Key),
    sa.column("look_at", UtcDateTime()),
    sa.column("absent_at", UtcDateTime()),
    sa.column("is_answer", sa.Boolean()),
)
_RECEIPTS = sa.table(
    "receipts",
    sa.column("id", Key),
    sa.column("delivery_id", Key),
    sa.column("published_at", UtcDateTime()),
)
_DELIVERIES = sa.table("deliveries", sa.column("id", Key), sa.column("post_id", Key))
_POSTS = sa.table("posts", sa.column("id", Key), sa.column("kind", sa.String()))


def upgrade() -> None:
    """Make the change, and spread the looks that are pending over the intervals of the new ones."""
    with op.batch_alter_table("watches") as batch:
        batch.add_column(
            sa.Column("is_answer", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "credit_outages",
        sa.Column("platform", sa.String(20), primary_key=True),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("try_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
    )
    _replace_key_of_alerts("uq_alerts_delivery_id_since_at", ["trouble"])
    move_looks(op.get_bind(), now())


def move_looks(connection: sa.Connection, at: datetime) -> None:
    """Say which watches are of answers, and move the looks of the old schedule to the new one."""
    connection.execute(
        sa.update(_WATCHES).where(_WATCHES.c.receipt_id.in_(_answers())).values(is_answer=sa.true())
    )
    moved = sa.update(_WATCHES).where(_WATCHES.c.id == sa.bindparam("watch_id"))
    moved = moved.values(look_at=sa.bindparam("new_look_at", type_=UtcDateTime()))
    for rows in _moved(connection, at):
        connection.execute(moved, rows)


def _replace_key_of_alerts(old: str, more: list[str]) -> None:
    """Replace the key by one that has also these columns."""
    columns = ["delivery_id", "since_at", *more]
    with op.batch_alter_table("alerts") as batch:
        batch.drop_constraint(op.f(old), type_="unique")
        batch.create_unique_constraint(op.f("uq_alerts_" + "_".join(columns)), columns)


def _answers() -> sa.Select[Any]:
    return (
        sa.select(_RECEIPTS.c.id)
        .join(_DELIVERIES, _DELIVERIES.c.id == _RECEIPTS.c.delivery_id)
        .join(_POSTS, _POSTS.c.id == _DELIVERIES.c.post_id)
        .where(_POSTS.c.kind == "reply")
    )


def _moved(connection: sa.Connection, at: datetime) -> Iterator[list[dict[str, Any]]]:
    """Yield the watches to move, a few at a time: their ids, and the times of their next looks."""
    query = (
        sa.select(_WATCHES, _RECEIPTS.c.published_at)
        .join(_RECEIPTS, _RECEIPTS.c.id == _WATCHES.c.receipt_id)
        # A post that one look did not find is looked at again in its quarter of an hour.
        .where(_WATCHES.c.look_at.is_not(None), _WATCHES.c.absent_at.is_(None))
        .order_by(_WATCHES.c.id)
    )
    rows = connection.execute(query).all()
    for start in range(0, len(rows), AT_ONCE):
        yield [
            {"watch_id": row.id, "new_look_at": _next_look(row, at)}
            for row in rows[start : start + AT_ONCE]
        ]


def _next_look(row: sa.Row[Any], at: datetime) -> datetime | None:
    """Return when a post or answer of the old schedule is looked at next; None: no more.

    By its id the looks of a week or a month are spread over that time, so that they neither come
    nor are billed all at once.
    """
    age: timedelta = at - row.published_at
    look_at: datetime = row.look_at
    if row.is_answer:
        published_at: datetime = row.published_at
        return published_at + (DAY if age < DAY else WEEK) if age < WEEK else None
    if age < 30 * DAY:
        latest: datetime = at + SHORTEST + STEP * (row.receipt_id % SPREAD)
        return min(look_at, latest)
    if look_at > at + DAY:  # of a weekly schedule
        return look_at
    days: int = row.receipt_id % (7 if age < 365 * DAY else 30)
    return look_at + days * DAY


def downgrade() -> None:
    """Undo the change: answers that were looked at twice are looked at no more."""
    op.execute("DELETE FROM alerts WHERE trouble = 'credits'")
    _replace_key_of_alerts("uq_alerts_delivery_id_since_at_trouble", [])
    op.drop_table("credit_outages")
    with op.batch_alter_table("watches") as batch:
        batch.drop_column("is_answer")
