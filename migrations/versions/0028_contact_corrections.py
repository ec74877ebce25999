"""Staff correct mail and mobile of others; when each was proven and confirmed is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_PROVEN = "When a link or code that was sent there was used"
_CONFIRMED = "When it stood in the confirmation of an appointment"
_MOMENTS = {
    "mail_proven_at": _PROVEN,
    "mobile_proven_at": _PROVEN,
    "mail_confirmed_at": _CONFIRMED,
    "mobile_confirmed_at": _CONFIRMED,
}
_STAFF = {"asked_by_id": "None: by its owner", "seconded_by_id": None}


def upgrade() -> None:
    """Make the change: what was recorded with an appointment in force counts as confirmed."""
    with op.batch_alter_table("contact_changes") as batch:
        for name, comment in _STAFF.items():
            batch.add_column(sa.Column(name, Key, nullable=True, comment=comment))
            key = op.f(f"fk_contact_changes_{name}")
            batch.create_foreign_key(key, "people", [name], ["id"])
        batch.add_column(sa.Column("in_force_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("links") as batch:
        sent_to = sa.Column("sent_to", sa.String(254), nullable=False, server_default="")
        batch.add_column(sent_to)
    with op.batch_alter_table("links") as batch:
        batch.alter_column(
            "sent_to",
            existing_type=sa.String(254),
            server_default=None,
            comment="The mail address or mobile number it was made for",
        )
    for name, comment in _MOMENTS.items():
        op.add_column("people", sa.Column(name, UtcDateTime(), nullable=True, comment=comment))
    op.execute(
        "UPDATE people SET mail_confirmed_at = (SELECT min(confirmed_at) FROM appointments"
        " WHERE appointments.person_id = people.id) WHERE mail IS NOT NULL"
    )
    op.execute(
        "UPDATE people SET mobile_confirmed_at = (SELECT min(confirmed_at) FROM appointments"
        " WHERE appointments.person_id = people.id) WHERE mobile IS NOT NULL"
    )


def downgrade() -> None:
    """Take it back: what was proven or confirmed is lost, and so is what waits."""
    op.execute("DELETE FROM contact_changes WHERE in_force_at IS NOT NULL")
    with op.batch_alter_table("contact_changes") as batch:
        for name in _STAFF:
            batch.drop_constraint(op.f(f"fk_contact_changes_{name}"), type_="foreignkey")
            batch.drop_column(name)
        batch.drop_column("in_force_at")
    with op.batch_alter_table("links") as batch:
        batch.drop_column("sent_to")
    for name in _MOMENTS:
        op.drop_column("people", name)
