"""Nominations name the letter on paper that they were typed from, and its scan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_WITHOUT_LETTER = "head_id IS NOT NULL OR letter_id IS NOT NULL"


def upgrade() -> None:
    """Make the change: no letter was typed yet."""
    with op.batch_alter_table("nominations") as batch:
        batch.add_column(
            sa.Column(
                "letter_number",
                sa.String(80),
                nullable=False,
                server_default="",
                comment="Of the head's letter on paper",
            )
        )
        batch.add_column(
            sa.Column("letter_on", sa.Date(), nullable=True, comment="The date of that letter")
        )
        batch.add_column(
            sa.Column(
                "scan_sha256",
                sa.String(64),
                nullable=True,
                comment="The PDF or picture of that letter, in the media store",
            )
        )
        batch.add_column(sa.Column("scan_name", sa.String(200), nullable=False, server_default=""))
        batch.add_column(sa.Column("scan_mime", sa.String(80), nullable=False, server_default=""))
        batch.drop_constraint(op.f("ck_nominations_by"), type_="check")
        batch.create_check_constraint(
            op.f("ck_nominations_by"), f"{_WITHOUT_LETTER} OR scan_sha256 IS NOT NULL"
        )


def downgrade() -> None:
    """Undo the change: what a department without a head named stays as appointments alone."""
    op.execute(f"DELETE FROM nominations WHERE NOT ({_WITHOUT_LETTER})")  # noqa: S608  ours
    with op.batch_alter_table("nominations") as batch:
        batch.drop_constraint(op.f("ck_nominations_by"), type_="check")
        for name in ("scan_mime", "scan_name", "scan_sha256", "letter_on", "letter_number"):
            batch.drop_column(name)
        batch.create_check_constraint(op.f("ck_nominations_by"), _WITHOUT_LETTER)
