"""Machines whose time is wrong, and the clean end of a clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Make the change."""
    op.add_column("clock_beats", sa.Column("ended_at", UtcDateTime(), nullable=True))
    op.create_table(
        "wrong_times",
        sa.Column("id", Key, nullable=False),
        sa.Column("machine", sa.String(80), nullable=False),
        sa.Column("witness", sa.String(20), nullable=False),
        sa.Column("ahead", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("holds_posts", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("overridden_at", UtcDateTime(), nullable=True),
        sa.Column("overridden_by_id", Key, nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["overridden_by_id"],
            ["people.id"],
            name=op.f("fk_wrong_times_overridden_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_times")),
    )
    op.create_index(
        "ix_wrong_times_open",
        "wrong_times",
        ["machine"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )


def downgrade() -> None:
    """Undo the change: nobody is told of a wrong time, and a clean end is forgotten."""
    op.drop_table("wrong_times")
    op.drop_column("clock_beats", "ended_at")
