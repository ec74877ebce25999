"""What the virus scanner said of each file of a submission."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_RESULTS = sa.Enum(
    *("unscanned", "clean", "infected"),
    name="scan",
    native_enum=False,
    create_constraint=True,
    length=24,
)
_UNSCANNED = sa.text("scan = 'unscanned'")


def upgrade() -> None:
    """Make the change: no scanner was set when the files came."""
    with op.batch_alter_table("submission_files") as batch:
        batch.add_column(sa.Column("scan", _RESULTS, nullable=True))
        batch.add_column(sa.Column("scan_at", UtcDateTime(), nullable=True))
        batch.add_column(
            sa.Column(
                "scan_note",
                sa.String(200),
                nullable=False,
                server_default="",
                comment="The virus, or why the file still waits",
            )
        )
    op.create_index(
        "ix_submission_files_unscanned",
        "submission_files",
        ["scan_at"],
        sqlite_where=_UNSCANNED,
        postgresql_where=_UNSCANNED,
    )


def downgrade() -> None:
    """Take it back: files that wait or carry a virus are served again."""
    op.drop_index("ix_submission_files_unscanned", "submission_files")
    with op.batch_alter_table("submission_files") as batch:
        batch.drop_constraint(op.f("ck_submission_files_scan"), type_="check")
        for column in ("scan_note", "scan_at", "scan"):
            batch.drop_column(column)
