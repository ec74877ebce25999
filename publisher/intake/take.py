"""Record who works on a submission: a clerk takes it, gives it back, or takes it over.

This locks nothing: everybody of the cell may work on it. Its drafts have the same holder.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor
from publisher import transitions
from publisher.intake.close import lock_submission
from publisher.models.submissions import Submission
from publisher.validation import person_of

TAKE = "take"
GIVE_BACK = "give_back"


class TakenMeanwhile(NotAllowed):
    """Somebody took it, or gave it back, after the page with the button was made."""

    code = "taken_meanwhile"


def take(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, seen_holder_id: int | None
) -> Submission:
    """Record that the actor works on a submission; if the actor does already, change nothing.

    `seen_holder_id` is the person who had it on the page. Raises `NotFound`, `WrongRole`, or
    `TakenMeanwhile` if that has changed.
    """
    submission = lock_submission(session, submission_id, actor=actor, action=Action.DRAFT, now=now)
    holder_id = submission.taken_by_id
    if holder_id == person_of(actor):
        return submission
    if holder_id != seen_holder_id:
        raise TakenMeanwhile
    submission.taken_by_id, submission.taken_at = person_of(actor), now
    values = {"from": holder_id} if holder_id is not None else None
    transitions.record(session, submission, TAKE, actor=actor, now=now, values=values)
    return submission


def give_back(session: Session, *, actor: Actor, now: datetime, submission_id: int) -> Submission:
    """Record that the actor no longer works on a submission. Raises as `take`.

    If nobody works on it, nothing changes.
    """
    submission = lock_submission(session, submission_id, actor=actor, action=Action.DRAFT, now=now)
    if submission.taken_by_id is None:
        return submission
    if submission.taken_by_id != person_of(actor):
        raise TakenMeanwhile
    submission.taken_by_id = submission.taken_at = None
    transitions.record(session, submission, GIVE_BACK, actor=actor, now=now)
    return submission
