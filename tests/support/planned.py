"""Times that the cell has set, and a mail that did not go, for pages about them."""

from __future__ import annotations

from datetime import time

from sqlalchemy import select

from approvals.policy import CLOCK
from publisher import moving
from publisher.desk import slots
from publisher.lifecycle import NoticeState
from publisher.models.notices import Notice
from tests.support.city import City


def set_times(city: City, minute: int = 0) -> tuple[int, int]:
    """A good time on Mondays for X, and a quiet time for all; gives their ids."""
    with city.write() as session:
        clerk, now = city.actor("clerk"), city.now
        (slot,) = slots.set_slots(
            session,
            actor=clerk,
            now=now,
            account_id=city.accounts["x"],
            weekdays=[0],
            clock=time(9, minute),
        )
        quiet = slots.set_quiet_time(
            session,
            actor=clerk,
            now=now,
            account_id=None,
            weekday=None,
            begins=time(22),
            ends=time(7),
        )
        return slot.id, quiet.id


def fail_mail(city: City, reason: str = "550 no such mailbox", **about: str) -> int:
    """Let a queued mail, the first or the first of a kind, be refused; gives its id."""
    with city.write() as session:
        query = select(Notice).where(Notice.state == NoticeState.QUEUED).filter_by(**about)
        notice = session.scalars(query.order_by(Notice.id)).first()
        assert notice is not None, "no mail is queued"
        moves = {NoticeState.SENDING: "send_mail", NoticeState.FAILED: "mail_failed"}
        for state, verb in moves.items():
            moving.apply(session, notice, state, actor=CLOCK, now=city.now, verb=verb)
        notice.reason = reason
        return notice.id
