"""The emergency lane: duties, templates with their approvals, uses of them, and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    _make_duties()
    _make_templates()
    _make_uses()
    _make_alerts()


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _points(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _make_duties() -> None:
    op.create_table(
        "duties",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", Key, nullable=False),
        sa.Column("recorded_under_id", Key, nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", Key, nullable=True),
        _points("duties", "person_id", "people.id"),
        _points("duties", "recorded_by_id", "people.id"),
        _points("duties", "recorded_under_id", "appointments.id"),
        _points("duties", "ended_by_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
    )
    op.create_index(op.f("ix_duties_person_id"), "duties", ["person_id"])
    op.create_index(op.f("ix_duties_until_at"), "duties", ["until_at"])


def _make_templates() -> None:
    op.create_table(
        "emergency_templates",
        sa.Column("id", Key, nullable=False),
        sa.Column("code", sa.String(60), nullable=True),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("name_mr", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        _points("emergency_templates", "department_id", "departments.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_templates")),
        sa.UniqueConstraint("code", name=op.f("uq_emergency_templates_code")),
    )
    op.create_index(
        op.f("ix_emergency_templates_department_id"), "emergency_templates", ["department_id"]
    )
    _make_template_revisions()
    _make_template_decisions()


def _make_template_revisions() -> None:
    op.create_table(
        "template_revisions",
        sa.Column("id", Key, nullable=False),
        sa.Column("template_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("name_mr", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("text_mr", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("blanks", sa.JSON(), nullable=False),
        sa.Column("late_limit", sa.Integer(), nullable=False),
        sa.Column("author_id", Key, nullable=True),
        sa.Column("author_under_id", Key, nullable=True),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        _points("template_revisions", "template_id", "emergency_templates.id"),
        _points("template_revisions", "department_id", "departments.id"),
        _points("template_revisions", "author_id", "people.id"),
        _points("template_revisions", "author_under_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_revisions")),
        sa.UniqueConstraint(
            "template_id", "number", name=op.f("uq_template_revisions_template_id_number")
        ),
    )


def _make_template_decisions() -> None:
    op.create_table(
        "template_decisions",
        sa.Column("id", Key, nullable=False),
        sa.Column("revision_id", Key, nullable=False),
        sa.Column("department_id", Key, nullable=False),
        sa.Column("verdict", _enum("verdict", "approved", "returned"), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("appointment_id", Key, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by_id", Key, nullable=True),
        _points("template_decisions", "revision_id", "template_revisions.id"),
        _points("template_decisions", "department_id", "departments.id"),
        _points("template_decisions", "person_id", "people.id"),
        _points("template_decisions", "appointment_id", "appointments.id"),
        _points("template_decisions", "withdrawn_by_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_decisions")),
    )
    standing = sa.text("verdict = 'approved' AND withdrawn_at IS NULL")
    op.create_index(
        "uq_template_decisions_standing",
        "template_decisions",
        ["revision_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _make_uses() -> None:
    op.create_table(
        "emergency_uses",
        sa.Column("id", Key, nullable=False),
        sa.Column("decision_id", Key, nullable=False),
        sa.Column("template_revision_id", Key, nullable=False),
        sa.Column("approval_id", Key, nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("typed", sa.JSON(), nullable=False),
        sa.Column("word_name", sa.String(160), nullable=False),
        sa.Column("word_post", sa.String(160), nullable=False),
        sa.Column("word_at", UtcDateTime(), nullable=False),
        sa.Column(
            "word_how",
            _enum("word_how", "phone", "in_person", "letter", "radio"),
            nullable=False,
        ),
        sa.Column("form_token", sa.String(64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.Column("ratification", _enum("ratification", "ratified", "refused"), nullable=True),
        sa.Column("ratified_at", UtcDateTime(), nullable=True),
        sa.Column("ratified_by_id", Key, nullable=True),
        sa.Column("ratified_under_id", Key, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _points("emergency_uses", "decision_id", "decisions.id"),
        _points("emergency_uses", "template_revision_id", "template_revisions.id"),
        _points("emergency_uses", "approval_id", "template_decisions.id"),
        _points("emergency_uses", "ratified_by_id", "people.id"),
        _points("emergency_uses", "ratified_under_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_uses")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_emergency_uses_decision_id")),
        sa.UniqueConstraint("form_token", name=op.f("uq_emergency_uses_form_token")),
    )
    op.create_index(
        op.f("ix_emergency_uses_template_revision_id"), "emergency_uses", ["template_revision_id"]
    )
    owed = sa.text("ratification IS NULL")
    op.create_index(
        "ix_emergency_uses_owed",
        "emergency_uses",
        ["due_at"],
        sqlite_where=owed,
        postgresql_where=owed,
    )


def _make_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", Key, nullable=False),
        sa.Column("delivery_id", Key, nullable=False),
        sa.Column("trouble", sa.String(24), nullable=False),
        sa.Column("since_at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("taken_by_id", Key, nullable=True),
        sa.Column("taken_under_id", Key, nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        _points("alerts", "delivery_id", "deliveries.id"),
        _points("alerts", "taken_by_id", "people.id"),
        _points("alerts", "taken_under_id", "appointments.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("delivery_id", "since_at", name=op.f("uq_alerts_delivery_id_since_at")),
    )
    still = sa.text("taken_at IS NULL AND settled_at IS NULL")
    op.create_index("ix_alerts_open", "alerts", ["id"], sqlite_where=still, postgresql_where=still)


def downgrade() -> None:
    """Take it back."""
    for table in (
        "alerts",
        "emergency_uses",
        "template_decisions",
        "template_revisions",
        "emergency_templates",
        "duties",
    ):
        op.drop_table(table)
