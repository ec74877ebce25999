"""What warnings rest on: links that were looked at, and marks by which like texts are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FINDINGS = (
    "fine",
    "guarded",
    "gone",
    "trouble",
    "unreachable",
    "untrusted",
    "loops",
    "unsafe",
)


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "checked_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column(
            "finding",
            sa.Enum(
                *FINDINGS,
                name="finding",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("landed_on", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("picture_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_checked_links")),
    )
    op.create_index(op.f("ix_checked_links_next_at"), "checked_links", ["next_at"])
    op.create_index(op.f("ix_checked_links_picture_sha256"), "checked_links", ["picture_sha256"])
    op.create_table(
        "text_marks",
        sa.Column("variant_id", Key, nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_text_marks_variant_id")
        ),
        sa.PrimaryKeyConstraint("variant_id", "mark", name=op.f("pk_text_marks")),
    )
    op.create_index(op.f("ix_text_marks_mark"), "text_marks", ["mark"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("text_marks")
    op.drop_table("checked_links")
