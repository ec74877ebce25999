"""Letters on paper with a link and a code, by which the head of the office above names officers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no letter was printed yet."""
    op.create_table(
        "nomination_letters",
        sa.Column("id", Key, nullable=False),
        sa.Column("addressee_id", Key, nullable=False),
        sa.Column("office_id", Key, nullable=False),
        sa.Column("above_id", Key, nullable=True),
        sa.Column("head_id", Key, nullable=True),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("printed_at", UtcDateTime(), nullable=False),
        sa.Column("printed_by_id", Key, nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        *_foreign_keys(
            "nomination_letters",
            addressee_id="call_addressees",
            office_id="departments",
            above_id="appointments",
            head_id="appointments",
            printed_by_id="people",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_letters")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_nomination_letters_token_digest")),
    )
    op.create_index(
        op.f("ix_nomination_letters_addressee_id"), "nomination_letters", ["addressee_id"]
    )
    with op.batch_alter_table("nominations") as batch:
        batch.alter_column("head_id", existing_type=Key, nullable=True)
        batch.add_column(sa.Column("letter_id", Key, nullable=True))
        batch.create_foreign_key(
            op.f("fk_nominations_letter_id"), "nomination_letters", ["letter_id"], ["id"]
        )
        batch.create_check_constraint(
            op.f("ck_nominations_by"), "head_id IS NOT NULL OR letter_id IS NOT NULL"
        )
    with op.batch_alter_table("appointments") as batch:
        batch.add_column(sa.Column("printed_by_id", Key, nullable=True))
        batch.create_foreign_key(
            op.f("fk_appointments_printed_by_id"), "people", ["printed_by_id"], ["id"]
        )


def downgrade() -> None:
    """Take it back: what was named on paper stays as appointments, its nominations are lost."""
    with op.batch_alter_table("appointments") as batch:
        batch.drop_constraint(op.f("fk_appointments_printed_by_id"), type_="foreignkey")
        batch.drop_column("printed_by_id")
    op.execute("DELETE FROM nominations WHERE letter_id IS NOT NULL")
    with op.batch_alter_table("nominations") as batch:
        batch.drop_constraint(op.f("ck_nominations_by"), type_="check")
        batch.drop_constraint(op.f("fk_nominations_letter_id"), type_="foreignkey")
        batch.drop_column("letter_id")
        batch.alter_column("head_id", existing_type=Key, nullable=False)
    op.drop_table("nomination_letters")


def _foreign_keys(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]
