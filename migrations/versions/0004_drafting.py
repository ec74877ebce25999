"""Notes between clerks, who has a draft open, starting texts with signatures and hashtags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER clerk_notes_no_{verb.lower()} BEFORE {verb} ON clerk_notes "
        "BEGIN SELECT RAISE(ABORT, 'clerk_notes is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        (
            "CREATE TRIGGER clerk_notes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON clerk_notes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    ],
}
KINDS = ("scheme", "project", "event", "public_notice", "measure", "press_note", "other")


def upgrade() -> None:
    """Make the change."""
    _make_notes()
    _make_open_drafts()
    _make_starting_texts()
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _make_notes() -> None:
    op.create_table(
        "clerk_notes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("appointment_id", KEY, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_clerk_notes_appointment_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_clerk_notes_person_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_clerk_notes_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clerk_notes")),
    )
    op.create_index(op.f("ix_clerk_notes_post_id"), "clerk_notes", ["post_id"])


def _make_open_drafts() -> None:
    op.create_table(
        "open_drafts",
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("touched_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_open_drafts_person_id")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_open_drafts_post_id")),
        sa.PrimaryKeyConstraint("post_id", "person_id", name=op.f("pk_open_drafts")),
    )


def _make_starting_texts() -> None:
    op.create_table(
        "starting_texts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("part", _choice("part", ("text", "signature", "hashtags")), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", _choice("kind", KINDS), nullable=True),
        sa.Column("department_id", KEY, nullable=True),
        sa.Column("text_mr", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_hi", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_starting_texts_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_starting_texts")),
    )
    op.create_index(op.f("ix_starting_texts_department_id"), "starting_texts", ["department_id"])


def _choice(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def downgrade() -> None:
    """Undo it."""
    op.drop_table("starting_texts")
    op.drop_table("open_drafts")
    op.drop_table("clerk_notes")
