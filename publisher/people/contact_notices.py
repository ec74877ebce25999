"""Notify a person, and those above them, of a change of mail or mobile by the staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.models.people import ContactChange, ContactField, Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.people.permissions import standing


def notify_of_change(
    session: Session, change: ContactChange, *, by: int | None, now: datetime
) -> None:
    """Notify all channels of the person, the heads and the admins of the change and its time."""
    values = {
        "person": change.person,
        "changed": change.field.value,
        "contact": change.value,
        "at": change.in_force_at,
        "by": session.get_one(Person, by) if by is not None else None,
    }
    kind = NoticeKind.CONTACT_CHANGE
    for address in filter(None, (getattr(change.person, field) for field in ContactField)):
        compose.queue(
            session,
            kind=kind,
            person=change.person,
            values={**values, "own": True},
            now=now,
            path=links.OWN_CONTACTS,
            to=address,
        )
    readers = [person for person in _readers(session, change.person, now) if person.id != by]
    compose.queue_for_each(session, readers, kind=kind, values=values, now=now, path=links.TODAY)


def _readers(session: Session, person: Person, now: datetime) -> list[Person]:
    """Return the heads of the person's departments and of those above, and the admins."""
    offices = responsibility.holders(session, Role.ADMIN, now=now)
    for appointment in standing(session, person_id=person.id, now=now):
        above_id = appointment.department.reports_to_id
        for department_id in (appointment.department_id, above_id):
            if department_id is not None:
                head = responsibility.head(session, department_id, now=now)
                offices += [head] if head is not None else []
    return [reader for reader in responsibility.people_of(offices) if reader is not person]
