"""Webhooks: stored deliveries, the comments that they name, and what accounts are told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_WAITING = sa.text("worked_at IS NULL")


def upgrade() -> None:
    """Make the change: nothing was told so far, so everything is polled as before."""
    _create_webhooks()
    _create_hints()
    with op.batch_alter_table("comments") as batch:
        batch.add_column(sa.Column("told_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("gone_at", UtcDateTime(), nullable=True))
        batch.create_index("ix_comments_account_seen", ["account_id", "seen_at"])
    with op.batch_alter_table("accounts") as batch:
        batch.add_column(sa.Column("subscription_asked_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("subscribed_at", UtcDateTime(), nullable=True))
        batch.add_column(
            sa.Column("is_told", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", Key, nullable=False),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("worked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("platform", "digest", name=op.f("uq_webhooks_platform_digest")),
    )
    op.create_index("ix_webhooks_received_at", "webhooks", ["received_at"])
    op.create_index(
        "ix_webhooks_waiting",
        "webhooks",
        ["id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _create_hints() -> None:
    op.create_table(
        "comment_hints",
        sa.Column("id", Key, nullable=False),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("platform_id", sa.String(120), nullable=False),
        sa.Column("root_id", sa.String(120), nullable=False),
        sa.Column("change", sa.String(24), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_hints")),
    )
    op.create_index("ix_comment_hints_read_at", "comment_hints", ["read_at"])
    op.create_index("ix_comment_hints_comment", "comment_hints", ["platform", "platform_id"])


def downgrade() -> None:
    """Undo the change: what was told and not read yet is found by polling, if it still exists."""
    with op.batch_alter_table("accounts") as batch:
        for column in ("is_told", "subscribed_at", "subscription_asked_at"):
            batch.drop_column(column)
    with op.batch_alter_table("comments") as batch:
        batch.drop_index("ix_comments_account_seen")
        batch.drop_column("gone_at")
        batch.drop_column("told_at")
    op.drop_table("comment_hints")
    op.drop_table("webhooks")
