"""Second factors with their recovery codes, and when each session and device proved one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_KINDS = sa.Enum("totp", name="kind", native_enum=False, create_constraint=True, length=24)
PROVED = (
    ("sign_ins", "When the second factor was last proved, here or on this device"),
    ("known_devices", "When the second factor was last proved on this device"),
)


def upgrade() -> None:
    """Make the change: nobody has a second factor yet."""
    for table, comment in PROVED:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("factor_at", UtcDateTime(), nullable=True, comment=comment))
    _add_vouchers()
    op.create_table(
        "second_factors",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("kind", _KINDS, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("last_step", Key, nullable=True),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_second_factors_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factors")),
    )
    op.create_index(op.f("ix_second_factors_person_id"), "second_factors", ["person_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_recovery_codes_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_person_id"), "recovery_codes", ["person_id"])


def _add_vouchers() -> None:
    comment = "Who read out a code in its place, for an emergency"
    with op.batch_alter_table("sign_ins") as batch:
        batch.add_column(sa.Column("vouched_by_id", Key, nullable=True, comment=comment))
        batch.add_column(sa.Column("vouched_at", UtcDateTime(), nullable=True))
        batch.create_foreign_key("fk_sign_ins_vouched_by_id", "people", ["vouched_by_id"], ["id"])
    with op.batch_alter_table("emergency_uses") as batch:
        batch.add_column(sa.Column("vouched_by_id", Key, nullable=True))
        batch.create_foreign_key(
            "fk_emergency_uses_vouched_by_id", "people", ["vouched_by_id"], ["id"]
        )


def downgrade() -> None:
    """Take it back: passwords alone are asked for again."""
    with op.batch_alter_table("emergency_uses") as batch:
        batch.drop_constraint("fk_emergency_uses_vouched_by_id", type_="foreignkey")
        batch.drop_column("vouched_by_id")
    with op.batch_alter_table("sign_ins") as batch:
        batch.drop_constraint("fk_sign_ins_vouched_by_id", type_="foreignkey")
        batch.drop_column("vouched_at")
        batch.drop_column("vouched_by_id")
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    for table, _comment in PROVED:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("factor_at")
