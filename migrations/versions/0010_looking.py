"""By what long lists are found: which posts were seen to have their times, and more indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STUCK = sa.text("state IN ('failed', 'unconfirmed')")
INDEXES = (
    ("ix_posts_timed", "posts", ["timed", "state", "kind"]),
    ("ix_comments_department_state", "comments", ["department_id", "state", "state_at", "id"]),
    (
        "ix_comments_department_state_due",
        "comments",
        ["department_id", "state", "due_at", "id"],
    ),
    ("ix_submissions_department_state", "submissions", ["department_id", "state"]),
    ("ix_posts_department_state", "posts", ["department_id", "state"]),
    (
        "ix_revision_departments_department",
        "revision_departments",
        ["department_id", "revision_id"],
    ),
    ("ix_deliveries_variant", "deliveries", ["variant_id", "state", "state_at"]),
    ("ix_deliveries_planned", "deliveries", ["due_at"]),
    ("ix_receipts_published_at", "receipts", ["published_at"]),
)
COMPLETE = """
UPDATE posts SET timed = {true} WHERE state = 'approved' AND NOT EXISTS (
    SELECT 1 FROM revisions JOIN variants ON variants.revision_id = revisions.id
    WHERE revisions.post_id = posts.id AND revisions.number = posts.newest AND NOT EXISTS (
        SELECT 1 FROM deliveries WHERE deliveries.variant_id = variants.id))
"""


def upgrade() -> None:
    """Make the change; what has its times already is noted at once."""
    op.add_column(
        "posts", sa.Column("timed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.create_index(
        "ix_notices_stuck",
        "notices",
        ["state_at", "id"],
        sqlite_where=STUCK,
        postgresql_where=STUCK,
    )
    true = "1" if op.get_bind().dialect.name == "sqlite" else "true"
    op.execute(COMPLETE.format(true=true))


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_notices_stuck", table_name="notices")
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_column("posts", "timed")
