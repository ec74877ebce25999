"""Departments' notes that the cell has not yet seen while it drafts."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import Select, and_, bindparam, exists, select
from sqlalchemy.orm import Session, joinedload

from publisher.intake.questions import SEE_NOTE
from publisher.models.history import Event
from publisher.models.posts import Revision
from publisher.models.submission_details import NoteKind, SubmissionNote
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import with_names
from publisher.states import SubmissionState


def unseen_notes(session: Session, submissions: Collection[int]) -> list[SubmissionNote]:
    """Return the unseen notes on these submissions, oldest first."""
    return list(session.scalars(_unseen_notes(), {"submission_ids": submissions}))


@cache
def _unseen_notes() -> Select[SubmissionNote]:
    return (
        select(SubmissionNote)
        .where(
            SubmissionNote.submission_id.in_(bindparam("submission_ids")),
            is_unseen(),
        )
        .order_by(SubmissionNote.id)
        .options(joinedload(SubmissionNote.person), *with_names(SubmissionNote.appointment))
    )


def has_unseen_note() -> Condition:
    """The submission is being drafted, and a note of its department is unseen."""
    submission_ids = select(SubmissionNote.submission_id).where(is_unseen())
    return and_(Submission.state == SubmissionState.DRAFTED, Submission.id.in_(submission_ids))


def is_unseen() -> Condition:
    """The note was not marked as seen, and no revision was saved after it.

    One that came by mail may take the submission back in words: only marking it settles that.
    """
    is_seen = exists().where(
        Event.subject == Submission.__tablename__,
        Event.subject_id == SubmissionNote.submission_id,
        Event.verb == SEE_NOTE,
        Event.at >= SubmissionNote.at,
    )
    is_revised = exists().where(
        PostSubmission.submission_id == SubmissionNote.submission_id,
        Revision.post_id == PostSubmission.post_id,
        Revision.saved_at > SubmissionNote.at,
        SubmissionNote.mail_sender == "",
    )
    return and_(
        SubmissionNote.kind == NoteKind.NOTE,
        ~is_seen.correlate(SubmissionNote),
        ~is_revised.correlate(SubmissionNote),
    )
