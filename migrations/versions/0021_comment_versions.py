"""The earlier texts of comments that citizens edited are kept, with the times of their reading."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "comment_versions",
        sa.Column("id", Key, nullable=False),
        sa.Column("comment_id", Key, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("replaced_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_versions_comment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_versions")),
    )
    op.create_index("ix_comment_versions_comment_id", "comment_versions", ["comment_id"])


def downgrade() -> None:
    """Take it back: the earlier texts are lost."""
    op.drop_table("comment_versions")
