"""Edit a submission until drafting starts; the history keeps every change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, WrongRole, WrongState
from approvals.policy import Action, Actor, Role
from publisher import transitions
from publisher.intake import persistence
from publisher.intake.close import lock_submission
from publisher.intake.form import FIELDS, Checked, StandingValues, check
from publisher.intake.persistence import StoredForm
from publisher.models.submission_details import SubmissionChange
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.validation import Invalid

OPEN = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
AT_THE_CELL = (Role.CELL, Role.CELL_LEAD)


class DraftingBegun(NotAllowed):
    """Drafting has started: further information has to be sent as a note."""

    code = "drafting_begun"


class ChangedMeanwhile(Exception):
    """The `fields` were changed since the form was opened; `newest` is the present edition."""

    def __init__(self, newest: int, fields: tuple[str, ...]) -> None:
        super().__init__(newest, fields)
        self.newest = newest
        self.fields = fields


def change(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    submission_id: int,
    seen_edition: int,
    stored_form: StoredForm,
) -> tuple[str, ...]:
    """Apply the form to the submission, and return the names of the changed fields.

    `seen_edition` is the edition that the form was filled from. Raises `NotFound`, `WrongRole`,
    `DraftingBegun`, `WrongState` if it has ended, `ChangedMeanwhile`, or `Invalid`.
    """
    action = Action.CHANGE_SUBMISSION
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    check_recorded_here(submission, actor)
    check_open(submission)
    checked = _validate(session, submission, stored_form, now)
    before = _differences(submission, checked)
    if not before:
        return ()
    if seen_edition != submission.edition:
        raise ChangedMeanwhile(
            submission.edition, fields_changed(session, submission, seen_edition)
        )
    _write(session, submission, checked, before)
    values = {"edition": submission.edition, "fields": list(before)}
    transitions.record(session, submission, action, actor=actor, now=now, values=values)
    return tuple(before)


def check_recorded_here(submission: Submission, actor: Actor) -> None:
    """Raise `WrongRole` if the cell edits a submission that the department handed in itself."""
    if actor.role in AT_THE_CELL and not submission.brought_by:
        raise WrongRole(role=actor.role)


def check_open(submission: Submission) -> None:
    """Raise `DraftingBegun`, or `WrongState` if the submission has ended."""
    if submission.state is SubmissionState.DRAFTED:
        raise DraftingBegun(number=submission.number)
    if submission.state not in OPEN:
        raise WrongState(state=submission.state, to=submission.state)


def fields_changed(session: Session, submission: Submission, seen_edition: int) -> tuple[str, ...]:
    """Return the fields that were changed after that edition, each once."""
    query = select(SubmissionChange.field).where(
        SubmissionChange.submission_id == submission.id, SubmissionChange.edition > seen_edition
    )
    return tuple(dict.fromkeys(session.scalars(query.order_by(SubmissionChange.id))))


def standing_values(submission: Submission) -> StandingValues:
    """Return what the submission has already, and may keep."""
    digests = frozenset(file.sha256 for file in submission.files)
    return StandingValues(submission.wished_at, submission.useful_until, digests)


def _validate(
    session: Session, submission: Submission, stored_form: StoredForm, now: datetime
) -> Checked:
    form = stored_form.form
    at_desk = bool(submission.brought_by)
    checked = check(form, at_desk=at_desk, now=now, standing=standing_values(submission))
    wards = [
        ward_id for ward_id in form.wards if ward_id not in {ward.id for ward in submission.wards}
    ]
    wrong = persistence.wrong_wards(session, wards, now=now)
    if problems := [*checked.problems, *stored_form.unstored, *wrong]:
        raise Invalid(problems)
    return checked


def _differences(submission: Submission, checked: Checked) -> Mapping[str, str]:
    """Return the fields that the form changes, with their previous texts."""
    form = checked.form
    previous_texts = {
        name: _format_value(getattr(submission, name))
        for name in ("kind", *FIELDS)
        if getattr(submission, name) != getattr(form, name)
    }
    if tuple(ward.id for ward in submission.wards) != form.wards:
        previous_texts["wards"] = ", ".join(ward.code for ward in submission.wards)
    old = [(file.sha256, file.name, file.alt_mr, file.alt_en) for file in submission.files]
    new = [(file.sha256, file.name, file.alt_mr, file.alt_en) for file in checked.files]
    if old != new:
        previous_texts["files"] = "\n".join(
            " · ".join(filter(None, file_fields)) for file_fields in old
        )
    return previous_texts


def _format_value(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _write(
    session: Session, submission: Submission, checked: Checked, before: Mapping[str, str]
) -> None:
    submission.edition += 1
    for field, previous_text in before.items():
        session.add(
            SubmissionChange(
                submission_id=submission.id,
                edition=submission.edition,
                field=field,
                before=previous_text,
            )
        )
    persistence.fill(session, submission, checked.form)
    session.flush()
    if "files" in before:
        persistence.fill_files(session, submission, checked.files)


def list_changes(session: Session, submission: Submission) -> list[SubmissionChange]:
    """Return the previous texts of all changed fields, newest edition first."""
    query = select(SubmissionChange).where(SubmissionChange.submission_id == submission.id)
    order = (SubmissionChange.edition.desc(), SubmissionChange.id)
    return list(session.scalars(query.order_by(*order)))
