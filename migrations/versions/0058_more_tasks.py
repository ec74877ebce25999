"""More of who has to act as rows; `nagarvani db upgrade` writes those of what stands open."""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

TABLES = (
    *("posts", "submissions", "deliveries", "watches"),
    *("department_changes", "transfer_lists", "accounts"),
    *("alerts", "emergency_uses", "emergency_templates", "quarantines", "received_mails"),
)


def upgrade() -> None:
    """Note which open work has no rows yet, or rows of another queue."""
    for table in TABLES:
        # A new database has nothing to fill, and a restore asks for empty tables.
        op.execute(
            f"INSERT INTO task_fillings (subject, last_id) "  # noqa: S608  constants
            f"SELECT '{table}', 0 FROM {table} "
            f"WHERE NOT EXISTS (SELECT 1 FROM task_fillings WHERE subject = '{table}') LIMIT 1"
        )


def downgrade() -> None:
    """Undo the change: the release before leaves out what it does not know."""
    op.execute(
        "DELETE FROM task_fillings WHERE subject NOT IN ('posts', 'comments', 'departments')"
    )
