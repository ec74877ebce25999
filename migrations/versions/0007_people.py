"""SMS beside mail, how people want to be told, contacts to prove, what became of departments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITS = sa.text("done_at IS NULL AND dropped_at IS NULL")


def one_of(name: str, *values: str) -> sa.Enum:
    """A column that holds one of these words, CHECKed."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """Add the three tables and what an SMS needs of a notice."""
    _widen_notices()
    _add_preferences()
    _add_contact_changes()
    _add_department_changes()


def _widen_notices() -> None:
    """What is there goes by mail; the defaults only carry it over."""
    with op.batch_alter_table("notices") as notices:
        notices.add_column(
            sa.Column("channel", sa.String(24), nullable=False, server_default="mail")
        )
        notices.add_column(sa.Column("variables", sa.JSON(), nullable=False, server_default="{}"))
        notices.add_column(
            sa.Column("mail_too", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("notices") as notices:
        for name in ("channel", "variables", "mail_too"):
            notices.alter_column(name, server_default=None)
        notices.create_check_constraint(op.f("ck_notices_channel"), "channel IN ('mail', 'sms')")


def _add_preferences() -> None:
    op.create_table(
        "preferences",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("about", one_of("about", "approvals", "comments", "deadlines"), nullable=False),
        sa.Column("telling", one_of("telling", "mail", "sms", "both"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_preferences_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "about", name=op.f("pk_preferences")),
    )


def _add_contact_changes() -> None:
    op.create_table(
        "contact_changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("field", one_of("field", "mail", "mobile"), nullable=False),
        sa.Column("value", sa.String(254), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_contact_changes_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_changes")),
    )
    op.create_index(op.f("ix_contact_changes_person_id"), "contact_changes", ["person_id"])


def _add_department_changes() -> None:
    names = ("name_mr", "name_en", "name_hi", "former_mr", "former_en", "former_hi")
    kinds = ("added", "renamed", "placed", "merged", "closed")
    op.create_table(
        "department_changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("department_id", KEY, nullable=False),
        sa.Column("kind", one_of("kind", *kinds), nullable=False),
        sa.Column("in_force_on", sa.Date(), nullable=False),
        sa.Column("order_number", sa.String(80), nullable=False),
        *(sa.Column(name, sa.String(200), nullable=False) for name in names),
        sa.Column("other_id", KEY, nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", KEY, nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("dropped_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "done_at IS NULL OR dropped_at IS NULL", name=op.f("ck_department_changes_one_end")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [target], name=op.f(f"fk_department_changes_{column}")
            )
            for column, target in (
                ("department_id", "departments.id"),
                ("other_id", "departments.id"),
                ("recorded_by_id", "people.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_changes")),
    )
    op.create_index(
        "ix_department_changes_department_on",
        "department_changes",
        ["department_id", "in_force_on"],
    )
    op.create_index(
        "ix_department_changes_waiting",
        "department_changes",
        ["in_force_on"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )


def downgrade() -> None:
    """Take them away; what was an SMS is forgotten."""
    op.drop_table("department_changes")
    op.drop_table("contact_changes")
    op.drop_table("preferences")
    op.execute("DELETE FROM notices WHERE channel <> 'mail'")
    with op.batch_alter_table("notices") as notices:
        notices.drop_constraint(op.f("ck_notices_channel"), type_="check")
        for name in ("mail_too", "variables", "channel"):
            notices.drop_column(name)
