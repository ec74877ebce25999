"""Quiet times and slots that the cell sets, and private feeds of the calendar."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    _make_quiet_times()
    _make_slots()
    _make_feeds()


def _make_quiet_times() -> None:
    op.create_table(
        "quiet_times",
        sa.Column("id", Key, nullable=False),
        sa.Column("account_id", Key, nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("begins", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("set_by_id", Key, nullable=True),
        sa.CheckConstraint(
            "weekday IS NULL OR weekday BETWEEN 0 AND 6", name=op.f("ck_quiet_times_weekday")
        ),
        sa.CheckConstraint(
            "begins BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439 AND begins <> ends",
            name=op.f("ck_quiet_times_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quiet_times_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["people.id"], name=op.f("fk_quiet_times_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiet_times")),
    )


def _make_slots() -> None:
    op.create_table(
        "slots",
        sa.Column("id", Key, nullable=False),
        sa.Column("account_id", Key, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("set_by_id", Key, nullable=True),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_slots_weekday")),
        sa.CheckConstraint("minute BETWEEN 0 AND 1439", name=op.f("ck_slots_minute")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_slots_account_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["people.id"], name=op.f("fk_slots_set_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
        sa.UniqueConstraint(
            "account_id", "weekday", "minute", name=op.f("uq_slots_account_id_weekday_minute")
        ),
    )


def _make_feeds() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.Column("counted_since", UtcDateTime(), nullable=True),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.Column("contents", sa.String(length=64), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_calendar_feeds_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feeds")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_calendar_feeds_token_digest")),
    )
    op.create_index(op.f("ix_calendar_feeds_person_id"), "calendar_feeds", ["person_id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_index(op.f("ix_calendar_feeds_person_id"), table_name="calendar_feeds")
    for table in ("calendar_feeds", "slots", "quiet_times"):
        op.drop_table(table)
