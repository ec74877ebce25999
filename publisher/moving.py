"""The one way to change a state: checked by the table of moves, guarded, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import CursorResult, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from approvals.errors import Overtaken
from approvals.lifecycle import POST_MOVES, Moves, check_move
from approvals.policy import Actor
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
    session.execute(insert(Event), rows)
    for thing in things:
        set_committed_value(thing, "state", to)
        set_committed_value(thing, "state_at", now)


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
    return {
        "at": now,
        "subject": thing.__tablename__,
        "subject_id": thing.id,
        "verb": verb,
        "state_before": before,
        "state_after": after,
        "actor_kind": actor.kind,
        "person_id": actor.person_id,
        "appointment_id": actor.appointment_id,
        "details": dict(values or {}),
    }
