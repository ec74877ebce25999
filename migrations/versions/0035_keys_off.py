"""People may turn the keyboard shortcuts off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: everybody has the shortcuts until they turn them off."""
    comment = "Since when the person wants no keyboard shortcuts"
    op.add_column("people", sa.Column("keys_off_at", UtcDateTime(), nullable=True, comment=comment))


def downgrade() -> None:
    """Take it back: who turned them off has them again."""
    with op.batch_alter_table("people") as batch:
        batch.drop_column("keys_off_at")
