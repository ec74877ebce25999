"""What intake keeps: event, wards, priority, editions, duplicates, questions, uploads."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PRIORITY = sa.Enum(
    "normal", "urgent", name="priority", native_enum=False, create_constraint=True, length=24
)
FILLED: dict[str, tuple[sa.types.TypeEngine[Any], str]] = {
    "event_place": (sa.String(length=200), ""),
    "priority": (PRIORITY, "normal"),
    "urgent_reason": (sa.Text(), ""),
    "edition": (sa.Integer(), "1"),
}
"""The columns that every row has a value in, with that of the rows there are."""


def upgrade() -> None:
    _widen_submissions()
    with op.batch_alter_table("submission_files") as files:
        files.add_column(sa.Column("seconds", sa.Integer(), nullable=True))
    op.create_table(
        "submission_wards",
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("department_id", KEY, nullable=False),
        _refers("submission_wards", "submission_id", "submissions"),
        _refers("submission_wards", "department_id", "departments"),
        sa.PrimaryKeyConstraint("submission_id", "department_id", name=op.f("pk_submission_wards")),
    )
    _make_notes()
    _make_changes()
    _make_uploads()


def _widen_submissions() -> None:
    with op.batch_alter_table("submissions") as submissions:
        submissions.add_column(sa.Column("event_on", sa.Date(), nullable=True))
        submissions.add_column(sa.Column("event_until_on", sa.Date(), nullable=True))
        for name, (kind, value) in FILLED.items():
            submissions.add_column(sa.Column(name, kind, nullable=False, server_default=value))
        submissions.add_column(sa.Column("merged_into_id", KEY, nullable=True))
        submissions.create_foreign_key(
            op.f("fk_submissions_merged_into_id"), "submissions", ["merged_into_id"], ["id"]
        )
        submissions.create_index(op.f("ix_submissions_merged_into_id"), ["merged_into_id"])
    with op.batch_alter_table("submissions") as submissions:
        for name in FILLED:
            submissions.alter_column(name, server_default=None)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _make_notes() -> None:
    kinds = ("question", "answer", "note")
    kind = sa.Enum(*kinds, name="kind", native_enum=False, create_constraint=True, length=24)
    op.create_table(
        "submission_notes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("appointment_id", KEY, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        _refers("submission_notes", "submission_id", "submissions"),
        _refers("submission_notes", "person_id", "people"),
        _refers("submission_notes", "appointment_id", "appointments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_notes")),
    )
    index = op.f("ix_submission_notes_submission_id")
    op.create_index(index, "submission_notes", ["submission_id"])


def _make_changes() -> None:
    unique = op.f("uq_submission_changes_submission_id_edition_field")
    op.create_table(
        "submission_changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        _refers("submission_changes", "submission_id", "submissions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_changes")),
        sa.UniqueConstraint("submission_id", "edition", "field", name=unique),
    )


def _make_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _refers("uploads", "person_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_person_at", "uploads", ["person_id", "at"])


def downgrade() -> None:
    for table in ("uploads", "submission_changes", "submission_notes", "submission_wards"):
        op.drop_table(table)
    with op.batch_alter_table("submission_files") as files:
        files.drop_column("seconds")
    with op.batch_alter_table("submissions") as submissions:
        submissions.drop_index(op.f("ix_submissions_merged_into_id"))
        submissions.drop_constraint(op.f("fk_submissions_merged_into_id"), type_="foreignkey")
        submissions.drop_column("merged_into_id")
        submissions.drop_constraint(op.f("ck_submissions_priority"), type_="check")
        for name in (*FILLED, "event_until_on", "event_on"):
            submissions.drop_column(name)
