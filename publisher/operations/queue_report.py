"""What waits to be sent: deliveries by state, the next of them, and messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.states import NEEDS_PERSON, DeliveryState, NoticeState

LATE_AFTER: Final = timedelta(minutes=1)
"""A delivery that has been due for longer than this is late."""

LINES: Final = 5
AnyState = TypeVar("AnyState", DeliveryState, NoticeState)
_MESSAGE_STATES: Final = (NoticeState.QUEUED, NoticeState.UNCONFIRMED, NoticeState.FAILED)
_UNSETTLED: Final = (
    *(DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED),
    *NEEDS_PERSON,
)


@dataclass(frozen=True)
class QueueReport:
    """The counts of deliveries and messages by state, and the first deliveries of each group.

    `due_count` and `late_count` are parts of those that are scheduled, `due_message_count` of the
    queued messages. `unsettled` were or may have been sent, or need a person.
    """

    delivery_counts: Mapping[DeliveryState, int]
    due_count: int
    late_count: int
    message_counts: Mapping[NoticeState, int]
    due_message_count: int
    next_deliveries: list[Delivery]
    unsettled: list[Delivery]


def queue_report(session: Session, *, now: datetime) -> QueueReport:
    """Return what waits now."""
    is_scheduled = Delivery.state == DeliveryState.SCHEDULED
    is_queued = Notice.state == NoticeState.QUEUED
    return QueueReport(
        delivery_counts=_counts(session, Delivery.state, (DeliveryState.SCHEDULED, *_UNSETTLED)),
        due_count=_count(session, is_scheduled, Delivery.due_at <= now),
        late_count=_count(session, is_scheduled, Delivery.due_at <= now - LATE_AFTER),
        message_counts=_counts(session, Notice.state, _MESSAGE_STATES),
        due_message_count=_count(session, is_queued, Notice.send_at <= now),
        next_deliveries=_first(session, (DeliveryState.SCHEDULED,)),
        unsettled=_first(session, _UNSETTLED),
    )


def _counts(
    session: Session, column: InstrumentedAttribute[AnyState], states: Sequence[AnyState]
) -> dict[AnyState, int]:
    """Return how many rows are in each of these states."""
    query = select(column, func.count()).where(column.in_(states)).group_by(column)
    counts = dict.fromkeys(states, 0)
    for state, count in session.execute(query):
        counts[state] = count
    return counts


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).where(*conditions)).scalar_one()


def _first(session: Session, states: Collection[DeliveryState]) -> list[Delivery]:
    query = (
        select(Delivery)
        .where(Delivery.state.in_(states))
        .options(joinedload(Delivery.account), joinedload(Delivery.post))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(LINES)
    )
    return list(session.scalars(query))
