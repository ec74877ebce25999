"""The one way to change a state: checked by the table of moves, guarded, and written down."""

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
"""Stands in a prepared statement where the moment will."""


_NAMED = {"key_share": True}


def lock(session: Session, row: type[Row], key: int) -> Row | None:
    """The row, freshly read and locked until the transaction ends (SQLite locks as a whole).

    Against a change, and not against rows that only name it: PostgreSQL asks for the post of a
    delivery that is changed twice in a transaction, and the desk locks a post before those.
    """
    return session.get(row, key, with_for_update=_NAMED, populate_existing=True)


def apply(
    session: Session,
    thing: Stateful,
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
    fence: int | None = None,
) -> None:
    """Move one thing and write the Event.

    Raises `WrongState` where the table has no such move, and `Overtaken` where somebody moved
    the row first (or, with `fence`, claimed it anew).
    """
    apply_all(session, [thing], to, actor=actor, now=now, verb=verb, values=values, fence=fence)


def apply_all(
    session: Session,
    things: Sequence[Stateful],
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
    fence: int | None = None,
) -> None:
    """Move things of one kind that are in one state: a statement for the rows, one for Events."""
    if not things:
        return
    session.flush()
    kind, before = type(things[0]), things[0].state
    if any(type(thing) is not kind or thing.state != before for thing in things):
        raise ValueError("apply_all moves things of one kind and state")
    check_move(TABLES[kind], before, to)
    _move_rows(session, things, to, now, fence)
    rows = [
        event_row(thing, verb, actor=actor, now=now, values=values, before=before, after=to)
        for thing in things
    ]
    bulk_insert(session, Event, rows)
    for thing in things:
        set_committed_value(thing, "state", to)
        set_committed_value(thing, "state_at", now)


class ClaimedTransition:
    """One move of one delivery that a clock holds; its statements are made once for all of them.

    They take `delivery_id`, `fence` and `now`. So do those `beside`, each of which changes in
    the same breath what belongs to the move. `also` are columns of the delivery to set.
    """

    def __init__(
        self,
        before: StrEnum,
        to: StrEnum,
        *,
        actor: Actor,
        verb: str,
        also: Mapping[str, ColumnElement[Any]],
        beside: Sequence[Update] = (),
    ) -> None:
        check_move(DELIVERY_MOVES, before, to)
        changes = update(_DELIVERY).where(
            _DELIVERY.c.id == DELIVERY_ID,
            _DELIVERY.c.fence == FENCE,
            column_equals(_DELIVERY.c.state, before),
        )
        rows = changes.values(state=to, state_at=NOW, **also).returning(_DELIVERY.c.id)
        told = _row(_DELIVERY.name, 0, verb, actor, NEVER, None, before, to)
        event = insert(_EVENT).values({**told, "subject_id": DELIVERY_ID, "at": NOW})
        self._rows = PreparedStatement(f"{verb}_row", rows, PARAMETERS)
        self._others = [
            PreparedStatement(f"{verb}_beside_{number}", one, PARAMETERS)
            for number, one in enumerate([event, *beside])
        ]
        self._at_once = PreparedStatement(verb, _in_one_statement(rows, told, beside), PARAMETERS)

    def apply(self, connection: Connection, values: Mapping[str, Value], *, commit: bool) -> bool:
        """Make the move; False where the clock holds it no more: then nothing has been changed.

        With `commit` PostgreSQL commits at once.
        """
        if connection.dialect.name == "postgresql":
            (moved,) = run(connection, self._at_once(values), commit=commit)
            return bool(moved)
        (moved,) = run(connection, self._rows(values))
        if moved:
            run(connection, *(one(values) for one in self._others))
        return bool(moved)


