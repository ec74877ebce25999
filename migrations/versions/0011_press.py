"""Orders, stop and freeze; deliveries of orders, in two steps, and urgent; receipts of each act."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ACTIONS = ("publish", "edit", "delete", "hide", "unhide")
OF_A_VARIANT = "action IN ('publish', 'edit')"
CREATING = "action = 'publish'"


def upgrade() -> None:
    """Make the change."""
    _make_tables()
    with op.batch_alter_table("accounts") as batch:
        batch.add_column(
            sa.Column("two_steps", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    _change_deliveries()
    _change_receipts()
    with op.batch_alter_table("attempts") as batch:
        batch.add_column(sa.Column("asked", sa.String(24), nullable=False, server_default=""))
        batch.add_column(sa.Column("staged_id", sa.String(120), nullable=False, server_default=""))
        batch.add_column(sa.Column("tidied_at", UtcDateTime(), nullable=True))


def _make_tables() -> None:
    op.create_table(
        "orders",
        sa.Column("id", Key, nullable=False),
        sa.Column("delivery_id", Key, nullable=False),
        sa.Column("action", _action(), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("receipt_id", Key, nullable=True),
        sa.Column("comment_id", Key, nullable=True),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("appointment_id", Key, nullable=False),
        _points("orders", "delivery_id", "deliveries.id"),
        _points("orders", "receipt_id", "receipts.id"),
        _points("orders", "comment_id", "comments.id"),
        _points("orders", "department_id", "departments.id"),
        _points("orders", "person_id", "people.id"),
        _points("orders", "appointment_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_orders_delivery_id")),
    )
    op.create_index(op.f("ix_orders_receipt_id"), "orders", ["receipt_id"])
    op.create_index(op.f("ix_orders_comment_id"), "orders", ["comment_id"])
    op.create_table(
        "stops",
        sa.Column("id", Key, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("appointment_id", Key, nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("released_by_id", Key, nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=False),
        _points("stops", "person_id", "people.id"),
        _points("stops", "appointment_id", "appointments.id"),
        _points("stops", "released_by_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stops")),
    )
    standing = sa.text("released_at IS NULL")
    op.create_index(
        "ix_stops_standing", "stops", ["id"], sqlite_where=standing, postgresql_where=standing
    )
    op.create_table(
        "freezes",
        sa.Column("id", Key, nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("account_id", Key, nullable=True),
        sa.Column("department_id", Key, nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("appointment_id", Key, nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by_id", Key, nullable=True),
        _points("freezes", "account_id", "accounts.id"),
        _points("freezes", "department_id", "departments.id"),
        _points("freezes", "person_id", "people.id"),
        _points("freezes", "appointment_id", "appointments.id"),
        _points("freezes", "lifted_by_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index(op.f("ix_freezes_until_at"), "freezes", ["until_at"])


def _action() -> sa.Enum:
    return sa.Enum(*ACTIONS, name="action", native_enum=False, create_constraint=True, length=24)


def _points(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _change_deliveries() -> None:
    with op.batch_alter_table("deliveries") as batch:
        batch.add_column(sa.Column("staged_id", sa.String(120), nullable=False, server_default=""))
        batch.add_column(
            sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.drop_constraint(op.f("uq_deliveries_variant_id_action"), type_="unique")
    waiting = sa.text("state = 'scheduled'")
    op.create_index(
        "ix_deliveries_account_due",
        "deliveries",
        ["account_id", "due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    where = sa.text(OF_A_VARIANT)
    op.create_index(
        "uq_deliveries_variant_action",
        "deliveries",
        ["variant_id", "action"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def _change_receipts() -> None:
    with op.batch_alter_table("receipts") as batch:
        batch.add_column(sa.Column("action", _action(), nullable=False, server_default="publish"))
        batch.add_column(sa.Column("gone_at", UtcDateTime(), nullable=True))
        batch.drop_constraint(op.f("uq_receipts_account_id_platform_id"), type_="unique")
    where = sa.text(CREATING)
    op.create_index(
        "uq_receipts_created",
        "receipts",
        ["account_id", "platform_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    """Take it back: what only orders, edits and later steps know is lost."""
    with op.batch_alter_table("attempts") as batch:
        for column in ("tidied_at", "staged_id", "asked"):
            batch.drop_column(column)
    for table in ("freezes", "stops", "orders"):
        op.drop_table(table)
    op.execute("DELETE FROM receipts WHERE action <> 'publish'")
    op.execute(
        "DELETE FROM attempts WHERE delivery_id IN "
        "(SELECT id FROM deliveries WHERE action NOT IN ('publish', 'edit'))"
    )
    op.execute("DELETE FROM deliveries WHERE action NOT IN ('publish', 'edit')")
    op.drop_index("uq_receipts_created", table_name="receipts")
    with op.batch_alter_table("receipts") as batch:
        batch.create_unique_constraint(
            op.f("uq_receipts_account_id_platform_id"), ["account_id", "platform_id"]
        )
        batch.drop_column("gone_at")
        batch.drop_constraint(op.f("ck_receipts_action"), type_="check")
        batch.drop_column("action")
    _change_deliveries_back()
    with op.batch_alter_table("accounts") as batch:
        batch.drop_column("two_steps")


def _change_deliveries_back() -> None:
    op.drop_index("uq_deliveries_variant_action", table_name="deliveries")
    op.drop_index("ix_deliveries_account_due", table_name="deliveries")
    with op.batch_alter_table("deliveries") as batch:
        for column in ("staged_id", "urgent"):
            batch.drop_column(column)
        batch.create_unique_constraint(
            op.f("uq_deliveries_variant_id_action"), ["variant_id", "action"]
        )
