"""Files of officers and heads, and the meaning of their columns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no file was read yet."""
    op.create_table(
        "register_layouts",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", _kind(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.Column("kept_by_id", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["kept_by_id"], ["people.id"], name=op.f("fk_register_layouts_kept_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_layouts")),
        sa.UniqueConstraint("kind", "digest", name=op.f("uq_register_layouts_kind_digest")),
    )
    op.create_table(
        "register_files",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", _kind(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.Column("uploaded_by_id", Key, nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["people.id"], name=op.f("fk_register_files_uploaded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_files")),
    )
    for column in ("uploaded_at", "uploaded_by_id"):
        op.create_index(op.f(f"ix_register_files_{column}"), "register_files", [column])


def _kind() -> sa.Enum:
    return sa.Enum(
        "officers", "heads", name="kind", native_enum=False, create_constraint=True, length=24
    )


def downgrade() -> None:
    """Undo the change; the files and what their columns mean are lost."""
    op.drop_table("register_files")
    op.drop_table("register_layouts")
