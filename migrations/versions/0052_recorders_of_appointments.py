"""Those who have written in an appointment are a set that only grows, in a table of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

from publisher.database.session import Key, UtcDateTime

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_WROTE = sa.Enum(
    *("recorded", "letter", "mail", "mobile", "name", "confirmed"),
    name="wrote",
    native_enum=False,
    create_constraint=True,
    length=24,
)
_STAFF = ("admin", "cell_lead")
_NEEDS = (*_STAFF, "officer", "head")
_CHANGES = ("mail", "mobile", "name")

_PEOPLE_VERBS = (
    *("change_contact", "correct_contact", "complete_person"),
    *("change_name", "correct_name"),
)

_appointments = sa.table(
    "appointments",
    *(sa.column(name, Key) for name in ("id", "person_id", "recorded_by_id", "changed_by_id")),
    *(sa.column(name, Key) for name in ("printed_by_id", "confirmed_by_id", "confirmed_under_id")),
    *(sa.column(name, sa.String) for name in ("role", "state")),
    *(sa.column(name, UtcDateTime()) for name in ("from_at", "state_at", "confirmed_at")),
    sa.column("is_unreviewed", sa.Boolean),
)
_recorders = sa.table(
    "appointment_recorders",
    *(sa.column(name, Key) for name in ("appointment_id", "person_id")),
    sa.column("wrote", sa.String),
    sa.column("at", UtcDateTime()),
)
_events = sa.table(
    "events",
    *(sa.column(name, Key) for name in ("id", "subject_id", "person_id", "appointment_id")),
    *(sa.column(name, sa.String) for name in ("subject", "verb", "state_after", "actor_kind")),
    sa.column("details", sa.JSON),
    sa.column("at", UtcDateTime()),
)
_sign_ins = sa.table(
    "sign_ins", sa.column("person_id", Key), sa.column("signed_in_at", UtcDateTime())
)
Row = Any
Recorders = dict[int, dict[tuple[int, str], datetime]]
"""When whom has written what, by appointment."""


class _History(NamedTuple):
    """The appointments by id, and the events of them and of their people, the first one first."""

    rows: Mapping[int, Row]
    of_appointments: Mapping[int, list[Row]]
    of_people: Mapping[int, list[Row]]


def upgrade() -> None:
    """Make the change: the table says what the rows and the history know."""
    op.create_table(
        "appointment_recorders",
        sa.Column("appointment_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("wrote", _WROTE, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was last written"),
        sa.PrimaryKeyConstraint(
            *("appointment_id", "person_id", "wrote"), name=op.f("pk_appointment_recorders")
        ),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{table}.id"], name=op.f(f"fk_appointment_recorders_{name}")
            )
            for name, table in (("appointment_id", "appointments"), ("person_id", "people"))
        ),
    )
    _fill()
    with op.batch_alter_table("appointments") as batch:
        batch.drop_constraint(op.f("fk_appointments_changed_by_id"), type_="foreignkey")
        batch.drop_column("changed_by_id")
        batch.alter_column(
            "is_unreviewed",
            existing_type=sa.Boolean(),
            existing_nullable=False,
            existing_server_default=sa.false(),
            comment="In force at an upgrade, by a confirmation that would not be enough today",
        )


def downgrade() -> None:
    """Undo the change: of those who changed an address, the last one is kept."""
    with op.batch_alter_table("appointments") as batch:
        batch.add_column(
            sa.Column(
                "changed_by_id",
                Key,
                nullable=True,
                comment="Who changed the person's mail or mobile after it was recorded",
            )
        )
        batch.create_foreign_key(
            op.f("fk_appointments_changed_by_id"), "people", ["changed_by_id"], ["id"]
        )
        batch.alter_column(
            "is_unreviewed",
            existing_type=sa.Boolean(),
            existing_nullable=False,
            existing_server_default=sa.false(),
            comment="In force at the upgrade, unconfirmed, and not yet looked through",
        )
    op.execute(
        "UPDATE appointments SET changed_by_id = (SELECT person_id FROM appointment_recorders"
        " WHERE appointment_id = appointments.id AND wrote IN ('mail', 'mobile', 'name')"
        " ORDER BY at DESC LIMIT 1)"
    )
    op.drop_table("appointment_recorders")


def _fill() -> None:
    connection = op.get_bind()
    history = _history(connection)
    recorders = _recorders_of(connection, history)
    values = [
        {"appointment_id": appointment_id, "person_id": person_id, "wrote": wrote, "at": at}
        for appointment_id, written in recorders.items()
        for (person_id, wrote), at in written.items()
    ]
    if values:
        connection.execute(sa.insert(_recorders), values)
    for row in history.rows.values():
        if row.role in _NEEDS and row.state in {"confirmed", "active"}:
            _review(connection, row, history, recorders)


def _history(connection: sa.Connection) -> _History:
    rows = connection.execute(sa.select(_appointments).order_by(_appointments.c.id)).all()
    events = connection.execute(
        sa.select(_events)
        .where(
            sa.or_(
                _events.c.subject == "appointments",
                sa.and_(_events.c.subject == "people", _events.c.verb.in_(_PEOPLE_VERBS)),
            )
        )
        .order_by(_events.c.id)
    )
    history = _History({row.id: row for row in rows}, defaultdict(list), defaultdict(list))
    for event in events:
        by_id = history.of_people if event.subject == "people" else history.of_appointments
        by_id[event.subject_id].append(event)
    return history


def _recorders_of(connection: sa.Connection, history: _History) -> Recorders:
    first_sign_ins = dict(
        connection.execute(
            sa.select(_sign_ins.c.person_id, sa.func.min(_sign_ins.c.signed_in_at)).group_by(
                _sign_ins.c.person_id
            )
        ).all()
    )
    recorders: Recorders = defaultdict(dict)
    by_person: defaultdict[int, list[Row]] = defaultdict(list)
    for row in history.rows.values():
        written = recorders[row.id]
        for person_id, wrote in ((row.recorded_by_id, "recorded"), (row.printed_by_id, "letter")):
            if person_id is not None:
                written[person_id, wrote] = row.from_at
        for event in history.of_people[row.person_id]:
            _add_change(written, event, first_sign_ins.get(row.person_id))
        if row.changed_by_id is not None and not any(
            person_id == row.changed_by_id and wrote in _CHANGES for person_id, wrote in written
        ):
            written[row.changed_by_id, "mail"] = row.state_at
        _add_doubted(written, history.of_appointments[row.id])
        for earlier in by_person[row.person_id]:
            is_covered = earlier.role in _NEEDS and earlier.confirmed_at is not None
            for key, at in recorders[earlier.id].items():
                if not is_covered or key[1] in _CHANGES:
                    written.setdefault(key, at)
        by_person[row.person_id].append(row)
    return recorders


def _add_change(
    written: dict[tuple[int, str], datetime], event: Row, first_sign_in: datetime | None
) -> None:
    """Add what somebody else wrote of a person before the person's first sign-in."""
    is_late = first_sign_in is not None and event.at >= first_sign_in
    if event.person_id in {None, event.subject_id} or is_late:
        return
    for field in _fields(event):
        if field in _CHANGES:
            written[event.person_id, field] = event.at


