"""What a command recorded after confirming began is not looked through as from before."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: migration 0029 could not tell these rows by their times."""
    # Commands have named themselves in the history since confirming began.
    op.execute(
        "UPDATE appointments SET is_unreviewed = FALSE WHERE is_unreviewed AND id IN"
        " (SELECT subject_id FROM events WHERE subject = 'appointments'"
        " AND actor_kind = 'service' AND CAST(details AS TEXT) LIKE '%\"command\"%')"
    )


def downgrade() -> None:
    """Take it back: nothing is lost by it."""
