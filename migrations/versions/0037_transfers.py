"""People move to other offices by lists, each in force on a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_ROLES = ("admin", "cell_lead", "cell", "officer", "head", "member", "oversight", "auditor")
_PENDING = sa.text("done_at IS NULL AND dropped_at IS NULL")


def upgrade() -> None:
    """Make the change: there is no list yet."""
    op.create_table(
        "transfer_lists",
        sa.Column("id", Key, nullable=False),
        sa.Column("order_number", sa.String(80), nullable=False),
        sa.Column("in_force_on", sa.Date(), nullable=False),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.Column("prepared_by_id", Key, nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_by_id", Key, nullable=True),
        sa.Column("confirmed_under_id", Key, nullable=True),
        sa.Column(
            "hindered_at",
            UtcDateTime(),
            nullable=True,
            comment="Since when its day has come and something stands in the way",
        ),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("dropped_at", UtcDateTime(), nullable=True),
        sa.Column("dropped_by_id", Key, nullable=True),
        sa.CheckConstraint(
            "done_at IS NULL OR dropped_at IS NULL", name=op.f("ck_transfer_lists_one_end")
        ),
        sa.CheckConstraint(
            "done_at IS NULL OR confirmed_at IS NOT NULL",
            name=op.f("ck_transfer_lists_confirmed"),
        ),
        *_foreign_keys(
            "transfer_lists",
            prepared_by_id="people",
            confirmed_by_id="people",
            confirmed_under_id="appointments",
            dropped_by_id="people",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_lists")),
    )
    op.create_index(
        "ix_transfer_lists_pending",
        "transfer_lists",
        ["in_force_on"],
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )
    op.create_table(
        "transfers",
        sa.Column("id", Key, nullable=False),
        sa.Column("list_id", Key, nullable=False),
        sa.Column("before_id", Key, nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.Column(
            "role",
            sa.Enum(*_ROLES, name="role", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "rank",
            sa.Integer(),
            nullable=True,
            comment="None: the first free one, for an officer",
        ),
        sa.Column(
            "contact_digest",
            sa.String(64),
            nullable=False,
            comment="Of the address confirmed for an office that needs it",
        ),
        sa.Column(
            "after_id",
            Key,
            nullable=True,
            comment="The new appointment, once it has taken effect",
        ),
        sa.CheckConstraint(
            "rank IS NULL OR (role = 'officer' AND rank IN (1, 2))", name=op.f("ck_transfers_rank")
        ),
        *_foreign_keys(
            "transfers",
            list_id="transfer_lists",
            before_id="appointments",
            department_id="departments",
            after_id="appointments",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("list_id", "before_id", name=op.f("uq_transfers_list_id_before_id")),
    )
    op.create_index(op.f("ix_transfers_before_id"), "transfers", ["before_id"])


def downgrade() -> None:
    """Take it back: what was moved stays as appointments."""
    op.drop_table("transfers")
    op.drop_table("transfer_lists")


def _foreign_keys(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]