def _fields(event: Row) -> Iterable[str]:
    if event.verb in {"change_name", "correct_name"}:
        return ("name",)
    details = event.details or {}
    fields = details.get("fields", [details.get("field")])
    return [field for field in fields if field in {"mail", "mobile"}]


def _add_doubted(written: dict[tuple[int, str], datetime], events: Iterable[Row]) -> None:
    confirmers: set[int] = set()
    for event in events:
        if event.verb == "confirm_appointment" and event.person_id is not None:
            confirmers = {event.person_id}
        elif event.verb == "doubt_appointment" and event.state_after == "recorded":
            written.update({(person_id, "confirmed"): event.at for person_id in confirmers})


def _review(connection: sa.Connection, row: Row, history: _History, recorders: Recorders) -> None:
    """Mark an appointment that would not be in force today, to be confirmed again."""
    confirmer_id, under_id = row.confirmed_by_id, row.confirmed_under_id
    values: dict[str, object] = {}
    if row.is_unreviewed:
        return
    if confirmer_id is None and not _is_by_command(row, history):
        # Whoever looked it through after an earlier upgrade has confirmed it by that.
        for event in history.of_appointments[row.id]:
            if event.verb == "look_through":
                confirmer_id, under_id = event.person_id, event.appointment_id
        values = {"confirmed_by_id": confirmer_id, "confirmed_under_id": under_id}
        if confirmer_id is None:
            values = {"is_unreviewed": True}
    if confirmer_id is not None:
        recorder_ids = {person_id for person_id, _wrote in recorders[row.id]}
        barred = {confirmer_id}
        if under_id in history.rows and history.rows[under_id].role in _STAFF:
            barred = _bound(confirmer_id, _makers(history, recorders))
        if not barred.isdisjoint(recorder_ids):
            values["is_unreviewed"] = True
    if _is_changed_by_nobody(history.of_people[row.person_id]):
        values["is_unreviewed"] = True
    if values:
        connection.execute(
            sa.update(_appointments).where(_appointments.c.id == row.id).values(values)
        )


def _is_by_command(row: Row, history: _History) -> bool:
    """Return True if a command confirmed it, or what it was carried over from."""
    if row.confirmed_at is None or row.confirmed_by_id is not None or row.is_unreviewed:
        return False
    for event in history.of_appointments[row.id]:
        before = history.rows.get((event.details or {}).get("before", 0))
        if before is not None:
            return _is_by_command(before, history)
    events = [*history.of_appointments[row.id], *history.of_people[row.person_id]]
    return any(
        event.actor_kind == "service"
        and (
            "command" in (event.details or {})
            or event.verb == "confirm_appointment"
            or (event.subject == "appointments" and event.verb.startswith("record_"))
        )
        for event in events
    )


def _makers(history: _History, recorders: Recorders) -> dict[int, set[int]]:
    """Return the recorders of each person's staff appointments, as the product does."""
    makers: defaultdict[int, set[int]] = defaultdict(set)
    begun = set()
    for row in history.rows.values():
        if row.role in _STAFF:
            if _is_by_command(row, history):
                begun |= {row.person_id} if row.state != "ended" else set()
            else:
                makers[row.person_id] |= {person_id for person_id, _wrote in recorders[row.id]}
    return {person_id: ids for person_id, ids in makers.items() if person_id not in begun}


def _bound(person_id: int, makers: Mapping[int, set[int]]) -> set[int]:
    """Return everybody whose hand shares somebody with this person's hand."""

    def hand(first_id: int) -> set[int]:
        members: set[int] = set()
        pending = {first_id}
        while pending:
            members |= pending
            pending = {maker for member in pending for maker in makers.get(member, ())} - members
        return members

    own = hand(person_id)
    return own | {other for other in makers if not own.isdisjoint(hand(other))}


def _is_changed_by_nobody(events: Iterable[Row]) -> bool:
    """Return True if an address was changed, and the history names nobody who asked for it."""
    changes = [event for event in events if event.verb in {"change_contact", "correct_contact"}]
    return any(
        event.person_id is None
        and "command" not in (event.details or {})
        and not any(
            other.person_id is not None and _fields(other) == _fields(event) for other in changes
        )
        for event in changes
    )
