"""Codes that the SMS gateway or mail server has not taken a minute after they were made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.notifications import Notice
from publisher.notifications.kinds import NoticeKind
from publisher.states import NoticeState

LATE_AFTER: Final = timedelta(seconds=60)


def has_not_left(
    session: Session, *, kind: NoticeKind, person_id: int, since: datetime, now: datetime
) -> bool:
    """Return True if the person's code, asked for at `since`, failed or is late; `now` is aware.

    A code that was not made counts as late too, as after too many in a quarter of an hour.
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
