"""The only functions that change a state. Each checks the table of moves and writes an Event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Insert, String, Update, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import ORMOption

from approvals.errors import Overtaken, WrongState
from approvals.policy import Actor, ActorKind
from approvals.states import POST_MOVES, Moves
from publisher.database.bulk import bulk_insert, column_equals, insert_of_changed, rows_to_json
from publisher.database.noted_changes import note_changed
from publisher.database.session import Key, UtcDateTime, core_table
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery, DeliveryAction
from publisher.models.history import Event
from publisher.models.mailbox import Quarantine
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.states import (
    ACCOUNT_MOVES,
    APPOINTMENT_MOVES,
    CLAIMED_OR_SENDING,
    COMMENT_MOVES,
    DELIVERY_MOVES,
    NEEDS_PERSON,
    NOTICE_MOVES,
    QUARANTINE_MOVES,
    SUBMISSION_MOVES,
    DeliveryState,
)

Stateful = Submission | Post | Delivery | Comment | Account | Notice | Appointment | Quarantine
Row = TypeVar("Row", Submission, Post, Delivery, Comment, Account, Notice, Appointment, Quarantine)

TABLES: Mapping[type[Stateful], Moves] = {
    Submission: SUBMISSION_MOVES,
    Post: POST_MOVES,
    Delivery: DELIVERY_MOVES,
    Comment: COMMENT_MOVES,
    Account: ACCOUNT_MOVES,
    Notice: NOTICE_MOVES,
    Appointment: APPOINTMENT_MOVES,
    Quarantine: QUARANTINE_MOVES,
}

DELIVERY_ID = bindparam("delivery_id", type_=Key)
NOW = bindparam("now", type_=UtcDateTime())
MACHINE = bindparam("machine", type_=String())


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


def check_move(moves: Moves, state: StrEnum, to: StrEnum) -> None:
    """Raise `WrongState` (values `state`, `to`) unless the table lists this move."""
    if to not in moves[state]:
        raise WrongState(state=state, to=to)


def apply_or_record(
    session: Session,
    row: Stateful,
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
) -> None:
    """Change the state of one row as `apply` does; if it has this state, only write the Event."""
    if row.state is to:
        record(session, row, verb, actor=actor, now=now, values=values)
    else:
        apply(session, row, to, actor=actor, now=now, verb=verb, values=values)


def apply(
    session: Session,
    moved: Stateful | Sequence[Stateful],
    to: StrEnum,
    *,
    actor: Actor,
    now: datetime,
    verb: str,
    values: Mapping[str, object] | None = None,
    fence: int | None = None,
    columns: Mapping[str, object] | None = None,
) -> None:
    """Change the state of a row, or of rows of one model that share a state; write their Events.

    All are changed by one UPDATE, which sets `columns` too. Raises `WrongState` if the table has no
    such move, and `Overtaken` if a row has been moved (or, with `fence`, claimed again) in the
    meantime.
    """
    rows = moved if isinstance(moved, Sequence) else [moved]
    if not rows:
        return
    session.flush()
    kind, before = type(rows[0]), rows[0].state
    if any(type(row) is not kind or row.state != before for row in rows):
        raise ValueError("a set to be moved is of one kind and state")
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("a set holds each thing once")
    check_move(TABLES[kind], before, to)
    set_columns = {"state": to, "state_at": now, **(columns or {})}
    event_rows = [
        event_row(row, verb, actor=actor, now=now, values=values, before=before, after=to)
        for row in rows
    ]
    _write(session, rows, set_columns, event_rows, fence)
    for row in rows:
        for name, value in set_columns.items():
            set_committed_value(row, name, value)
        if to not in CLAIMED_OR_SENDING:  # the clock works on it: that is nobody's turn
            _note(session, row, actor=actor, now=now, before=before)


def _note(
    session: Session,
    row: Any,  # noqa: ANN401  any row with an id can have a history
    *,
    actor: Actor,
    now: datetime,
    before: StrEnum | None = None,
) -> None:
    """Note a row that an Event is about, or that moved from the state `before`."""
    if isinstance(row, Person):  # what tasks ask about people is noted where it changes
        return
    is_by_person = actor.kind is not ActorKind.CLOCK
    ids = {row.__tablename__: row.id}
    if isinstance(row, Delivery):
        ids = _ids_of_delivery(row, before)
    for table, row_id in ids.items():
        is_moved = before is not None and table == row.__tablename__
        state = row.state if is_moved else None
        note_changed(session, table, row_id, now=now, is_by_person=is_by_person, state=state)


def _ids_of_delivery(delivery: Delivery, before: StrEnum | None) -> dict[str, int]:
    """Return the ids, by table, of what a delivery's move or an Event about it concerns."""
    ids: dict[str, int] = {}
    is_of_people = not {before, delivery.state}.isdisjoint(_OF_PEOPLE)
    # A delivery that a clock moves from its time to its receipt was never anybody's turn.
    if before is None or is_of_people or _changes_live(delivery):
        ids[Post.__tablename__] = delivery.post_id
    if is_of_people:
        ids[Delivery.__tablename__] = delivery.id
    return ids


