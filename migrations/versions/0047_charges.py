"""What platforms charge, by UTC day and cause; the authors of comments, read once in 30 days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: what was spent before is not known."""
    op.create_table(
        "charges",
        sa.Column("id", Key, nullable=False),
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("account_id", Key, nullable=False),
        sa.Column("cause", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_charges_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
        sa.UniqueConstraint(
            *("utc_day", "account_id", "cause", "kind", "price"),
            name=op.f("uq_charges_utc_day_account_id_cause_kind_price"),
        ),
    )
    op.create_table(
        "charged_resources",
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("resource", sa.String(140), nullable=False),
        sa.PrimaryKeyConstraint(
            "utc_day", "platform", "resource", name=op.f("pk_charged_resources")
        ),
    )
    op.create_table(
        "comment_authors",
        sa.Column("id", Key, nullable=False),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("author_id", sa.String(120), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("handle", sa.String(120), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_authors")),
        sa.UniqueConstraint(
            "platform", "author_id", name=op.f("uq_comment_authors_platform_author_id")
        ),
    )
    op.create_index(op.f("ix_comment_authors_read_at"), "comment_authors", ["read_at"])
    op.create_table(
        "unnamed_comments",
        sa.Column("comment_id", Key, nullable=False),
        sa.Column("author_id", sa.String(120), nullable=False),
        sa.Column("try_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_unnamed_comments_comment_id")
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_unnamed_comments")),
    )
    op.create_index(op.f("ix_unnamed_comments_try_at"), "unnamed_comments", ["try_at"])


def downgrade() -> None:
    """Take it back: what was spent is no longer known."""
    op.drop_index(op.f("ix_unnamed_comments_try_at"), "unnamed_comments")
    op.drop_table("unnamed_comments")
    op.drop_index(op.f("ix_comment_authors_read_at"), "comment_authors")
    op.drop_table("comment_authors")
    op.drop_table("charged_resources")
    op.drop_table("charges")
