"""Query a submission in full, within the actor's sight."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.validation import check_in_sight, existing


def get_submission(session: Session, *, actor: Actor, submission_id: int) -> Submission:
    """Return a submission with its files, wards and posts; raises `NotFound`."""
    query = select(Submission).where(Submission.id == submission_id).options(*_IN_FULL)
    submission = existing(session.scalars(query).unique().one_or_none(), submission_id)
    check_in_sight(actor, Action.SEE_SUBMISSION, [submission.department_id])
    return submission


_IN_FULL: tuple[ORMOption, ...] = (
    joinedload(Submission.department),
    joinedload(Submission.handed_in_by),
    joinedload(Submission.taken_by),
    joinedload(Submission.handed_in_under).joinedload(Appointment.department),
    joinedload(Submission.files),
    joinedload(Submission.wards),
    selectinload(Submission.posts).joinedload(Post.department),
)