def _changes_live(delivery: Delivery) -> bool:
    """Return whether it is urgent, or changes what is live: an order, an edit, a note below."""
    is_publication = delivery.action is DeliveryAction.PUBLISH and not delivery.urgent
    return not is_publication or bool(delivery.variant.target)


_OF_PEOPLE = (*NEEDS_PERSON, DeliveryState.CANCELLED)


def _write(
    session: Session,
    rows: Sequence[Stateful],
    set_columns: Mapping[str, object],
    event_rows: Sequence[Mapping[str, object]],
    fence: int | None,
) -> None:
    kind, before, connection = type(rows[0]), rows[0].state, session.connection()
    values = {f"new_{name}": value for name, value in set_columns.items()}
    values |= {"ids": [row.id for row in rows], "before": before, "of_fence": fence}
    move = (kind, tuple(set_columns), fence is not None)
    if connection.dialect.name == "sqlite":
        result = connection.execute(_update_with_guard(*move), values)
        if result.rowcount == len(rows):
            bulk_insert(session, Event, event_rows)
    else:
        values["rows"] = rows_to_json(event_rows)
        result = connection.execute(_update_with_events(*move), values)
    if result.rowcount != len(rows):
        raise Overtaken(state=before, to=set_columns["state"])


@cache
def _update_with_events(kind: type[Stateful], names: tuple[str, ...], has_fence: bool) -> Insert:
    # One statement on PostgreSQL: each is a round trip in the middle of a delivery.
    change = _update_with_guard(kind, names, has_fence).returning(core_table(kind).c.id)
    return insert_of_changed(change, Event, "subject_id")


@cache
def _update_with_guard(kind: type[Stateful], names: tuple[str, ...], has_fence: bool) -> Update:
    # The guard: another transaction may have moved a row since it was read.
    table = core_table(kind)
    guarded = update(table).where(
        table.c.id.in_(bindparam("ids", expanding=True)),
        column_equals(table.c.state, bindparam("before", type_=table.c.state.type)),
    )
    if has_fence:
        guarded = guarded.where(table.c.fence == bindparam("of_fence"))
    return guarded.values({name: bindparam(f"new_{name}") for name in names})


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
    _note(session, row, actor=actor, now=now)


def record_all(
    session: Session,
    values_by_row: Sequence[tuple[Any, Mapping[str, object]]],
    verb: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Write an Event about each row with its values, by one statement, and note nothing."""
    if not values_by_row:
        return
    bulk_insert(
        session,
        Event,
        [
            event_row(row, verb, actor=actor, now=now, values=values)
            for row, values in values_by_row
        ],
    )


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
    by_mail = {"mail": actor.mail_sender} if actor.mail_sender else {}
    return {
        "at": now,
        "subject": row.__tablename__,
        "subject_id": row.id,
        "verb": verb,
        "state_before": before,
        "state_after": after,
        "actor_kind": actor.kind,
        "person_id": actor.person_id,
        "appointment_id": actor.appointment_id,
        "details": {**(values or {}), **by_mail},
    }
