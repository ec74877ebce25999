"""Who of the cell has taken a submission."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: nobody has taken anything yet."""
    with op.batch_alter_table("submissions") as batch:
        batch.add_column(
            sa.Column(
                "taken_by_id",
                Key,
                nullable=True,
                comment="Who of the cell works on it; it binds nobody",
            )
        )
        batch.add_column(sa.Column("taken_at", UtcDateTime(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_submissions_taken_by_id"), "people", ["taken_by_id"], ["id"]
        )
    taken = sa.text("taken_by_id IS NOT NULL")
    op.create_index(
        "ix_submissions_taken",
        "submissions",
        ["taken_by_id"],
        sqlite_where=taken,
        postgresql_where=taken,
    )


def downgrade() -> None:
    """Take it back: who has taken what stays in the history."""
    op.drop_index("ix_submissions_taken", "submissions")
    with op.batch_alter_table("submissions") as batch:
        batch.drop_constraint(op.f("fk_submissions_taken_by_id"), type_="foreignkey")
        batch.drop_column("taken_at")
        batch.drop_column("taken_by_id")
