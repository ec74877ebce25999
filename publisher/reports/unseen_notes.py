"""Departments' notes that the cell has not yet seen while it drafts."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload

from publisher.intake.questions import is_unseen
from publisher.models.submission_details import SubmissionNote
from publisher.reports.types import with_names


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
