"""Accounts by purpose, users and token state; their limits, warnings and ways of connecting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

USED_UP = "remaining <= 0"
WAS_SENT = "sending_at IS NOT NULL"


def upgrade() -> None:
    """Add the columns and the four tables."""
    _widen_accounts()
    _add_users()
    _add_allowances()
    _add_warnings()
    _add_connectings()
    op.create_index(
        op.f("ix_attempts_sent"),
        "attempts",
        ["sending_at"],
        sqlite_where=sa.text(WAS_SENT),
        postgresql_where=sa.text(WAS_SENT),
    )


def _widen_accounts() -> None:
    with op.batch_alter_table("accounts") as batch:
        batch.add_column(sa.Column("purpose", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("platform_id", sa.String(40), nullable=False, server_default=""))
        batch.add_column(sa.Column("daily_cap", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("token_until", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("data_until", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("scopes", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("missing", sa.JSON(), nullable=False, server_default="[]"))
    # A page was always known here by its number on Facebook.
    op.execute("UPDATE accounts SET platform_id = handle WHERE platform = 'facebook'")


def _add_users() -> None:
    op.create_table(
        "account_departments",
        sa.Column("account_id", Key, nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_departments_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_account_departments_department_id"),
        ),
        sa.PrimaryKeyConstraint("account_id", "department_id", name=op.f("pk_account_departments")),
    )


def _add_allowances() -> None:
    op.create_table(
        "allowances",
        sa.Column("id", Key, nullable=False),
        sa.Column("account_id", Key, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("resets_at", UtcDateTime(), nullable=False),
        sa.Column("learned_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_allowances_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowances")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_allowances_account_id_name")),
    )
    op.create_index(
        op.f("ix_allowances_used_up"),
        "allowances",
        ["account_id"],
        sqlite_where=sa.text(USED_UP),
        postgresql_where=sa.text(USED_UP),
    )


def _add_warnings() -> None:
    about = sa.Enum(
        "token", "data", name="about", native_enum=False, create_constraint=True, length=24
    )
    op.create_table(
        "ending_warnings",
        sa.Column("id", Key, nullable=False),
        sa.Column("account_id", Key, nullable=False),
        sa.Column("about", about, nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_ending_warnings_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ending_warnings")),
        sa.UniqueConstraint(
            "account_id",
            "about",
            "ends_at",
            "days",
            name=op.f("uq_ending_warnings_account_id_about_ends_at_days"),
        ),
    )


def _add_connectings() -> None:
    op.create_table(
        "connectings",
        sa.Column("id", Key, nullable=False),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("state_digest", sa.String(64), nullable=False),
        sa.Column("sign_in_id", Key, nullable=False),
        sa.Column("account_id", Key, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("back_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("refusal", sa.String(40), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_ins.id"], name=op.f("fk_connectings_sign_in_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_connectings_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connectings")),
        sa.UniqueConstraint("state_digest", name=op.f("uq_connectings_state_digest")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index(op.f("ix_attempts_sent"), table_name="attempts")
    for table in ("connectings", "ending_warnings"):
        op.drop_table(table)
    op.drop_index(op.f("ix_allowances_used_up"), table_name="allowances")
    for table in ("allowances", "account_departments"):
        op.drop_table(table)
    with op.batch_alter_table("accounts") as batch:
        for name in ("missing", "scopes", "data_until", "token_until", "daily_cap"):
            batch.drop_column(name)
        for name in ("platform_id", "purpose"):
            batch.drop_column(name)
