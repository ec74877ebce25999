"""Tries that were counted against their account's limits when they were claimed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("attempts") as batch:
        batch.add_column(
            sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    """Take it back: what is claimed meanwhile is counted when it is sent."""
    with op.batch_alter_table("attempts") as batch:
        batch.drop_column("counted")
