"""Names and designations have a history; the present ones are its first rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: earlier names of a person were not kept."""
    op.create_table(
        "person_names",
        sa.Column("id", Key, primary_key=True),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("name_mr", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("designation", sa.String(160), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.Column(
            "recorded_by_id", Key, nullable=True, comment="None: by a command, or at an upgrade"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_person_names_person_id"),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["people.id"], name="fk_person_names_recorded_by_id"
        ),
    )
    op.create_index("ix_person_names_person_id", "person_names", ["person_id"])
    op.execute(
        "INSERT INTO person_names (person_id, name_mr, name_en, designation, from_at)"
        " SELECT id, name_mr, name_en, designation, created_at FROM people ORDER BY id"
    )


def downgrade() -> None:
    """Take it back: the former names are lost."""
    op.drop_table("person_names")
