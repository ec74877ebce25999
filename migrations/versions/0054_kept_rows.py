"""Triggers that keep decisions, revisions, variants, receipts and names as they were written."""

from __future__ import annotations

from alembic import op

from migrations import kept_rows

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

APPENDED = {"events": "id", "seals": "event_id"}


def upgrade() -> None:
    """Make the change."""
    for table in kept_rows.CHANGES:
        kept_rows.protect(table)
    if op.get_bind().dialect.name == "sqlite":
        for table, key in APPENDED.items():
            kept_rows.refuse_replacement(table, key)


def downgrade() -> None:
    """Undo the change: only the history is kept from changes."""
    for table in kept_rows.CHANGES:
        kept_rows.unprotect(table)
    if op.get_bind().dialect.name == "sqlite":
        for table in APPENDED:
            op.execute(f"DROP TRIGGER {table}_no_replacement")
