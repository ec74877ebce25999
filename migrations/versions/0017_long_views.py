"""By what the comments under a post are found, and what is on its platform no longer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

GONE = sa.text("gone_at IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.create_index("ix_threads_receipt_id", "threads", ["receipt_id"])
    op.create_index(
        "ix_receipts_gone",
        "receipts",
        ["delivery_id"],
        sqlite_where=GONE,
        postgresql_where=GONE,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_receipts_gone", table_name="receipts")
    op.drop_index("ix_threads_receipt_id", table_name="threads")
