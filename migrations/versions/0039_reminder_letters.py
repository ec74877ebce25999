"""Reminder letters of calls, and files that an export makes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no letter was written yet."""
    op.add_column(
        "nomination_calls", sa.Column("told_without_line_at", UtcDateTime(), nullable=True)
    )
    op.create_table(
        "reminder_letters",
        sa.Column("id", Key, nullable=False),
        sa.Column("addressee_id", Key, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("recipient", _recipient(), nullable=False),
        sa.Column("office_id", Key, nullable=False),
        sa.Column("head_id", Key, nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("is_mailed", sa.Boolean(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("written_by_id", Key, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=op.f(f"fk_reminder_letters_{column}")
            )
            for column, target in (
                ("addressee_id", "call_addressees"),
                ("office_id", "departments"),
                ("head_id", "appointments"),
                ("written_by_id", "people"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_letters")),
        sa.UniqueConstraint("number", name=op.f("uq_reminder_letters_number")),
    )
    op.create_index(op.f("ix_reminder_letters_addressee_id"), "reminder_letters", ["addressee_id"])
    op.create_table(
        "export_files",
        sa.Column("export_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_files_export_id")
        ),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_files")),
    )


def _recipient() -> sa.Enum:
    return sa.Enum(
        "head",
        "office_above",
        name="recipient",
        native_enum=False,
        create_constraint=True,
        length=24,
    )


def downgrade() -> None:
    """Undo the change; the letters are lost, their numbers are not used again."""
    op.drop_table("export_files")
    op.drop_table("reminder_letters")
    with op.batch_alter_table("nomination_calls") as batch:
        batch.drop_column("told_without_line_at")
