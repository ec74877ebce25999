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
    Integer,
    Update,
    and_,
    bindparam,
    cast,
    insert,
    literal_column,
    null,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.dml import ReturningInsert

from approvals.errors import Overtaken
from approvals.lifecycle import POST_MOVES, Moves, check_move
from approvals.policy import Actor
from publisher.database import Key, UtcDateTime, insert_together, table_of
from publisher.lifecycle import (
    ACCOUNT_MOVES,
    COMMENT_MOVES,
    DELIVERY_MOVES,
    NOTICE_MOVES,
    SUBMISSION_MOVES,
)
from publisher.models.comments import Comment
from publisher.models.content import Post, Submission
from publisher.models.deliveries import Account, Delivery
from publisher.models.history import Event
from publisher.models.notices import Notice

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
KEY, FENCE = bindparam("of_key", type_=Key), bindparam("of_fence", type_=Integer())
MOMENT = bindparam("at_moment", type_=UtcDateTime())
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""Stands in a prepared statement where the moment will."""


def lock(session: Session, row: type[Row], key: int) -> Row | None:
    """The row, freshly read and locked until the transaction ends (SQLite locks as a whole)."""
    return session.get(row, key, with_for_update=True, populate_existing=True)


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
    insert_together(session, Event, rows)
    for thing in things:
        set_committed_value(thing, "state", to)
        set_committed_value(thing, "state_at", now)


def apply_held(
    session: Session,
    held: Mapping[int, int],
    before: StrEnum,
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
    also: Mapping[str, object] | None = None,
) -> frozenset[int]:
    """Move deliveries of which a clock knows id and fence; gives the ids of those that moved.

    The rest was claimed anew, or is in another state by now. `also` are columns to set with them.
    """
    check_move(DELIVERY_MOVES, before, to)
    statement = (
        update(Delivery)
        .where(_is_held(held), Delivery.state == before)
        .values(state=to, state_at=now, **(also or {}))
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    moved = frozenset(session.scalars(statement))
    rows = [
        _row(Delivery.__tablename__, one, verb, actor, now, values, before, to)
        for one in sorted(moved)
    ]
    if rows:
        insert_together(session, Event, rows)
    return moved


class HeldMove:
    """One move of one delivery that a clock holds; its statements are made once for all of them.

    They take `of_key`, `of_fence` and `at_moment`. So do those `beside`, each of which changes in
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
        self._beside = beside
        self._rows = (
            update(_DELIVERY)
            .where(_DELIVERY.c.id == KEY, _DELIVERY.c.fence == FENCE, _DELIVERY.c.state == before)
            .values(state=to, state_at=MOMENT, **also)
            .returning(_DELIVERY.c.id)
        )
        self._told = _row(_DELIVERY.name, 0, verb, actor, NEVER, None, before, to)
        self._event = insert(_EVENT).values({**self._told, "subject_id": KEY, "at": MOMENT})
        self._at_once = self._in_one_statement()

    def apply(self, connection: Connection, values: Mapping[str, object]) -> bool:
        """Make the move; False where the clock holds it no more: then nothing may be kept."""
        if connection.dialect.name == "postgresql":
            return connection.execute(self._at_once, values).first() is not None
        if connection.execute(self._rows, values).first() is None:
            return False
        for one in (self._event, *self._beside):
            connection.execute(one, values).close()
        return True

    def _in_one_statement(self) -> ReturningInsert[Any]:
        """On PostgreSQL all of it takes one way there and back."""
        moved = self._rows.cte("moved")
        beside = [one.cte(f"beside_{number}") for number, one in enumerate(self._beside)]
        told = {**self._told, "subject_id": moved.c.id, "at": MOMENT}
        chosen = [_fixed(_EVENT.c[name], value).label(name) for name, value in told.items()]
        query = select(*chosen).select_from(moved)
        inserted = insert(_EVENT).from_select(list(told), query)
        return inserted.add_cte(*beside).returning(_EVENT.c.id)


def _fixed(column: ColumnElement[Any], value: object) -> ColumnElement[Any]:
    """What is the same for each of these moves stands in the statement itself."""
    if value is None or isinstance(value, ColumnElement):
        return null() if value is None else value
    word = value if isinstance(value, str) else json.dumps(value)
    return cast(literal_column(f"'{word}'"), column.type)


def _is_held(held: Mapping[int, int]) -> ColumnElement[bool]:
    if len(held) == 1:
        ((key, fence),) = held.items()
        return and_(Delivery.id == key, Delivery.fence == fence)
    return tuple_(Delivery.id, Delivery.fence).in_(list(held.items()))


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
