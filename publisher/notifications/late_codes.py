"""Codes that the SMS gateway or mail server has not taken a minute after they were made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from publisher.models.notifications import Channel, Notice
from publisher.notifications.kinds import HAS_SECRET, NoticeKind
from publisher.states import NoticeState

LATE_AFTER: Final = timedelta(seconds=60)
CODES_LAST: Final = timedelta(minutes=15)
"""How long a code matters that somebody asked for without a session."""


def has_not_left(
    session: Session, *, kind: NoticeKind, person_id: int, since: datetime, now: datetime
) -> bool:
    """Return True if the person's code, asked for at `since`, failed or is late; `now` is aware.

    So it is, too, if none was made, as with too many codes in a quarter of an hour.
    """
    newest = (
        select(Notice.state)
        .where(
            Notice.person_id == person_id,
            Notice.kind == kind,
            Notice.queued_at >= since,
        )
        .order_by(Notice.id.desc())
        .limit(1)
    )
    state = session.scalar(newest)
    is_late = now - since >= LATE_AFTER
    return state is NoticeState.FAILED or (is_late and state is not NoticeState.SENT)


def are_delayed(session: Session, *, now: datetime) -> bool:
    """Return True if codes by SMS are late, anybody's: it must not show whose number is known."""
    waiting = exists().where(
        # As the partial index of these says it, so that it is used.
        Notice.state.in_([NoticeState.QUEUED, NoticeState.SENDING]),
        Notice.channel == Channel.SMS,
        Notice.kind.in_(HAS_SECRET),
        Notice.queued_at.between(now - CODES_LAST, now - LATE_AFTER),
    )
    return bool(session.scalar(select(waiting)))
