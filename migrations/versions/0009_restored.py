"""Of a restored revision: whose words it takes over, so that their authors are bound as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RESTORED = sa.text("restored_from_id IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("revisions") as revisions:
        revisions.add_column(sa.Column("restored_from_id", Key, nullable=True))
        revisions.create_foreign_key(
            op.f("fk_revisions_restored_from_id"), "revisions", ["restored_from_id"], ["id"]
        )
    op.create_index(
        "ix_revisions_restored",
        "revisions",
        ["restored_from_id"],
        sqlite_where=RESTORED,
        postgresql_where=RESTORED,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_revisions_restored", table_name="revisions")
    with op.batch_alter_table("revisions") as revisions:
        revisions.drop_constraint(op.f("fk_revisions_restored_from_id"), type_="foreignkey")
        revisions.drop_column("restored_from_id")
