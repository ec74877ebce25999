"""Comments that could not be stored are kept as they were read; a cursor may have any length."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "unstored_comments",
        sa.Column("id", Key, nullable=False),
        sa.Column("account_id", Key, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("platform_id", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_unstored_comments_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unstored_comments")),
        sa.UniqueConstraint(
            "account_id", "digest", name=op.f("uq_unstored_comments_account_id_digest")
        ),
    )
    with op.batch_alter_table("sources") as batch:
        batch.alter_column("cursor", existing_type=sa.String(500), type_=sa.Text())


def downgrade() -> None:
    """Take it back: what was kept is lost, and long cursors begin again."""
    op.execute("UPDATE sources SET cursor = NULL WHERE length(cursor) > 500")
    with op.batch_alter_table("sources") as batch:
        batch.alter_column("cursor", existing_type=sa.Text(), type_=sa.String(500))
    op.drop_table("unstored_comments")
