"""Mailboxes of the Cell, and how far each was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no mailbox was read yet."""
    op.create_table(
        "mailboxes",
        sa.Column("label", sa.String(400), nullable=False),
        sa.Column("first_read_at", UtcDateTime(), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("leased_until", UtcDateTime(), nullable=False),
        sa.Column("begun_uid", sa.BigInteger(), nullable=False),
        sa.Column("begun_times", sa.Integer(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("label", name=op.f("pk_mailboxes")),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("mailboxes")
