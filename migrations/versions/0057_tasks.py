"""Who has to act as rows; `nagarvani db upgrade` writes those of what stands open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

OPEN = "closed_at IS NULL"
WHAT = ("kind", "subject", "subject_id")


def upgrade() -> None:
    """Make the change, and note which open work has no rows yet."""
    op.create_table(
        "tasks",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False, comment="As in events: a table's name"),
        sa.Column("subject_id", Key, nullable=False),
        sa.Column(
            "post_id",
            Key,
            nullable=True,
            comment="The post to which it belongs: one line of Today",
        ),
        sa.Column("department_id", Key, nullable=True),
        sa.Column("appointment_id", Key, nullable=True),
        sa.Column("queue", sa.String(20), nullable=True),
        sa.Column("since_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("due_kind", sa.String(20), nullable=True),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column(
            "quiet_until",
            UtcDateTime(),
            nullable=True,
            comment="Until then lists and counts leave it out",
        ),
        sa.Column(
            "told_at", UtcDateTime(), nullable=True, comment="When a message last told of it"
        ),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column(
            "change_id",
            Key,
            nullable=False,
            comment="Of its last opening, change or closing, in the order of their commits",
        ),
        sa.CheckConstraint(
            "(appointment_id IS NULL) <> (queue IS NULL)", name=op.f("ck_tasks_whose")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_tasks_post_id")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_tasks_appointment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    for whose in ("appointment_id", "queue"):
        _index(
            "uq_tasks_" + whose.removesuffix("_id"),
            [*WHAT, whose, "department_id"],
            where=f"{OPEN} AND {whose} IS NOT NULL",
            unique=True,
        )
    alone = f"{OPEN} AND queue IS NOT NULL AND department_id IS NULL"
    _index("uq_tasks_queue_alone", [*WHAT, "queue"], where=alone, unique=True)
    op.create_index("ix_tasks_subject", "tasks", ["subject", "subject_id"])
    untold = f"{OPEN} AND told_at IS NULL AND appointment_id IS NOT NULL"
    _index("ix_tasks_untold", ["appointment_id"], where=untold)
    _index("ix_tasks_open_appointment", ["appointment_id"], where=OPEN)
    _index("ix_tasks_open_queue", ["queue"], where=OPEN)
    _index("ix_tasks_open_kind", ["kind"], where=OPEN)
    op.create_index("ix_tasks_appointment_told", "tasks", ["appointment_id", "told_at"])
    op.create_index("ix_tasks_appointment_change", "tasks", ["appointment_id", "change_id"])
    op.create_index("ix_tasks_queue_change", "tasks", ["queue", "change_id"])
    op.create_table(
        "task_looks",
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("subject_id", Key, autoincrement=False, nullable=False),
        sa.Column("look_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "subject_id", name=op.f("pk_task_looks")),
    )
    op.create_index(op.f("ix_task_looks_look_at"), "task_looks", ["look_at"])
    op.create_table(
        "task_fillings",
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("last_id", Key, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_task_fillings")),
    )
    op.create_table(
        "task_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", Key, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_changes")),
    )
    for table in ("comments", "posts", "departments"):
        # A new database has nothing to fill, and a restore asks for empty tables.
        op.execute(
            f"INSERT INTO task_fillings (subject, last_id) "  # noqa: S608  two constants
            f"SELECT '{table}', 0 FROM {table} LIMIT 1"
        )


def _index(name: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "tasks", columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def downgrade() -> None:
    """Undo the change: who has to act is worked out by the pages again."""
    for table in ("task_changes", "task_fillings", "task_looks", "tasks"):
        op.drop_table(table)
