"""Tell heads when they may decide about a post that waits for their officers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.approvers import Approvers
from approvals.policy import CLOCK
from approvals.states import PostState
from publisher.database.session import Database
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.posts import Post, Revision
from publisher.notifications.compose import NoticeKind
from publisher.review import notify
from publisher.review.department_approvers import approvers_for
from publisher.review.department_reviews import department_reviews


def tick_heads(database: Database, *, now: datetime) -> int:
    """Tell the heads whose right has begun, each once for a revision; returns their number."""
    with database.reading() as session:
        post_ids = [revision.post_id for revision, _department_id in _untold(session, now=now)]
    if not post_ids:
        return 0
    with database.transaction() as session:
        untold = _untold(session, now=now)
        for revision, department_id in untold:
            able = approvers_for(session, revision, department_id, now=now)
            _tell_head(session, revision, department_id, able, now=now)
        return len(untold)


def _untold(session: Session, *, now: datetime) -> list[tuple[Revision, int]]:
    """Return the revisions in review, and the departments of heads who may decide, untold."""
    query = (
        select(Revision)
        .join(Post, Post.id == Revision.post_id)
        .where(Post.state == PostState.IN_REVIEW, Revision.number == Post.newest)
        .order_by(Revision.id)
    )
    revisions = session.scalars(query).all()
    notified = _notified(session, [revision.post_id for revision in revisions])
    return [
        (revision, review.department.id)
        for revision in revisions
        for review in department_reviews(revision, now=now)
        if review.is_pending
        and (revision.post_id, revision.number, review.department.id) not in notified
        and approvers_for(session, revision, review.department.id, now=now).standing_in
    ]


def _notified(session: Session, post_ids: list[int]) -> set[tuple[int, object, object]]:
    query = select(Event).where(
        Event.subject == Post.__tablename__,
        Event.subject_id.in_(post_ids),
        Event.verb == notify.HEAD_MAY_DECIDE,
    )
    return {
        (event.subject_id, event.details.get("revision"), event.details.get("department"))
        for event in session.scalars(query)
    }


def _tell_head(
    session: Session, revision: Revision, department_id: int, able: Approvers, *, now: datetime
) -> None:
    if able.head is None or able.head_ground is None:
        return
    notify.record_head(session, revision, department_id, able, actor=CLOCK, now=now)
    person, kind = session.get_one(Person, able.head.person_id), NoticeKind.HEAD_MAY_DECIDE
    notify.tell(session, kind, person, revision, now=now, why=able.head_ground.value)
