"""Who is told of what happens in the emergency lane."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.gate import Approvers
from approvals.policy import Role
from publisher.delivery.emergency import templates
from publisher.models.emergency import EmergencyTemplate, EmergencyUse, TemplateDecision
from publisher.models.people import Person
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility


def ask_to_approve(session: Session, template: EmergencyTemplate, *, now: datetime) -> None:
    """Tell those who can approve the newest revision; where nobody can, those who can mend it."""
    revision = templates.newest(template)
    able = templates.approvers_of(session, revision, now=now)
    values = {
        "template_mr": template.name_mr,
        "template_en": template.name_en,
        "revision": revision.number,
        "department": revision.department,
    }
    for person in deciders(session, able, now=now):
        compose.queue(
            session,
            kind=NoticeKind.TEMPLATE_WAITS,
            person=person,
            values=values,
            now=now,
            path=links.emergency_template(template.id),
        )


def say_returned(session: Session, decision: TemplateDecision, *, now: datetime) -> None:
    """Tell whoever wrote the revision, or the cell's lead, that it cannot be used as it stands."""
    revision = decision.revision
    readers = [revision.author] if revision.author else _leads(session, now=now)
    for person in readers:
        compose.queue(
            session,
            kind=NoticeKind.TEMPLATE_RETURNED,
            person=person,
            values={
                "template_mr": revision.name_mr,
                "template_en": revision.name_en,
                "revision": revision.number,
                "department": revision.department,
                "reason": decision.reason,
            },
            now=now,
            path=links.emergency_template(revision.template_id),
        )


def deciders(session: Session, able: Approvers, *, now: datetime) -> list[Person]:
    """Those who can decide for a department; where nobody can, those who look after accounts."""
    people = [session.get_one(Person, candidate.person_id) for candidate in able.everybody]
    return people or unique_people(
        appointment.person for appointment in responsibility.fallback_admins(session, now=now)
    )


def say_owed(
    session: Session, use: EmergencyUse, readers: Iterable[Person], *, now: datetime
) -> None:
    """The department owes its word on a use."""
    _say(session, NoticeKind.EMERGENCY_OWED, use, readers, now=now)


def say_overdue(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """It did not come in time: the head, and whoever oversees the department, are told."""
    department = use.decision.department
    top = responsibility.head(session, department.id, now=now)
    readers = [top.person] if top else []
    if department.reports_to_id is not None:
        above = responsibility.holders(
            session, Role.OVERSIGHT, now=now, department_id=department.reports_to_id
        )
        readers += [appointment.person for appointment in above]
    if not readers:
        readers = [
            appointment.person for appointment in responsibility.fallback_admins(session, now=now)
        ]
    _say(session, NoticeKind.EMERGENCY_OVERDUE, use, unique_people(readers), now=now)


def say_refused(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """The department refused: the cell owes a correction; the duty officer is told as well."""
    readers = [appointment.person for appointment in responsibility.cell(session, now=now)]
    readers.append(use.decision.person)
    _say(
        session,
        NoticeKind.EMERGENCY_REFUSED,
        use,
        unique_people(readers),
        now=now,
        reason=use.reason,
    )


def _say(
    session: Session,
    kind: NoticeKind,
    use: EmergencyUse,
    readers: Iterable[Person],
    *,
    now: datetime,
    **more: object,
) -> None:
    values = {
        "template_mr": use.template_revision.name_mr,
        "template_en": use.template_revision.name_en,
        "department": use.decision.department,
        "by": use.decision.person,
        "at": use.decision.at,
        "due_at": use.due_at,
        **more,
    }
    if kind is NoticeKind.EMERGENCY_REFUSED:
        del values["due_at"]
    path = links.emergency_use(use.id)
    for person in readers:
        compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def _leads(session: Session, *, now: datetime) -> list[Person]:
    return [
        appointment.person
        for appointment in responsibility.holders(session, Role.CELL_LEAD, now=now)
    ]


def unique_people(people: Iterable[Person]) -> list[Person]:
    """Each person once, in their order."""
    return list({person.id: person for person in people}.values())
