"""Posts without the mark of having all their times: what lacks one is a task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.drop_index("ix_posts_timed", table_name="posts")
    op.drop_column("posts", "timed")


def downgrade() -> None:
    """Undo the change; the release before marks the posts anew."""
    op.add_column(
        "posts", sa.Column("timed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_posts_timed", "posts", ["timed", "state", "kind"])
