"""Notify people of deliveries that were not sent, or may not have been.

Each function is named like its kind of notice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from publisher.models.deliveries import Delivery
from publisher.models.people import Person
from publisher.notifications import compose, links
from publisher.notifications.bundle import GATHERED_FOR
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility

NEAR_DEADLINE: Final = timedelta(hours=4)
"""An answer whose deadline is nearer than this is urgent: its notice does not wait for others."""


def delivery_failed(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Notify that the platform or the gate refused the delivery."""
    _notify(session, NoticeKind.DELIVERY_FAILED, delivery, now=now)


def delivery_missed(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Notify that the delivery's late limit passed before it could be sent."""
    _notify(session, NoticeKind.DELIVERY_MISSED, delivery, now=now)


def delivery_held(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Notify that the post was not found on the platform, and a person has to decide."""
    _notify(session, NoticeKind.DELIVERY_HELD, delivery, now=now)


def _notify(session: Session, kind: NoticeKind, delivery: Delivery, *, now: datetime) -> None:
    values = {
        "title": delivery.post.title,
        "account": delivery.account.name,
        "platform": delivery.account.platform,
        "language": delivery.variant.language,
        "due_at": delivery.due_at,
        "code": delivery.reason.get("code", ""),
    }
    appointments = responsibility.lead_and_admins(session, now=now)
    appointments += responsibility.officers(session, delivery.post.department_id, now=now)
    people = responsibility.people_of(appointments)
    if delivery.scheduled_by_id is not None:
        people.append(session.get_one(Person, delivery.scheduled_by_id))
    compose.queue_for_each(
        session,
        dict.fromkeys(people),
        kind=kind,
        values=values,
        now=now,
        path=links.delivery(delivery.id),
        post_id=delivery.post_id,
        wait=timedelta(0) if is_urgent(delivery, now=now) else GATHERED_FOR,
    )


def is_urgent(delivery: Delivery, *, now: datetime) -> bool:
    """Return True for an emergency warning, and an answer to a citizen that is due within hours."""
    reply = delivery.post.reply
    due_at = reply.comment.due_at if reply is not None else None
    return delivery.urgent or (due_at is not None and due_at <= now + NEAR_DEADLINE)
