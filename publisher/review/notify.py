"""Notify approvers that a revision waits for them, and people of decisions about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.approvers import Approvers
from approvals.policy import Actor
from publisher import transitions
from publisher.models.comments import Reply
from publisher.models.people import Department, Person
from publisher.models.posts import Revision
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.review import department_approvers
from publisher.scheduling import slots

HEAD_MAY_DECIDE = "head_may_decide"
"""The verb of the event that a head is told of their right to decide about a revision."""


def ask(
    session: Session, revision: Revision, department_id: int, *, actor: Actor, now: datetime
) -> None:
    """Notify those who can approve, or the admins if the department has no approver."""
    approvers = department_approvers.approvers_for(session, revision, department_id, now=now)
    if approvers.blocked is not None:
        _say_blocked(session, revision, department_id, approvers.blocked, actor=actor, now=now)
        return
    if approvers.standing_in:
        record_head(session, revision, department_id, approvers, actor=actor, now=now)
    for approver in approvers.everybody:
        person = session.get_one(Person, approver.person_id)
        if revision.post.reply is None:
            notice_values = {
                "due_at": slots.earliest_wish(revision.post) or revision.not_after,
                "standing_in": approvers.standing_in,
            }
            kind = NoticeKind.REVIEW_ASKED
            tell(session, kind, person, revision, by=actor, now=now, **notice_values)
        else:
            _say_answer_waits(session, person, revision, revision.post.reply, now=now)


def record_head(
    session: Session,
    revision: Revision,
    department_id: int,
    approvers: Approvers,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Record that the head of this department is told that they may decide, and why."""
    why = approvers.head_ground
    values = {"revision": revision.number, "department": department_id, "why": why}
    transitions.record(session, revision.post, HEAD_MAY_DECIDE, actor=actor, now=now, values=values)


def _say_blocked(
    session: Session,
    revision: Revision,
    department_id: int,
    why: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    values = {"why": why, "department": department_id}
    transitions.record(session, revision.post, "blocked", actor=actor, now=now, values=values)
    kind, department = NoticeKind.REVIEW_BLOCKED, session.get_one(Department, department_id)
    for admin in responsibility.lead_and_admins(session, now=now):
        tell(session, kind, admin.person, revision, now=now, why=why, department=department)


def _say_answer_waits(
    session: Session, person: Person, revision: Revision, reply: Reply, *, now: datetime
) -> None:
    values = {
        "answer": revision.variants[0].text,
        "comment": reply.comment.text,
        "department": revision.post.department,
        "due_at": reply.comment.due_at,
    }
    compose.queue(
        session,
        kind=NoticeKind.ANSWER_WAITS,
        person=person,
        values=values,
        now=now,
        path=links.review(revision.post_id),
    )


def tell(
    session: Session,
    kind: NoticeKind,
    person: Person,
    revision: Revision,
    *,
    now: datetime,
    by: Actor | None = None,
    **more_values: object,
) -> None:
    """Queue a notification about this revision for a person; `by` is who caused it."""
    post = revision.post
    values = {
        "title": post.title,
        "revision": revision.number,
        "department": post.department,
        **more_values,
    }
    if by is not None and by.person_id is not None:
        values["by"] = session.get_one(Person, by.person_id)
    decides = kind in {NoticeKind.REVIEW_ASKED, NoticeKind.HEAD_MAY_DECIDE}
    path = links.review(post.id) if decides else links.post(post.id)
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)
