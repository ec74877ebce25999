"""Notices of a duty to the person, those on duty, staff, and the heads of owning departments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, Role
from publisher.models.emergency import Duty, EmergencyTemplate
from publisher.models.people import Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility


def notify_of_duty(
    session: Session, duty: Duty, on_duty: Iterable[Person], *, by: Actor, now: datetime
) -> None:
    """Notify the person, and all who have to know who may publish without an approval.

    These are those on duty now, the leads, the admins, and the heads of the departments in whose
    name an emergency template publishes, but not the actor.
    """
    person = session.get_one(Person, duty.person_id)
    _queue(session, NoticeKind.DUTY_RECORDED, person, duty, now=now)
    readers = [
        *on_duty,
        *responsibility.people_of(responsibility.lead_and_admins(session, now=now)),
        *_heads_of_owners(session, now=now),
    ]
    for reader in dict.fromkeys(readers):
        if reader.id not in {duty.person_id, by.person_id}:
            _queue(session, NoticeKind.DUTY_GIVEN, reader, duty, name=person, now=now)


def ask(session: Session, duty: Duty, *, now: datetime) -> None:
    """Ask the other admins and leads to approve a duty that waits."""
    person = session.get_one(Person, duty.person_id)
    offices = responsibility.lead_and_admins(session, now=now)
    for reader in responsibility.people_of(offices):
        if reader.id not in {duty.person_id, duty.recorded_by_id}:
            _queue(session, NoticeKind.DUTY_WAITS, reader, duty, name=person, now=now)


def _queue(
    session: Session,
    kind: NoticeKind,
    reader: Person,
    duty: Duty,
    *,
    now: datetime,
    name: Person | None = None,
) -> None:
    values: dict[str, object] = {"from_at": duty.from_at, "until_at": duty.until_at}
    if name is not None:
        values |= {"name": name, "by": session.get_one(Person, duty.recorded_by_id)}
    compose.queue(session, kind=kind, person=reader, values=values, now=now, path=links.DUTY)


def _heads_of_owners(session: Session, *, now: datetime) -> list[Person]:
    is_in_use = EmergencyTemplate.ended_at.is_(None)
    owner_ids = set(session.scalars(select(EmergencyTemplate.department_id).where(is_in_use)))
    heads = responsibility.holders(session, Role.HEAD, now=now)
    return responsibility.people_of(head for head in heads if head.department_id in owner_ids)
