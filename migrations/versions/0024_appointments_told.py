"""Others are told of an appointment that was recorded or confirmed, of each once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: of what there is nobody is told."""
    with op.batch_alter_table("appointments") as batch:
        batch.add_column(
            sa.Column(
                "told_at",
                UtcDateTime(),
                nullable=True,
                comment="When others were told that it was recorded, or confirmed",
            )
        )
    op.execute("UPDATE appointments SET told_at = state_at")


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("appointments") as batch:
        batch.drop_column("told_at")