class ClaimedTransitions:
    """The same move of many deliveries at once, of which a clock knows id and fence.

    `also` are columns of the deliveries to set.
    """

    def __init__(
        self,
        before: StrEnum,
        to: StrEnum,
        *,
        actor: Actor,
        verb: str,
        also: Mapping[str, object],
    ) -> None:
        check_move(DELIVERY_MOVES, before, to)
        told = _row(_DELIVERY.name, 0, verb, actor, NEVER, None, before, to)
        self._rows = {
            dialect: _many_rows(dialect, before, {"state": to, "state_at": NOW, **also})
            for dialect in ("sqlite", "postgresql")
        }
        self._at_once = _in_one_statement(self._rows["postgresql"], told)
        self._events = _events_of(rows_from_json("sqlite", {"id": Key}), told, with_types=False)

    def apply(self, session: Session, held: Mapping[int, int], now: datetime) -> frozenset[int]:
        """Move those whose fence is this one; gives the ids of those that moved.

        The rest was claimed anew, or is in another state by now.
        """
        connection = session.connection()
        given = as_json([{"id": key, "fence": fence} for key, fence in held.items()])
        values = {"given": given, "now": now}
        if connection.dialect.name == "postgresql":
            return frozenset(connection.execute(self._at_once, values).scalars())
        moved = connection.execute(self._rows["sqlite"], values).scalars().all()
        if moved:
            values = {"given": as_json([{"id": one} for one in sorted(moved)]), "now": now}
            connection.execute(self._events, values)
        return frozenset(moved)


def _many_rows(dialect: str, before: StrEnum, values: Mapping[str, object]) -> ReturningUpdate[Any]:
    is_held = is_in_rows(dialect, _DELIVERY.c.id, _DELIVERY.c.fence)
    is_before = column_equals(_DELIVERY.c.state, before)
    changes = update(_DELIVERY).where(is_held, is_before).values(values)
    return changes.returning(_DELIVERY.c.id)


def _in_one_statement(
    rows: ReturningUpdate[Any], told: Mapping[str, object], beside: Sequence[Update] = ()
) -> ReturningInsert[Any]:
    """On PostgreSQL all of it takes one way there and back; without the move nothing happens."""
    moved = rows.cte("moved")
    is_moved = exists(select(moved.c.id))
    others = [one.where(is_moved).cte(f"beside_{number}") for number, one in enumerate(beside)]
    return _events_of(moved, told).add_cte(*others).returning(_EVENT.c.subject_id)


def _events_of(moved: FromClause, told: Mapping[str, object], *, with_types: bool = True) -> Insert:
    """Insert the same Event for each of these, in the order of their ids.

    PostgreSQL asks for the type of each value; SQLite would make a number of what is JSON.
    """
    values = {**told, "subject_id": moved.c.id, "at": NOW}
    fixed = {name: _fixed(value) for name, value in values.items()}
    chosen = [
        (cast(one, _EVENT.c[name].type) if with_types else one).label(name)
        for name, one in fixed.items()
    ]
    query = select(*chosen).select_from(moved).order_by(moved.c.id)
    return insert(_EVENT).from_select(list(values), query)


def _fixed(value: object) -> ColumnElement[Any]:
    """What is the same for each of these moves stands in the statement itself."""
    if value is None or isinstance(value, ColumnElement):
        return null() if value is None else value
    word = value if isinstance(value, str) else json.dumps(value)
    return literal_column(f"'{word}'")


def _move_rows(
    session: Session, things: Sequence[Stateful], to: StrEnum, now: datetime, fence: int | None
) -> None:
    kind, before = type(things[0]), things[0].state
    guarded = update(kind).where(kind.id.in_([thing.id for thing in things]), kind.state == before)
    if fence is not None:
        guarded = guarded.where(Delivery.fence == fence)
    statement = guarded.values(state=to, state_at=now)
    result = session.execute(statement.execution_options(synchronize_session=False))
    if not isinstance(result, CursorResult) or result.rowcount != len(things):
        raise Overtaken(state=before, to=to)


def record(
    session: Session,
    thing: Any,  # noqa: ANN401  any row with an id can have a history
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object] | None = None,
) -> None:
    """Write an Event for something that happened without a change of state."""
    session.flush()
    session.execute(insert(Event), [event_row(thing, verb, actor=actor, now=now, values=values)])


def event_row(
    thing: Any,  # noqa: ANN401  any row with an id can have a history
    verb: str,
    *,
    actor: Actor,
    now: datetime,
    values: Mapping[str, object] | None = None,
    before: StrEnum | None = None,
    after: StrEnum | None = None,
) -> dict[str, object]:
    """One row of the history, as values to insert."""
    return _row(thing.__tablename__, thing.id, verb, actor, now, values, before, after)


def _row(
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
