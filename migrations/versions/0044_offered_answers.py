"""Answers to comments that came by mail and are offered to whoever answers the comment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no mail answers a comment yet."""
    with op.batch_alter_table("received_mails") as batch:
        batch.add_column(sa.Column("comment_id", Key, nullable=True))
        batch.add_column(sa.Column("offer_ended_at", UtcDateTime(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_received_mails_comment_id"), "comments", ["comment_id"], ["id"]
        )
        batch.create_index(op.f("ix_received_mails_comment_id"), ["comment_id"])


def downgrade() -> None:
    """Undo the change; which comment a mail answers is lost."""
    with op.batch_alter_table("received_mails") as batch:
        batch.drop_index(op.f("ix_received_mails_comment_id"))
        batch.drop_constraint(op.f("fk_received_mails_comment_id"), type_="foreignkey")
        batch.drop_column("offer_ended_at")
        batch.drop_column("comment_id")
