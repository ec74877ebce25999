"""Codes for approving on the spot, officers' own texts, and sign-ins that were refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    _spot_codes()
    op.create_table(
        "return_texts",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_return_texts_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_texts")),
        sa.UniqueConstraint("person_id", "words", name=op.f("uq_return_texts_person_id_words")),
    )
    _refused_sign_ins()
    op.create_index("ix_decisions_person_at", "decisions", ["person_id", "at", "id"])


def _spot_codes() -> None:
    op.create_table(
        "spot_codes",
        sa.Column("id", Key, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("letters_digest", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("revision_id", Key, nullable=False),
        sa.Column("made_by_id", Key, nullable=False),
        sa.Column("made_under_id", Key, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_spot_codes_revision_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["people.id"], name=op.f("fk_spot_codes_made_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_under_id"], ["appointments.id"], name=op.f("fk_spot_codes_made_under_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_codes")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_spot_codes_token_digest")),
        sa.UniqueConstraint("letters_digest", name=op.f("uq_spot_codes_letters_digest")),
    )
    op.create_index(op.f("ix_spot_codes_revision_id"), "spot_codes", ["revision_id"])


def _refused_sign_ins() -> None:
    op.create_table(
        "refused_sign_ins",
        sa.Column("id", Key, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_refused_sign_ins_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_sign_ins")),
    )
    op.create_index(op.f("ix_refused_sign_ins_at"), "refused_sign_ins", ["at"])
    op.create_index(op.f("ix_refused_sign_ins_person_id"), "refused_sign_ins", ["person_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_decisions_person_at", table_name="decisions")
    op.drop_table("refused_sign_ins")
    op.drop_table("return_texts")
    op.drop_table("spot_codes")
