"""Notify people about emergency templates, and about posts that were published from one (uses).

Each function is named like its kind of notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.approvers import Approvers
from approvals.policy import Role
from publisher.emergency import templates
from publisher.models.emergency import (
    EmergencyTemplate,
    EmergencyUse,
    TemplateDecision,
    TemplateRevision,
)
from publisher.models.people import Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility


def template_waits(session: Session, template: EmergencyTemplate, *, now: datetime) -> None:
    """Notify those who can approve the template's newest revision.

    If nobody can, the cell's leads and the admins are notified.
    """
    revision = templates.newest(template)
    approvers = templates.find_approvers(session, revision, now=now)
    people, path = deciders(session, approvers, now=now), links.emergency_template(template.id)
    kind, values = NoticeKind.TEMPLATE_WAITS, _template_values(revision)
    compose.queue_for_each(session, people, kind=kind, values=values, now=now, path=path)


def template_returned(session: Session, decision: TemplateDecision, *, now: datetime) -> None:
    """Notify the revision's author that it was returned or withdrawn.

    A revision that came with the product has no author; then the cell's leads are notified.
    """
    revision = decision.revision
    leads = responsibility.holders(session, Role.CELL_LEAD, now=now)
    compose.queue_for_each(
        session,
        [revision.author] if revision.author else responsibility.people_of(leads),
        kind=NoticeKind.TEMPLATE_RETURNED,
        values={**_template_values(revision), "reason": decision.reason},
        now=now,
        path=links.emergency_template(revision.template_id),
    )


def _template_values(revision: TemplateRevision) -> dict[str, object]:
    return {
        "template_mr": revision.name_mr,
        "template_en": revision.name_en,
        "revision": revision.number,
        "department": revision.department,
    }


def deciders(session: Session, approvers: Approvers, *, now: datetime) -> list[Person]:
    """Return those who can decide for a department.

    If nobody can, return the cell's leads and the admins.
    """
    people = [session.get_one(Person, candidate.person_id) for candidate in approvers.everybody]
    return people or responsibility.people_of(responsibility.lead_and_admins(session, now=now))


def emergency_owed(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """Notify the department's deciders that it has to ratify or refuse the use of a template."""
    people = deciders(session, templates.able_to_ratify(session, use, now=now), now=now)
    _notify(session, NoticeKind.EMERGENCY_OWED, use, people, now=now)


def emergency_vouched(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """Notify all admins, naming who vouched, if the officer published without a second factor."""
    if use.vouched_by_id is None:
        return
    admins = responsibility.people_of(responsibility.holders(session, Role.ADMIN, now=now))
    compose.queue_for_each(
        session,
        admins,
        kind=NoticeKind.EMERGENCY_VOUCHED,
        values={
            "template_mr": use.template_revision.name_mr,
            "template_en": use.template_revision.name_en,
            "at": use.decision.at,
            "by": session.get_one(Person, use.decision.person_id),
            "helper": session.get_one(Person, use.vouched_by_id),
        },
        now=now,
        path=links.emergency_use(use.id),
    )


def emergency_overdue(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """Notify the head and the overseers of the department that its decision is overdue.

    If there are none, the cell's leads and the admins are notified.
    """
    department = use.decision.department
    head = responsibility.head(session, department.id, now=now)
    appointments = [head] if head else []
    if department.reports_to_id is not None:
        appointments += responsibility.holders(
            session, Role.OVERSIGHT, now=now, department_id=department.reports_to_id
        )
    appointments = appointments or responsibility.lead_and_admins(session, now=now)
    people = responsibility.people_of(appointments)
    _notify(session, NoticeKind.EMERGENCY_OVERDUE, use, people, now=now)


def emergency_refused(session: Session, use: EmergencyUse, *, now: datetime) -> None:
    """Notify the cell, which has to correct the post, and the officer who published it."""
    cell = responsibility.people_of(responsibility.cell(session, now=now))
    people = dict.fromkeys([*cell, use.decision.person])
    _notify(session, NoticeKind.EMERGENCY_REFUSED, use, people, now=now, reason=use.reason)


def _notify(
    session: Session,
    kind: NoticeKind,
    use: EmergencyUse,
    recipients: Iterable[Person],
    *,
    now: datetime,
    **extra_values: object,
) -> None:
    values = {
        "template_mr": use.template_revision.name_mr,
        "template_en": use.template_revision.name_en,
        "department": use.decision.department,
        "by": use.decision.person,
        "at": use.decision.at,
        "due_at": use.due_at,
        **extra_values,
    }
    # The other notices name the time by which the department has to decide.
    if kind is NoticeKind.EMERGENCY_REFUSED:
        del values["due_at"]
    path = links.emergency_use(use.id)
    compose.queue_for_each(session, recipients, kind=kind, values=values, now=now, path=path)
