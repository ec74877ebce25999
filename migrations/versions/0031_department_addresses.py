"""Shared mail addresses of departments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no department has a shared address yet."""
    op.create_table(
        "department_addresses",
        sa.Column("id", Key, nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("mail", sa.String(254), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_department_addresses_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["people.id"], name=op.f("fk_department_addresses_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_addresses")),
        sa.UniqueConstraint("mail", name=op.f("uq_department_addresses_mail")),
    )
    op.create_index(
        op.f("ix_department_addresses_department_id"), "department_addresses", ["department_id"]
    )


def downgrade() -> None:
    """Take it back: an address is a person's or nobody's again."""
    op.drop_table("department_addresses")
