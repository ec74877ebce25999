"""The only functions that change a state. Each checks the table of moves and writes an Event."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Insert,
    Integer,
    Update,
    bindparam,
    cast,
    exists,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.sql.selectable import FromClause

from approvals.errors import Overtaken
from approvals.policy import Actor
from approvals.states import POST_MOVES, Moves, check_move
from publisher.database.bulk import as_json, bulk_insert, column_equals, is_in_rows, rows_from_json
from publisher.database.prepared_statements import PreparedStatement, Value, run
from publisher.database.session import Key, UtcDateTime, table_of
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.states import (
    ACCOUNT_MOVES,
    COMMENT_MOVES,
    DELIVERY_MOVES,
    NOTICE_MOVES,
    SUBMISSION_MOVES,
)

Stateful = Submission | Post | Delivery | Comment | Account | Notice
Row = TypeVar("Row", Submission, Post, Delivery, Comment, Account, Notice)

TABLES: Mapping[type[Stateful], Moves] = {
    Submission: SUBMISSION_MOVES,
    Post: POST_MOVES,
    Delivery: DELIVERY_MOVES,
    Comment: COMMENT_MOVES,
    Account: ACCOUNT_MOVES,
    Notice: NOTICE_MOVES,
}

_DELIVERY, _EVENT = table_of(Delivery), table_of(Event)
DELIVERY_ID, FENCE = bindparam("delivery_id", type_=Key), bindparam("fence", type_=Integer())
NOW = bindparam("now", type_=UtcDateTime())
PARAMETERS = (DELIVERY_ID, FENCE, NOW)
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""A placeholder, replaced by the `now` parameter in a prepared statement."""


def lock(
    session: Session, model: type[Row], key: int, *, options: Sequence[ORMOption] = ()
) -> Row | None:
    """Return the row, freshly read and locked until the transaction ends; None if it is missing.

    `options` load related rows with it, which are not locked.

    SQLite locks the whole file instead.
    """
    # FOR NO KEY UPDATE does not block foreign-key checks (FOR KEY SHARE) of other transactions.
    # Otherwise updating a delivery twice would deadlock with reviews, which lock the post first.
    for_update = {"key_share": True, "of": model}
    return session.get(
        model, key, options=options, with_for_update=for_update, populate_existing=True
    )


def apply(
    session: Session,
    row: Stateful,
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
    fence: int | None = None,
) -> None:
    """Change the state of one row and write the Event.

    Raises `WrongState` if the table has no such move, and `Overtaken` if the row has been moved
    (or, with `fence`, claimed again) in the meantime.
    """
    apply_all(session, [row], to, actor=actor, now=now, verb=verb, values=values, fence=fence)


def apply_all(
    session: Session,
    rows: Sequence[Stateful],
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
    fence: int | None = None,
) -> None:
    """Change the state of rows of one model that share a state: one UPDATE and one INSERT."""
    if not rows:
        return
    session.flush()
    kind, before = type(rows[0]), rows[0].state
    if any(type(row) is not kind or row.state != before for row in rows):
        raise ValueError("apply_all moves things of one kind and state")
    check_move(TABLES[kind], before, to)
    _update_states(session, rows, to, now, fence)
    event_rows = [
        event_row(row, verb, actor=actor, now=now, values=values, before=before, after=to)
        for row in rows
    ]
    bulk_insert(session, Event, event_rows)
    for row in rows:
        set_committed_value(row, "state", to)
        set_committed_value(row, "state_at", now)


class ClaimedTransition:
    """A move of one claimed delivery, by statements that are compiled once.

    Their parameters are `delivery_id`, `fence` and `now`. `set_columns` are further columns of the
    delivery to set; `side_updates` run together with the move and take the same parameters.
    `statement` does all of this at once on PostgreSQL.
    """

    def __init__(
        self,
        before: StrEnum,
        to: StrEnum,
        *,
        actor: Actor,
        verb: str,
        set_columns: Mapping[str, ColumnElement[Any]],
        side_updates: Sequence[Update] = (),
    ) -> None:
        check_move(DELIVERY_MOVES, before, to)
        changes = update(_DELIVERY).where(
            _DELIVERY.c.id == DELIVERY_ID,
            _DELIVERY.c.fence == FENCE,
            column_equals(_DELIVERY.c.state, before),
        )
        changed_rows = changes.values(state=to, state_at=NOW, **set_columns).returning(
            _DELIVERY.c.id
        )
        event_values = _event_values(_DELIVERY.name, 0, verb, actor, NEVER, None, before, to)
        event = insert(_EVENT).values({**event_values, "subject_id": DELIVERY_ID, "at": NOW})
        self._update = PreparedStatement(f"{verb}_row", changed_rows, PARAMETERS)
        self._side_statements = [
            PreparedStatement(f"{verb}_beside_{number}", statement, PARAMETERS)
            for number, statement in enumerate([event, *side_updates])
        ]
        self.statement = _combined_statement(changed_rows, event_values, side_updates)
        self._combined = PreparedStatement(verb, self.statement, PARAMETERS)

    def apply(self, connection: Connection, values: Mapping[str, Value], *, commit: bool) -> bool:
        """Make the move; returns False, and changes nothing, if the claim was lost.

        With `commit`, PostgreSQL commits in the same round trip.
        """
        if connection.dialect.name == "postgresql":
            (moved,) = run(connection, self._combined(values), commit=commit)
            return bool(moved)
        (moved,) = run(connection, self._update(values))
        if moved:
            run(connection, *(statement(values) for statement in self._side_statements))
        return bool(moved)


