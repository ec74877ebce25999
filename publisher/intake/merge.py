"""Merge a duplicate into another submission, with a reason, and link both."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor
from publisher import transitions
from publisher.i18n.languages import latin_digits
from publisher.intake.close import lock_submission
from publisher.intake.submit import notify
from publisher.models.submissions import Submission
from publisher.notifications.kinds import NoticeKind
from publisher.states import SUBMISSION_MOVES, SubmissionState
from publisher.validation import FieldError, Invalid, Validator, clean_reason

TAKE_IN = "take_in"
LONGEST_ORIGINAL_NUMBER = 40
MOST_LIKELY = 8
_STATES_TO_MERGE_INTO = (
    SubmissionState.RECEIVED,
    SubmissionState.RETURNED,
    SubmissionState.DRAFTED,
)


def merge(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    submission_id: int,
    number: str,
    reason: str,
) -> Submission:
    """Merge a duplicate into another submission, and notify its department.

    `number` is the whole number, or its last digits within the same year. Raises `NotFound`,
    `WrongRole`, `WrongState`, or `Invalid` for the number or the reason.
    """
    other_id = _submission_id(session, submission_id, number)
    for key in sorted({submission_id, other_id or submission_id}):
        transitions.lock(session, Submission, key)  # always in this order, to avoid a deadlock
    action, to = Action.MERGE_SUBMISSION, SubmissionState.MERGED
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    transitions.check_move(SUBMISSION_MOVES, submission.state, to)
    other = session.get(Submission, other_id) if other_id else None
    cleaned_reason = _validate_reason(submission, other, number, reason)
    if other is None:
        raise Invalid([FieldError("number", "unknown_number", {"number": number})])
    submission.merged_into, submission.reason = other, cleaned_reason
    # People of the same department may see both.
    same = submission.department_id == other.department_id
    details = {"into": other.number, "into_id": other.id, "same": same}
    transitions.apply(session, submission, to, actor=actor, now=now, verb=action, values=details)
    take_in_details = {"number": submission.number, "id": submission.id, "same": same}
    transitions.record(session, other, TAKE_IN, actor=actor, now=now, values=take_in_details)
    notice_values = {"into": other.number, "reason": cleaned_reason}
    notify(session, submission, NoticeKind.SUBMISSION_MERGED, now=now, by=actor, **notice_values)
    return submission


def whole_number(number: str, like: str) -> str:
    """Return the full number; digits alone are completed with the city and year of `like`."""
    plain = latin_digits("".join(number.split())).upper()
    if re.fullmatch(r"[0-9]{1,6}", plain):
        return f"{like.rpartition('/')[0]}/{int(plain):06d}"
    return plain


def _submission_id(session: Session, submission_id: int, number: str) -> int | None:
    own_number = session.scalar(select(Submission.number).where(Submission.id == submission_id))
    full_number = whole_number(number, own_number or "")
    if not full_number.isprintable() or len(full_number) > LONGEST_ORIGINAL_NUMBER:
        return None
    return session.scalar(select(Submission.id).where(Submission.number == full_number))


def _validate_reason(
    submission: Submission, other: Submission | None, number: str, reason: str
) -> str:
    """Return the cleaned reason; raises `Invalid` with the errors of the reason and the number."""
    validator = Validator()
    if not number.strip():
        validator.add("number", "required")
    elif other is None:
        validator.add("number", "unknown_number", number=number[:LONGEST_ORIGINAL_NUMBER])
    elif other.id == submission.id:
        validator.add("number", "itself")
    elif other.merged_into is not None:
        validator.add("number", "merged_itself", into=other.merged_into.number)
    elif other.state not in _STATES_TO_MERGE_INTO:
        validator.add("number", "has_ended", number=other.number)
    try:
        cleaned_reason = clean_reason(reason)
    except Invalid as invalid:
        raise Invalid([*validator.problems, *invalid.problems]) from invalid
    validator.finish()
    return cleaned_reason


def likely_originals(session: Session, submission: Submission) -> list[Submission]:
    """Return a few open submissions of the same department, newest first."""
    query = select(Submission).where(
        Submission.department_id == submission.department_id,
        Submission.state.in_(_STATES_TO_MERGE_INTO),
        Submission.id != submission.id,
    )
    newest = query.order_by(Submission.received_at.desc(), Submission.id.desc())
    return list(session.scalars(newest.limit(MOST_LIKELY)))
