"""Tell heads when they may decide about a post that waits for their officers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from approvals.approvers import Approvers
from approvals.policy import CLOCK
from approvals.states import PostState
from publisher.database.session import Database
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.posts import Post, Revision
from publisher.notifications.kinds import NoticeKind
from publisher.review import department_approvers, notify
from publisher.review.department_approvers import (
    HEAD_HOURS,
    approvers_among,
    offices_by_department,
)
from publisher.review.department_reviews import department_reviews


def tick_heads(database: Database, *, now: datetime, head_hours: float = HEAD_HOURS) -> int:
    """Tell the heads whose right has begun, each once for a revision; returns their number.

    What was in review before heads had such a right gets its time here, as on sending.
    """
    with database.reading() as session:
        has_untimed = session.scalar(select(exists(_untimed()))) or False
        is_due = has_untimed or bool(_untold(session, now=now))
    if not is_due:
        return 0
    with database.transaction() as session:
        untimed = _untimed().with_for_update(of=Revision, skip_locked=True)
        for revision in session.scalars(untimed).all():
            sent_at = revision.post.state_at
            department_approvers.set_head_time(revision, least=head_hours, now=sent_at)
        untold = _untold(session, now=now)
        for revision, department_id, able in untold:
            _tell_head(session, revision, department_id, able, now=now)
        return len(untold)


def _untimed() -> Select[Revision]:
    return (
        select(Revision)
        .join(Revision.post)
        .where(
            Post.state == PostState.IN_REVIEW,
            Revision.number == Post.newest,
            Revision.head_decides_at.is_(None),
        )
    )


def _untold(session: Session, *, now: datetime) -> list[tuple[Revision, int, Approvers]]:
    """Return the revisions in review and the departments whose heads may decide, untold."""
    query = (
        select(Revision)
        .join(Revision.post)
        .where(Post.state == PostState.IN_REVIEW, Revision.number == Post.newest)
        .options(
            contains_eager(Revision.post),
            selectinload(Revision.departments),
            selectinload(Revision.decisions),
        )
        .order_by(Revision.id)
    )
    revisions = session.scalars(query).all()
    notified = _notified(session, [revision.post_id for revision in revisions])
    pending = [
        (revision, review.department.id)
        for revision in revisions
        for review in department_reviews(revision, now=now)
        if review.is_pending
        and (revision.post_id, revision.number, review.department.id) not in notified
    ]
    department_ids = {department_id for _revision, department_id in pending}
    offices = offices_by_department(session, department_ids, now=now)
    weighed = [
        (revision, department_id, approvers_among(offices[department_id], revision, now=now))
        for revision, department_id in pending
    ]
    return [entry for entry in weighed if entry[2].standing_in]


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
