"""The dialect in which an account's platform takes requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: until now every client spoke its library's dialect."""
    with op.batch_alter_table("accounts") as batch:
        batch.add_column(sa.Column("dialect", sa.String(20), nullable=False, server_default=""))
        batch.add_column(sa.Column("dialect_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("accounts") as batch:
        batch.drop_column("dialect_at")
        batch.drop_column("dialect")
