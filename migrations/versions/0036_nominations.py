"""Departments are called to name their officers, and their heads name them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: there is no call yet, and no class of service is known."""
    service_class = sa.Enum(
        "official",
        "employee",
        name="service_class",
        native_enum=False,
        create_constraint=True,
        length=24,
    )
    with op.batch_alter_table("appointments") as batch:
        batch.add_column(sa.Column("service_class", service_class, nullable=True))
    op.create_table(
        "nomination_calls",
        sa.Column("id", Key, nullable=False),
        sa.Column("order_number", sa.String(80), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("nominate_by", sa.Date(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by_id", Key, nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("nominate_by >= ordered_on", name=op.f("ck_nomination_calls_dates")),
        *_foreign_keys("nomination_calls", opened_by_id="people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_calls")),
    )
    op.create_table(
        "call_addressees",
        sa.Column("id", Key, nullable=False),
        sa.Column("call_id", Key, nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("telephoned_at", UtcDateTime(), nullable=True),
        sa.Column("telephoned_by_id", Key, nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        *_foreign_keys(
            "call_addressees",
            call_id="nomination_calls",
            department_id="departments",
            telephoned_by_id="people",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_addressees")),
        sa.UniqueConstraint(
            "call_id", "department_id", name=op.f("uq_call_addressees_call_id_department_id")
        ),
    )
    op.create_index(op.f("ix_call_addressees_department_id"), "call_addressees", ["department_id"])
    op.create_table(
        "nominations",
        sa.Column("id", Key, nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("addressee_id", Key, nullable=True),
        sa.Column("head_id", Key, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("was_proven", sa.Boolean(), nullable=False),
        sa.Column("first_id", Key, nullable=False),
        sa.Column("second_id", Key, nullable=False),
        sa.CheckConstraint("first_id <> second_id", name=op.f("ck_nominations_two")),
        *_foreign_keys(
            "nominations",
            department_id="departments",
            addressee_id="call_addressees",
            head_id="appointments",
            first_id="appointments",
            second_id="appointments",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nominations")),
    )
    op.create_index("ix_nominations_department_made", "nominations", ["department_id", "made_at"])


def downgrade() -> None:
    """Take it back: what was named stays as appointments."""
    op.drop_table("nominations")
    op.drop_table("call_addressees")
    op.drop_table("nomination_calls")
    with op.batch_alter_table("appointments") as batch:
        batch.drop_constraint(op.f("ck_appointments_service_class"), type_="check")
        batch.drop_column("service_class")


def _foreign_keys(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]
