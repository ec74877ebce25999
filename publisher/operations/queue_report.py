"""What waits to leave: deliveries by state, the next of them, and messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.states import NEEDS_PERSON, DeliveryState, NoticeState

LATE_AFTER: Final = timedelta(minutes=1)
"""A delivery that is due for longer than this is late."""

LINES: Final = 5
_UNSETTLED: Final = (
    *(DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED),
    *NEEDS_PERSON,
)


@dataclass(frozen=True)
class QueueReport:
    """The counts of deliveries and messages by state, and the first deliveries of each group.

    `due_count` and `late_count` are parts of those that are scheduled, `due_message_count` of the
    queued messages. `unsettled` have left or may have left, or need a person.
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
    states = (DeliveryState.SCHEDULED, *_UNSETTLED)
    delivery_counts = dict.fromkeys(states, 0)
    of_state = select(Delivery.state, func.count()).where(Delivery.state.in_(states))
    for state, count in session.execute(of_state.group_by(Delivery.state)):
        delivery_counts[state] = count
    message_states = (NoticeState.QUEUED, NoticeState.UNCONFIRMED, NoticeState.FAILED)
    message_counts = dict.fromkeys(message_states, 0)
    of_message = select(Notice.state, func.count()).where(Notice.state.in_(message_states))
    for message_state, count in session.execute(of_message.group_by(Notice.state)):
        message_counts[message_state] = count
    return QueueReport(
        delivery_counts=delivery_counts,
        due_count=_count_due(session, now),
        late_count=_count_due(session, now - LATE_AFTER),
        message_counts=message_counts,
        due_message_count=_count_due_messages(session, now),
        next_deliveries=_first(session, (DeliveryState.SCHEDULED,)),
        unsettled=_first(session, _UNSETTLED),
    )


def _count_due(session: Session, at: datetime) -> int:
    query = select(func.count(Delivery.id)).where(
        Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at <= at
    )
    return session.execute(query).scalar_one()


def _count_due_messages(session: Session, at: datetime) -> int:
    query = select(func.count(Notice.id)).where(
        Notice.state == NoticeState.QUEUED, Notice.send_at <= at
    )
    return session.execute(query).scalar_one()


def _first(session: Session, states: Collection[DeliveryState]) -> list[Delivery]:
    query = (
        select(Delivery)
        .where(Delivery.state.in_(states))
        .options(joinedload(Delivery.account), joinedload(Delivery.post))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(LINES)
    )
    return list(session.scalars(query))
