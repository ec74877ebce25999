"""The mentions of an account are opened once, by however many clocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MENTIONS = sa.text("receipt_id IS NULL")


def upgrade() -> None:
    """Make the change; of several that were opened, the first stays with its cursor."""
    op.execute(
        "DELETE FROM sources WHERE receipt_id IS NULL AND EXISTS (SELECT 1 FROM sources AS first "
        "WHERE first.receipt_id IS NULL AND first.account_id = sources.account_id "
        "AND first.id < sources.id)"
    )
    op.create_index(
        "uq_sources_mentions",
        "sources",
        ["account_id"],
        unique=True,
        sqlite_where=MENTIONS,
        postgresql_where=MENTIONS,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("uq_sources_mentions", table_name="sources")
