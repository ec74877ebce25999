"""A decision says how its person was known: in a session, or by a personal link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_CREDENTIALS = sa.Enum(
    *("session", "link_and_code", "link_and_passkey", "link_and_sign_in"),
    name="credential",
    native_enum=False,
    create_constraint=True,
    length=24,
)


def upgrade() -> None:
    """Make the change: until now every decision was made in a session."""
    with op.batch_alter_table("decisions") as batch:
        batch.add_column(
            sa.Column(
                "credential",
                _CREDENTIALS,
                nullable=False,
                server_default="session",
                comment="How the person was known",
            )
        )


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("decisions") as batch:
        batch.drop_constraint(op.f("ck_decisions_credential"), type_="check")
        batch.drop_column("credential")
