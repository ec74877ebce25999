"""Record, and notify people of, what somebody else did to one of our posts on its platform."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.policy import CLOCK, Role
from publisher import transitions
from publisher.delivery.notify import is_urgent
from publisher.models.monitoring import Watch
from publisher.notifications import compose, links
from publisher.notifications.bundle import GATHERED_FOR
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility


def record_gone(session: Session, watch: Watch, *, now: datetime) -> None:
    """Record and notify that the post is gone from the platform, and that we did not delete it."""
    transitions.record(session, watch.receipt.delivery, "found_gone", actor=CLOCK, now=now)
    _notify(session, NoticeKind.FOUND_GONE, watch, now=now)


def record_changed(session: Session, watch: Watch, *, now: datetime) -> None:
    """Record and notify that the post's text is not the one we last published."""
    values = {"seen": watch.seen_text}
    delivery = watch.receipt.delivery
    transitions.record(session, delivery, "found_changed", actor=CLOCK, now=now, values=values)
    _notify(session, NoticeKind.FOUND_CHANGED, watch, now=now)


def _notify(session: Session, kind: NoticeKind, watch: Watch, *, now: datetime) -> None:
    delivery = watch.receipt.delivery
    values = {
        "title": delivery.post.title,
        "account": delivery.account.name,
        "platform": delivery.account.platform,
        "language": delivery.variant.language,
        "at": now,
    }
    leads = responsibility.holders(session, Role.CELL_LEAD, now=now)
    # The officers of the department, or its head if none is in office.
    informed = responsibility.list_informed(session, delivery.post.department_id, now=now)
    officers = [row for row in informed if row.role is Role.OFFICER]
    if any(row.in_force(now) for row in officers):
        informed = officers
    compose.queue_for_each(
        session,
        responsibility.people_of([*leads, *informed]),
        kind=kind,
        values=values,
        now=now,
        path=links.external_change(watch.id),
        post_id=delivery.post_id,
        wait=timedelta(0) if is_urgent(delivery, now=now) else GATHERED_FOR,
    )
