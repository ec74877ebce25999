"""Tell heads when they may decide about a post that waits for their officers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from approvals.states import PostState
from publisher import transitions
from publisher.database.session import Database
from publisher.models.people import Person
from publisher.models.posts import Post, Revision
from publisher.notifications.kinds import NoticeKind
from publisher.review import department_approvers, notify
from publisher.review.department_approvers import HEAD_HOURS
from publisher.review.pending_reviews import PendingReview, events_about, pending_reviews


def tick_heads(database: Database, *, now: datetime, head_hours: float = HEAD_HOURS) -> int:
    """Tell the heads whose right has begun, each once for a revision; returns their number.

    What was in review before heads had such a right gets its time here, as on sending.
    """
    with database.reading() as session:
        has_untimed = session.scalar(select(exists(_untimed()))) or False
    if has_untimed:
        with database.transaction() as session:
            untimed = _untimed().with_for_update(of=Revision, skip_locked=True)
            for revision in session.scalars(untimed).all():
                sent_at = revision.post.state_at
                department_approvers.set_head_time(revision, least=head_hours, now=sent_at)
    with database.reading() as session:
        post_ids = {review.revision.post_id for review in _untold(session, now=now)}
    return sum(_tell_heads(database, post_id, now=now) for post_id in sorted(post_ids))


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


def _untold(session: Session, *, now: datetime, post_id: int | None = None) -> list[PendingReview]:
    """Return the reviews whose heads may decide, and were not told."""
    reviews = pending_reviews(session, now=now, post_id=post_id)
    notified = {
        (event.subject_id, event.details.get("revision"), event.details.get("department"))
        for event in events_about(session, notify.HEAD_MAY_DECIDE, reviews)
    }
    return [
        review
        for review in reviews
        if review.approvers.standing_in
        and (review.revision.post_id, review.revision.number, review.department.id) not in notified
    ]


def _tell_heads(database: Database, post_id: int, *, now: datetime) -> int:
    with database.transaction() as session:
        # Locked, so that another clock sees what this one has recorded.
        transitions.lock(session, Post, post_id)
        untold = _untold(session, now=now, post_id=post_id)
        for review in untold:
            _tell_head(session, review, now=now)
        return len(untold)


def _tell_head(session: Session, review: PendingReview, *, now: datetime) -> None:
    revision, approvers = review.revision, review.approvers
    if approvers.head is None or approvers.head_ground is None:
        return
    notify.record_head(session, revision, review.department.id, approvers, actor=CLOCK, now=now)
    reply = revision.post.reply
    values = {
        "why": approvers.head_ground.value,
        "comment": reply.comment.text if reply is not None else "",
    }
    person, kind = session.get_one(Person, approvers.head.person_id), NoticeKind.HEAD_MAY_DECIDE
    notify.ask_to_decide(session, kind, person, revision, values, now=now)
