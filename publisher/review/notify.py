"""Notify approvers that a revision waits for them, and people of decisions about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.approvers import Approvers
from approvals.policy import Actor
from publisher import transitions
from publisher.models.comments import Reply
from publisher.models.people import Department, Person
from publisher.models.posts import Revision
from publisher.notifications import compose, links, review_content
from publisher.notifications.enclosure import Enclosure
from publisher.notifications.formatting import choose_language
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.review import approval_links, department_approvers
from publisher.scheduling import slots

HEAD_MAY_DECIDE = "head_may_decide"
"""The verb of the event that a head is notified of the right to decide about a revision."""


def ask(
    session: Session, revision: Revision, department_id: int, *, actor: Actor, now: datetime
) -> None:
    """Notify those who can approve, or the admins if the department has no approver."""
    approvers = department_approvers.find_approvers(session, revision, department_id, now=now)
    if approvers.blocked is not None:
        _notify_blocked(session, revision, department_id, approvers.blocked, actor=actor, now=now)
        return
    if approvers.standing_in:
        record_head(session, revision, department_id, approvers, actor=actor, now=now)
    # Officers decide before their head may; a head in their place, before the wished time.
    due_at = slots.earliest_wish(revision.post) or revision.not_after
    if approvers.head is not None and not approvers.standing_in:
        due_at = revision.head_decides_at
    for approver in approvers.everybody:
        person = session.get_one(Person, approver.person_id)
        if revision.post.reply is None:
            values = {
                "due_at": due_at,
                "standing_in": approvers.standing_in,
                "by": _acting_person(session, actor),
            }
            ask_to_decide(session, NoticeKind.REVIEW_ASKED, person, revision, values, now=now)
        else:
            _notify_answer_waits(session, person, revision, revision.post.reply, now=now)


def record_head(
    session: Session,
    revision: Revision,
    department_id: int,
    approvers: Approvers,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Record that the head of this department is notified that they may decide, and why."""
    why = approvers.head_ground
    values = {"revision": revision.number, "department": department_id, "why": why}
    transitions.record(session, revision.post, HEAD_MAY_DECIDE, actor=actor, now=now, values=values)


def _notify_blocked(
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
        notify_person(
            session, kind, admin.person, revision, now=now, why=why, department=department
        )


def _notify_answer_waits(
    session: Session, person: Person, revision: Revision, reply: Reply, *, now: datetime
) -> None:
    values = {
        "answer": revision.variants[0].text,
        "comment": reply.comment.text,
        "department": revision.post.department,
        "due_at": reply.comment.due_at,
    }
    _queue(session, NoticeKind.ANSWER_WAITS, person, revision, values, now=now)


def ask_to_decide(
    session: Session,
    kind: NoticeKind,
    person: Person,
    revision: Revision,
    more_values: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    """Queue a mail that asks a person to decide about this revision, with its texts and times."""
    values = {
        "title": revision.post.title,
        "revision": revision.number,
        "department": revision.post.department,
        "wished_at": slots.earliest_wish(revision.post),
        "from_at": revision.not_before,
        "until_at": revision.not_after,
        **more_values,
    }
    _queue(session, kind, person, revision, values, now=now)


def _queue(
    session: Session,
    kind: NoticeKind,
    person: Person,
    revision: Revision,
    values: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    """Queue a mail to an approver, with the texts of the revision and a personal link to it."""
    language = choose_language(person)
    texts = review_content.mailed_texts(revision, language)
    enclosure = Enclosure(
        revision_id=revision.id,
        text=review_content.plain_text(texts, language),
        path=links.review(revision.post_id),
    )
    token = approval_links.make(session, revision=revision, person=person, now=now)
    compose.queue(
        session,
        kind=kind,
        person=person,
        values=values,
        now=now,
        path=links.approve(token),
        enclosure=enclosure,
    )


def notify_person(
    session: Session,
    kind: NoticeKind,
    person: Person,
    revision: Revision,
    *,
    now: datetime,
    by: Actor | None = None,
    **more_values: object,
) -> None:
    """Queue a notice about this revision for a person; `by` is the person who caused it."""
    post = revision.post
    values = {
        "title": post.title,
        "revision": revision.number,
        "department": post.department,
        **more_values,
    }
    if by is not None:
        values["by"] = _acting_person(session, by)
    path = links.post(post.id)
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def _acting_person(session: Session, actor: Actor) -> Person | None:
    return session.get_one(Person, actor.person_id) if actor.person_id is not None else None
