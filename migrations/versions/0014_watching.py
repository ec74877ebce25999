"""What is read back of what is out, and since when a comment is hidden."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FOUND = "settled_at IS NULL AND (found_gone_at IS NOT NULL OR differs_at IS NOT NULL)"


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "watches",
        sa.Column("id", Key, nullable=False),
        sa.Column("receipt_id", Key, nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("absent_at", UtcDateTime(), nullable=True),
        sa.Column("found_gone_at", UtcDateTime(), nullable=True),
        sa.Column("differs_at", UtcDateTime(), nullable=True),
        sa.Column("seen_text", sa.Text(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by_id", Key, nullable=True),
        sa.Column("settled_under_id", Key, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        _points("receipt_id", "receipts.id"),
        _points("settled_by_id", "people.id"),
        _points("settled_under_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
        sa.UniqueConstraint("receipt_id", name=op.f("uq_watches_receipt_id")),
    )
    op.create_index(op.f("ix_watches_look_at"), "watches", ["look_at"])
    found = sa.text(FOUND)
    op.create_index(
        "ix_watches_found", "watches", ["id"], sqlite_where=found, postgresql_where=found
    )
    with op.batch_alter_table("comments") as batch:
        batch.add_column(sa.Column("hidden_at", UtcDateTime(), nullable=True))


def _points(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_watches_{column}"))


def downgrade() -> None:
    """Take it back: what was found, and what is hidden, is no longer known."""
    with op.batch_alter_table("comments") as batch:
        batch.drop_column("hidden_at")
    op.drop_table("watches")
