"""An approval lapses if its appointment has to be confirmed again; people are told of each once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

LAPSED = sa.text("lapsed_at IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "decisions",
        sa.Column(
            "lapsed_at",
            UtcDateTime(),
            nullable=True,
            comment="When its appointment had to be confirmed again, until people are told",
        ),
    )
    op.create_index(
        "ix_decisions_lapsed",
        "decisions",
        ["lapsed_at"],
        sqlite_where=LAPSED,
        postgresql_where=LAPSED,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_decisions_lapsed", table_name="decisions")
    op.drop_column("decisions", "lapsed_at")
