"""A submission as a form again: to be changed, or to be used for a new one."""

from __future__ import annotations

from publisher.desk.intake.forms import HandIn
from publisher.desk.intake.receiving import kept_of
from publisher.desk.intake.writing import COPIED
from publisher.models.content.submissions import Submission

AGAIN = ("title", "text_mr", "text_en", "text_hi", "link", "event_place")
"""What a new submission takes from an earlier one, besides kind, wards and files: no dates."""


def form_of(submission: Submission) -> HandIn:
    """Everything the submission holds, as its form."""
    return _form(submission, COPIED)


def form_again(submission: Submission) -> HandIn:
    """What can be used again of it."""
    return _form(submission, AGAIN)


def _form(submission: Submission, names: tuple[str, ...]) -> HandIn:
    values = {name: getattr(submission, name) for name in names}
    return HandIn(
        department_id=submission.department_id,
        kind=submission.kind,
        wards=tuple(ward.id for ward in submission.wards),
        files=tuple(kept_of(file) for file in submission.files),
        **values,
    )
