"""Earlier texts of edited comments are kept, and pasted links that were not read back yet."""

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
    op.create_table(
        "unread_links",
        sa.Column("delivery_id", Key, nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_unread_links_delivery_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_unread_links")),
    )
    op.create_index("ix_unread_links_look_at", "unread_links", ["look_at"])
    # What an earlier version could not read back is looked at now.
    op.execute(
        "INSERT INTO unread_links (delivery_id, look_at, looks, problem)"
        " SELECT delivery_id, stored_at, 0, '' FROM receipts"
        " WHERE origin = 'by_hand' AND answer = '' AND action = 'publish' AND gone_at IS NULL"
    )


def downgrade() -> None:
    """Take it back: the earlier texts and the looks to come are lost."""
    op.drop_table("unread_links")
    op.drop_table("comment_versions")
