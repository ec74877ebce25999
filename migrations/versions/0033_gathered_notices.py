"""Notices about several texts of one post are gathered into one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: notices from before stay as they were written."""
    with op.batch_alter_table("notices") as notices:
        notices.add_column(sa.Column("post_id", Key, nullable=True))
        notices.add_column(sa.Column("lines", sa.JSON(), nullable=False, server_default="[]"))
        notices.create_foreign_key(op.f("fk_notices_post_id"), "posts", ["post_id"], ["id"])


def downgrade() -> None:
    """Take it back: what is gathered stays one notice."""
    with op.batch_alter_table("notices") as notices:
        notices.drop_constraint(op.f("fk_notices_post_id"), type_="foreignkey")
        notices.drop_column("lines")
        notices.drop_column("post_id")
