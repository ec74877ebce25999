"""Duties wait for a second person, officers are away by dates, heads decide when nobody has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_GROUNDS = sa.Enum(
    *("no_officer", "undecided"),
    name="head_ground",
    native_enum=False,
    create_constraint=True,
    length=24,
)
_ABSENCE_KEYS = {
    "person_id": "people",
    "recorded_by_id": "people",
    "recorded_under_id": "appointments",
    "ended_by_id": "people",
}


def upgrade() -> None:
    """Make the change: whoever was on duty before stays so."""
    with op.batch_alter_table("duties") as batch:
        batch.add_column(
            sa.Column(
                "approved_at",
                UtcDateTime(),
                nullable=True,
                comment="None: it waits for a second admin or lead, and gives no right",
            )
        )
        batch.add_column(
            sa.Column(
                "approved_by_id",
                Key,
                nullable=True,
                comment="None with a time: it needed nobody else",
            )
        )
        batch.create_foreign_key(
            op.f("fk_duties_approved_by_id"), "people", ["approved_by_id"], ["id"]
        )
    op.execute("UPDATE duties SET approved_at = recorded_at")
    op.create_table(
        "absences",
        sa.Column("id", Key, primary_key=True),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", Key, nullable=False),
        sa.Column("recorded_under_id", Key, nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", Key, nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_absences_{name}")
            for name, table in _ABSENCE_KEYS.items()
        ),
    )
    op.create_index("ix_absences_person_id", "absences", ["person_id"])
    with op.batch_alter_table("revisions") as batch:
        batch.add_column(
            sa.Column(
                "head_decides_at",
                UtcDateTime(),
                nullable=True,
                comment="From when the head may decide if no officer has; fixed on sending",
            )
        )
    with op.batch_alter_table("decisions") as batch:
        batch.add_column(
            sa.Column(
                "head_ground",
                _GROUNDS,
                nullable=True,
                comment="Why a head might decide; None for others",
            )
        )
        batch.add_column(
            sa.Column(
                "head_from_at",
                UtcDateTime(),
                nullable=True,
                comment="From when the head might, if it was because nobody had decided",
            )
        )
    with op.batch_alter_table("appointments") as batch:
        batch.add_column(
            sa.Column(
                "is_unreviewed",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
                comment="In force at the upgrade, unconfirmed, and not yet looked through",
            )
        )
    # As migration 0023 left what was in force: its three times are one.
    op.execute(
        "UPDATE appointments SET is_unreviewed = TRUE WHERE state = 'active'"
        " AND role IN ('admin', 'cell_lead', 'officer', 'head') AND confirmed_by_id IS NULL"
        " AND confirmed_at = from_at AND taken_up_at = from_at"
    )
    # Until now a head decided only where no officer could.
    op.execute(
        "UPDATE decisions SET head_ground = 'no_officer' WHERE kind <> 'own_hand'"
        " AND appointment_id IN (SELECT id FROM appointments WHERE role = 'head')"
    )


def downgrade() -> None:
    """Take it back: a duty that waits ends, as it would give its rights otherwise."""
    with op.batch_alter_table("appointments") as batch:
        batch.drop_column("is_unreviewed")
    with op.batch_alter_table("decisions") as batch:
        batch.drop_constraint(op.f("ck_decisions_head_ground"), type_="check")
        batch.drop_column("head_from_at")
        batch.drop_column("head_ground")
    with op.batch_alter_table("revisions") as batch:
        batch.drop_column("head_decides_at")
    op.drop_table("absences")
    op.execute("UPDATE duties SET ended_at = recorded_at WHERE approved_at IS NULL")
    with op.batch_alter_table("duties") as batch:
        batch.drop_constraint(op.f("fk_duties_approved_by_id"), type_="foreignkey")
        batch.drop_column("approved_by_id")
        batch.drop_column("approved_at")
