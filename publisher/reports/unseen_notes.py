"""Departments' notes that the cell has not yet seen while it drafts."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session, joinedload

from publisher.intake.questions import is_unseen
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission
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
