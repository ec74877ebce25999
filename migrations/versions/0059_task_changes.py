"""Tasks by the number of their last change, in place of two indexes for each reader."""

from __future__ import annotations

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_index("ix_tasks_change", "tasks", ["change_id"])
    op.drop_index("ix_tasks_queue_change", "tasks")
    op.drop_index("ix_tasks_appointment_change", "tasks")


def downgrade() -> None:
    """Undo the change."""
    op.create_index("ix_tasks_appointment_change", "tasks", ["appointment_id", "change_id"])
    op.create_index("ix_tasks_queue_change", "tasks", ["queue", "change_id"])
    op.drop_index("ix_tasks_change", "tasks")
