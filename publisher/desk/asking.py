"""Asking those who can approve, and telling people what became of a revision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.desk import judging
from publisher.models.comments import Reply
from publisher.models.content.posts import Revision
from publisher.models.people import Department, Person
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility


def ask(
    session: Session, revision: Revision, department_id: int, *, actor: Actor, now: datetime
) -> None:
    """Tell those who can approve; where nobody can, tell the cell's lead who can mend it."""
    able = judging.approvers_for(session, revision, department_id, now=now)
    if able.blocked is not None:
        _say_blocked(session, revision, department_id, able.blocked, actor=actor, now=now)
        return
    for one in able.everybody:
        person = session.get_one(Person, one.person_id)
        if revision.post.reply is None:
            more = {
                "due_at": _wished(revision) or revision.not_after,
                "standing_in": able.standing_in,
                **by(session, actor),
            }
            tell(session, NoticeKind.REVIEW_ASKED, person, revision, now=now, more=more)
        else:
            _say_answer_waits(session, person, revision, revision.post.reply, now=now)


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
    more = {"why": why, "department": session.get_one(Department, department_id)}
    for one in responsibility.caretakers(session, now=now):
        tell(session, NoticeKind.REVIEW_BLOCKED, one.person, revision, now=now, more=more)


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
    more: Mapping[str, object] | None = None,
) -> None:
    """Queue a notice about this revision for a person."""
    post = revision.post
    values = {
        "title": post.title,
        "revision": revision.number,
        "department": post.department,
        **(more or {}),
    }
    path = links.review(post.id) if kind is NoticeKind.REVIEW_ASKED else links.post(post.id)
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def by(session: Session, actor: Actor) -> dict[str, object]:
    """Who did it, as a mail says it; nothing where no person did."""
    if actor.person_id is None:
        return {}
    return {"by": session.get_one(Person, actor.person_id)}


def _wished(revision: Revision) -> datetime | None:
    """The earliest time that a department wished for, if any did."""
    wished = [one.wished_at for one in revision.post.submissions if one.wished_at is not None]
    return min(wished, default=None)
