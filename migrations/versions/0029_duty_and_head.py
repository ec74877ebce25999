"""A duty waits for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0029"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: whoever was on duty before stays so."""
    with op.batch_alter_table("duties") as batch:
        batch.add_column(
            sa.Column(
                "approved_at",
                UtcDateTime(),
                nullable=True,
                comment="None: it waits for a second admin or lead, and gives no right",
            )
        )
        batch.add_column(
            sa.Column(
                "approved_by_id",
                Key,
                nullable=True,
                comment="None with a time: it needed nobody else",
            )
        )
        batch.create_foreign_key(
            op.f("fk_duties_approved_by_id"), "people", ["approved_by_id"], ["id"]
        )
    op.execute("UPDATE duties SET approved_at = recorded_at")


def downgrade() -> None:
    """Take it back: a duty that waits ends, as it would give its rights otherwise."""
    op.execute("UPDATE duties SET ended_at = recorded_at WHERE approved_at IS NULL")
    with op.batch_alter_table("duties") as batch:
        batch.drop_constraint(op.f("fk_duties_approved_by_id"), type_="foreignkey")
        batch.drop_column("approved_by_id")
        batch.drop_column("approved_at")
