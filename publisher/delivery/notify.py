"""Notifications of deliveries that were not sent, or may not have been."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from publisher.models.deliveries import Delivery
from publisher.models.people import Person
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility


def tell_failed(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Notify that the platform or the gate refused the delivery."""
    _tell(session, NoticeKind.DELIVERY_FAILED, delivery, now=now)


def tell_missed(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Notify that the delivery's late limit passed before it could be sent."""
    _tell(session, NoticeKind.DELIVERY_MISSED, delivery, now=now)


def tell_held(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Notify that the post was not found on the platform, and a person has to decide."""
    _tell(session, NoticeKind.DELIVERY_HELD, delivery, now=now)


def _tell(session: Session, kind: NoticeKind, delivery: Delivery, *, now: datetime) -> None:
    """Notify the cell's lead, the department's officers, and the person who scheduled it."""
    values = {
        "title": delivery.post.title,
        "account": delivery.account.name,
        "platform": delivery.account.platform,
        "due_at": delivery.due_at,
        "code": delivery.reason.get("code", ""),
    }
    for person in _concerned(session, delivery, now=now):
        compose.queue(
            session,
            kind=kind,
            person=person,
            values=values,
            now=now,
            path=links.delivery(delivery.id),
        )


def _concerned(session: Session, delivery: Delivery, *, now: datetime) -> list[Person]:
    people = [
        appointment.person for appointment in responsibility.fallback_admins(session, now=now)
    ]
    people += [
        appointment.person
        for appointment in responsibility.officers(session, delivery.post.department_id, now=now)
    ]
    if delivery.scheduled_by_id is not None:
        people.append(session.get_one(Person, delivery.scheduled_by_id))
    return list({person.id: person for person in people}.values())
