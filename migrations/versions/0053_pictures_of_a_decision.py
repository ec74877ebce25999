"""A decision says whether the browser showed the pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_VIEWS = sa.Enum(
    *("shown", "ticked", "not_known"),
    name="picture_view",
    native_enum=False,
    create_constraint=True,
    length=24,
)


def upgrade() -> None:
    """Make the change: of earlier decisions nothing is recorded."""
    with op.batch_alter_table("decisions") as batch:
        batch.add_column(
            sa.Column(
                "picture_view",
                _VIEWS,
                nullable=True,
                comment="What the browser reported about the pictures; None if it was not asked",
            )
        )


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("decisions") as batch:
        batch.drop_constraint(op.f("ck_decisions_picture_view"), type_="check")
        batch.drop_column("picture_view")
