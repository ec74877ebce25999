"""The revision whose texts and pictures a mail to an approver has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no mail that was written before has any."""
    with op.batch_alter_table("notices") as batch:
        batch.add_column(sa.Column("revision_id", Key, nullable=True))
        batch.create_foreign_key(
            op.f("fk_notices_revision_id"), "revisions", ["revision_id"], ["id"]
        )


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("notices") as batch:
        batch.drop_constraint(op.f("fk_notices_revision_id"), type_="foreignkey")
        batch.drop_column("revision_id")
