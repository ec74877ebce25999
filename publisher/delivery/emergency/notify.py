"""Notifications about emergency templates and their uses."""

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
    """Notify those who can approve the newest revision; if nobody can, the account admins."""
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
    """Notify the revision's author, or the cell's lead, that it was returned or withdrawn."""
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
    """Return those who can decide for a department; if nobody can, the account admins."""
    people = [session.get_one(Person, candidate.person_id) for candidate in able.everybody]
    return people or unique_people(
        appointment.person for appointment in responsibility.fallback_admins(session, now=now)
    )


def say_owed(
    session: Session, use: EmergencyUse, readers: Iterable[Person], *, now: datetime
) -> None:
    """Notify that the department has to ratify or refuse a use."""
    _say(session, NoticeKind.EMERGENCY_OWED, use, readers, now=now)


def say_overdue(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """Notify the head and the overseers of the department that its decision is overdue."""
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
    """Notify the cell, which has to correct the post, and the duty officer of a refusal."""
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
    """Return the people in their order, without repetition."""
    return list({person.id: person for person in people}.values())