class ClaimedTransitions:
    """The same move of many claimed deliveries at once.

    `set_columns` are further columns of the deliveries to set. `statement` is PostgreSQL's.
    """

    def __init__(
        self,
        before: StrEnum,
        to: StrEnum,
        *,
        actor: Actor,
        verb: str,
        set_columns: Mapping[str, object],
    ) -> None:
        check_move(DELIVERY_MOVES, before, to)
        event_values = _event_values(_DELIVERY.name, 0, verb, actor, NEVER, None, before, to)
        self._updates = {
            dialect: _update_many(dialect, before, {"state": to, "state_at": NOW, **set_columns})
            for dialect in ("sqlite", "postgresql")
        }
        self.statement = _combined_statement(self._updates["postgresql"], event_values)
        self._insert_events = _insert_events(
            rows_from_json("sqlite", {"id": Key}), event_values, with_types=False
        )

    def apply(self, session: Session, fences: Mapping[int, int], now: datetime) -> frozenset[int]:
        """Move the deliveries whose fence still matches (id to fence); returns the ids that moved.

        The others were claimed again, or have changed their state.
        """
        connection = session.connection()
        rows = as_json(
            [{"id": delivery_id, "fence": fence} for delivery_id, fence in fences.items()]
        )
        values = {"rows": rows, "now": now}
        if connection.dialect.name == "postgresql":
            return frozenset(connection.execute(self.statement, values).scalars())
        moved = connection.execute(self._updates["sqlite"], values).scalars().all()
        if moved:
            values = {
                "rows": as_json([{"id": delivery_id} for delivery_id in sorted(moved)]),
                "now": now,
            }
            connection.execute(self._insert_events, values)
        return frozenset(moved)


def _update_many(
    dialect: str, before: StrEnum, values: Mapping[str, object]
) -> ReturningUpdate[Any]:
    is_held = is_in_rows(dialect, _DELIVERY.c.id, _DELIVERY.c.fence)
    is_before = column_equals(_DELIVERY.c.state, before)
    changes = update(_DELIVERY).where(is_held, is_before).values(values)
    return changes.returning(_DELIVERY.c.id)


def _combined_statement(
    changed_rows: ReturningUpdate[Any],
    event_values: Mapping[str, object],
    side_updates: Sequence[Update] = (),
) -> ReturningInsert[Any]:
    # One round trip on PostgreSQL. The other parts depend on `moved`, so all happen or none.
    moved = changed_rows.cte("moved")
    is_moved = exists(select(moved.c.id))
    side_ctes = [
        side_update.where(is_moved).cte(f"beside_{number}")
        for number, side_update in enumerate(side_updates)
    ]
    return _insert_events(moved, event_values).add_cte(*side_ctes).returning(_EVENT.c.subject_id)


def _insert_events(
    moved: FromClause, event_values: Mapping[str, object], *, with_types: bool = True
) -> Insert:
    """Return an INSERT of the same Event for each moved row, in the order of their ids."""
    # PostgreSQL needs an explicit type for each value; SQLite would cast JSON to a number.
    values = {**event_values, "subject_id": moved.c.id, "at": NOW}
    expressions = {name: _as_sql(value) for name, value in values.items()}
    columns = [
        (cast(expression, _EVENT.c[name].type) if with_types else expression).label(name)
        for name, expression in expressions.items()
    ]
    query = select(*columns).select_from(moved).order_by(moved.c.id)
    return insert(_EVENT).from_select(list(values), query)


def _as_sql(value: object) -> ColumnElement[Any]:
    # Constants are part of the statement's text, so that they are no parameters.
    if value is None or isinstance(value, ColumnElement):
        return null() if value is None else value
    constant = value if isinstance(value, str) else json.dumps(value)
    return literal_column(f"'{constant}'")


def _update_states(
    session: Session, rows: Sequence[Stateful], to: StrEnum, now: datetime, fence: int | None
) -> None:
    kind, before = type(rows[0]), rows[0].state
    guarded = update(kind).where(kind.id.in_([row.id for row in rows]), kind.state == before)
    if fence is not None:
        guarded = guarded.where(Delivery.fence == fence)
    statement = guarded.values(state=to, state_at=now)
    result = session.execute(statement.execution_options(synchronize_session=False))
    if not isinstance(result, CursorResult) or result.rowcount != len(rows):
        raise Overtaken(state=before, to=to)


def record(
    session: Session,
    row: Any,  # noqa: ANN401  any row with an id can have a history
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object] | None = None,
) -> None:
    """Write an Event without a change of state."""
    session.flush()
    session.execute(insert(Event), [event_row(row, verb, actor=actor, now=now, values=values)])


def event_row(
    row: Any,  # noqa: ANN401  any row with an id can have a history
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object] | None = None,
    before: StrEnum | None = None,
    after: StrEnum | None = None,
) -> dict[str, object]:
    """Return the columns of an Event, ready to be inserted."""
    return _event_values(row.__tablename__, row.id, verb, actor, now, values, before, after)


def _event_values(
    subject: str,
    subject_id: int,
    verb: str,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object] | None,
    before: StrEnum | None,
    after: StrEnum | None,
) -> dict[str, object]:
    return {
        "at": now,
        "subject": subject,
        "subject_id": subject_id,
        "verb": verb,
        "state_before": before,
        "state_after": after,
        "actor_kind": actor.kind,
        "person_id": actor.person_id,
        "appointment_id": actor.appointment_id,
        "details": dict(values or {}),
    }
