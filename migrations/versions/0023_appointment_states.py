"""Appointments have a state: recorded, confirmed, active or ended; what is in force is active."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATES = sa.Enum(
    *("recorded", "confirmed", "active", "ended"),
    name="state",
    native_enum=False,
    create_constraint=True,
    length=24,
)
_FOREIGN = {
    "changed_by_id": "people",
    "confirmed_by_id": "people",
    "confirmed_under_id": "appointments",
}
_COMMENTS = {
    "changed_by_id": "Who changed the person's mail or mobile after it was recorded",
    "confirmed_by_id": "None with a time: by a command, or at an upgrade",
}


def upgrade() -> None:
    """Make the change: what an earlier version recorded was in force without confirmation."""
    with op.batch_alter_table("appointments") as batch:
        batch.add_column(sa.Column("state", _STATES, nullable=False, server_default="active"))
        batch.add_column(sa.Column("state_at", UtcDateTime(), nullable=True))
        for name, table in _FOREIGN.items():
            batch.add_column(sa.Column(name, Key, nullable=True, comment=_COMMENTS.get(name)))
            key = op.f(f"fk_appointments_{name}")
            batch.create_foreign_key(key, table, [name], ["id"])
        batch.add_column(sa.Column("confirmed_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("taken_up_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE appointments SET state = 'ended' WHERE until_at <= CURRENT_TIMESTAMP")
    op.execute(
        "UPDATE appointments SET state_at = CASE state WHEN 'ended' THEN until_at ELSE from_at END"
    )
    op.execute(
        "UPDATE appointments SET confirmed_at = from_at, taken_up_at = from_at"
        " WHERE state = 'active'"
    )
    with op.batch_alter_table("appointments") as batch:
        batch.alter_column("state", existing_type=sa.String(24), server_default=None)
        batch.alter_column("state_at", existing_type=UtcDateTime(), nullable=False)


def downgrade() -> None:
    """Take it back: what waits for confirmation ends, as it would be in force without one."""
    op.execute(
        "UPDATE appointments SET until_at = from_at WHERE state IN ('recorded', 'confirmed')"
    )
    with op.batch_alter_table("appointments") as batch:
        batch.drop_constraint(op.f("ck_appointments_state"), type_="check")
        for name in ("taken_up_at", "confirmed_at", *reversed(_FOREIGN)):
            if name in _FOREIGN:
                batch.drop_constraint(op.f(f"fk_appointments_{name}"), type_="foreignkey")
            batch.drop_column(name)
        batch.drop_column("state_at")
        batch.drop_column("state")
