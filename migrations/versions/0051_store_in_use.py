"""The identity of the media store that the media of this database are in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: the next start lays an identity in store and database."""
    op.create_table(
        "store_in_use",
        sa.Column("id", Key, nullable=False),
        sa.Column("identity", sa.String(40), nullable=False),
        sa.Column("replaces", sa.String(80), nullable=True),
        sa.Column("laid_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_in_use_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_in_use")),
    )


def downgrade() -> None:
    """Undo the change: any store is taken again."""
    op.drop_table("store_in_use")
