"""A browser that signed in is known, refusals are counted by day, and events of access listed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NOBODY = sa.text("person_id IS NULL")
OF_ACCESS = sa.text(
    "subject || '' IN ('people', 'appointments', 'sign_ins', 'known_devices', 'refused_sign_ins', "
    "'duties')"
)


def upgrade() -> None:
    """Make the change."""
    _known_devices()
    _refusal_days()
    op.create_index(
        "ix_events_access",
        "events",
        ["at", "id"],
        sqlite_where=OF_ACCESS,
        postgresql_where=OF_ACCESS,
    )
    with op.batch_alter_table("sign_ins") as batch:
        batch.add_column(
            sa.Column("is_shared", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.add_column(
            sa.Column("method", sa.String(20), nullable=False, server_default="password")
        )
    with op.batch_alter_table("sign_ins") as batch:
        batch.alter_column("is_shared", server_default=None)
        batch.alter_column("method", server_default=None)


def _known_devices() -> None:
    op.create_table(
        "known_devices",
        sa.Column("id", Key, nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("known_since", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_known_devices_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_devices")),
        sa.UniqueConstraint(
            "token_digest", "person_id", name=op.f("uq_known_devices_token_digest_person_id")
        ),
    )
    op.create_index(op.f("ix_known_devices_person_id"), "known_devices", ["person_id"])


def _refusal_days() -> None:
    op.create_table(
        "refusal_days",
        sa.Column("id", Key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner_told_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_refusal_days_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal_days")),
        sa.UniqueConstraint("day", "person_id", name=op.f("uq_refusal_days_day_person_id")),
    )
    op.create_index(
        "uq_refusal_days_nobody",
        "refusal_days",
        ["day"],
        unique=True,
        sqlite_where=NOBODY,
        postgresql_where=NOBODY,
    )


def downgrade() -> None:
    """Take it back: every browser is unknown again."""
    op.drop_index("ix_events_access", table_name="events")
    with op.batch_alter_table("sign_ins") as batch:
        batch.drop_column("method")
        batch.drop_column("is_shared")
    op.drop_table("refusal_days")
    op.drop_table("known_devices")
