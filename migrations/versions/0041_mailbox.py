"""Mails that came, those that wait for a person, and submissions that came by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_RAW = sa.text("raw_sha256 IS NOT NULL")
_UNSEEN = sa.text("outcome = 'refused' AND seen_at IS NULL")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Make the change: no mail was read yet; an address counts once somebody confirms it."""
    with op.batch_alter_table("submissions") as batch:
        batch.alter_column("handed_in_by_id", existing_type=Key, nullable=True)
        batch.add_column(_mail_sender())
    with op.batch_alter_table("submission_notes") as batch:
        batch.alter_column("person_id", existing_type=Key, nullable=True)
        batch.add_column(_mail_sender())
    with op.batch_alter_table("department_addresses") as batch:
        batch.add_column(
            sa.Column(
                "confirmed_at",
                UtcDateTime(),
                nullable=True,
                comment="Since when mails from there are the department's",
            )
        )
        batch.add_column(sa.Column("confirmed_by_id", Key, nullable=True))
        batch.create_foreign_key(
            op.f("fk_department_addresses_confirmed_by_id"), "people", ["confirmed_by_id"], ["id"]
        )
    with op.batch_alter_table("notices") as batch:
        batch.add_column(sa.Column("path", sa.String(200), nullable=False, server_default=""))
        batch.add_column(sa.Column("in_thread", sa.JSON(), nullable=False, server_default="[]"))
    _make_mails()
    _make_quarantines()


def _mail_sender() -> sa.Column[str]:
    return sa.Column(
        "mail_sender",
        sa.String(254),
        nullable=False,
        server_default="",
        comment="The address of the mail it came by",
    )


def _make_mails() -> None:
    op.create_table(
        "received_mails",
        sa.Column("id", Key, nullable=False),
        sa.Column("raw_sha256", sa.String(64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(998), nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("content_key", sa.String(64), nullable=True),
        sa.Column("sender", sa.String(254), nullable=False),
        sa.Column("sender_name", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(1000), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", _outcome(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("is_sender_checked", sa.Boolean(), nullable=False),
        sa.Column("department_id", Key, nullable=True),
        sa.Column("submission_id", Key, nullable=True),
        sa.Column("notice_id", Key, nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("seen_by_id", Key, nullable=True),
        *_foreign_keys(
            "received_mails",
            department_id="departments",
            submission_id="submissions",
            notice_id="notices",
            seen_by_id="people",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_mails")),
        sa.UniqueConstraint("content_key", name=op.f("uq_received_mails_content_key")),
    )
    for column in ("raw_sha256", "sender", "received_at", "submission_id"):
        op.create_index(op.f(f"ix_received_mails_{column}"), "received_mails", [column])
    op.create_index(
        "ix_received_mails_content", "received_mails", ["content_digest", "received_at"]
    )
    for name, where in (("raw", _RAW), ("unseen", _UNSEEN)):
        op.create_index(
            f"ix_received_mails_{name}",
            "received_mails",
            ["received_at"],
            sqlite_where=where,
            postgresql_where=where,
        )


def _make_quarantines() -> None:
    op.create_table(
        "quarantines",
        sa.Column("id", Key, nullable=False),
        sa.Column("mail_id", Key, nullable=False),
        sa.Column("since_at", UtcDateTime(), nullable=False),
        sa.Column("state", _state(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("decided_by_id", Key, nullable=True),
        sa.Column("decided_under_id", Key, nullable=True),
        *_foreign_keys(
            "quarantines",
            mail_id="received_mails",
            decided_by_id="people",
            decided_under_id="appointments",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantines")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_quarantines_mail_id")),
    )
    op.create_index(
        "ix_quarantines_waiting",
        "quarantines",
        ["since_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def _outcome() -> sa.Enum:
    outcomes = ("submission", "joined", "quarantined", "ignored", "duplicate", "refused")
    return sa.Enum(*outcomes, name="outcome", native_enum=False, create_constraint=True, length=24)


def _state() -> sa.Enum:
    states = ("waiting", "taken_in", "not_ours", "deleted")
    return sa.Enum(*states, name="state", native_enum=False, create_constraint=True, length=24)


def _foreign_keys(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]


def downgrade() -> None:
    """Undo the change; mails are lost. It fails while something was submitted by no person."""
    op.drop_table("quarantines")
    op.drop_table("received_mails")
    with op.batch_alter_table("notices") as batch:
        batch.drop_column("in_thread")
        batch.drop_column("path")
    with op.batch_alter_table("department_addresses") as batch:
        batch.drop_constraint(op.f("fk_department_addresses_confirmed_by_id"), type_="foreignkey")
        batch.drop_column("confirmed_by_id")
        batch.drop_column("confirmed_at")
    with op.batch_alter_table("submission_notes") as batch:
        batch.drop_column("mail_sender")
        batch.alter_column("person_id", existing_type=Key, nullable=False)
    with op.batch_alter_table("submissions") as batch:
        batch.drop_column("mail_sender")
        batch.alter_column("handed_in_by_id", existing_type=Key, nullable=False)
