"""Undo a submission's decline or merger: it is with the cell, or the department, again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.policy import Action, Actor
from publisher import transitions, undo
from publisher.intake.close import lock_submission
from publisher.intake.questions import last_note
from publisher.intake.submit import all_duplicates, contact, notify_person
from publisher.models.history import Event
from publisher.models.submission_details import NoteKind
from publisher.models.submissions import Submission
from publisher.notifications.kinds import NoticeKind
from publisher.states import SubmissionState
from publisher.validation import existing

UNDOABLE = (Action.DECLINE_SUBMISSION, Action.MERGE_SUBMISSION)
UNDO_DECLINE, UNDO_MERGE = "undo_decline", "undo_merge"
TAKE_OUT, ORIGINAL_REOPENED = "take_out", "original_reopened"


def undo_end(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    submission_id: int,
    event_id: int,
    within: timedelta,
) -> Submission:
    """Undo the act of this event; notify those notified of it, unless the mail was not sent yet.

    Raises `NotFound`, `WrongRole`, or as `undo.check_act`.
    """
    act = undo.find_act(session, Submission, submission_id, event_id, verbs=UNDOABLE)
    other_id = int(act.details.get("into_id", submission_id)) if act else submission_id
    for key in sorted({submission_id, other_id}):
        transitions.lock(session, Submission, key)  # in the order in which a merger locks them
    action = Action(act.verb) if act else Action.DECLINE_SUBMISSION
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    act = undo.check_act(session, act, actor=actor, now=now, within=within)
    if action is Action.MERGE_SUBMISSION:
        _undo_merge(session, submission, act, actor=actor, now=now)
    else:
        _undo_decline(session, submission, act, actor=actor, now=now)
    _notify(session, submission, act, _SENT_KINDS[action], actor=actor, now=now)
    return submission


_SENT_KINDS = {
    Action.DECLINE_SUBMISSION: NoticeKind.SUBMISSION_DECLINED,
    Action.MERGE_SUBMISSION: NoticeKind.SUBMISSION_MERGED,
}


def _undo_decline(
    session: Session, submission: Submission, act: Event, *, actor: Actor, now: datetime
) -> None:
    to = SubmissionState(existing(act.state_before, act.id))
    question = last_note(session, submission, NoteKind.QUESTION)
    is_asked = to is SubmissionState.RETURNED and question is not None
    submission.reason = question.text if question is not None and is_asked else ""
    values = {undo.UNDOES: act.id}
    transitions.apply(
        session, submission, to, actor=actor, now=now, verb=UNDO_DECLINE, values=values
    )
    for duplicate in all_duplicates(submission):
        same = duplicate.department_id == submission.department_id
        about = {"into": submission.number, "into_id": submission.id, "same": same}
        transitions.record(
            session, duplicate, ORIGINAL_REOPENED, actor=actor, now=now, values=about
        )
        kind = NoticeKind.ORIGINAL_ENDED
        _notify(session, duplicate, act, kind, actor=actor, now=now, into=submission.number)


def _undo_merge(
    session: Session, submission: Submission, act: Event, *, actor: Actor, now: datetime
) -> None:
    other = existing(submission.merged_into, submission.id)
    submission.merged_into, submission.reason = None, ""
    to, values = SubmissionState.RECEIVED, {undo.UNDOES: act.id}
    transitions.apply(session, submission, to, actor=actor, now=now, verb=UNDO_MERGE, values=values)
    about = {"number": submission.number, "id": submission.id, "same": act.details["same"]}
    transitions.record(session, other, TAKE_OUT, actor=actor, now=now, values=about)


def _notify(
    session: Session,
    submission: Submission,
    act: Event,
    sent_kind: NoticeKind,
    *,
    actor: Actor,
    now: datetime,
    into: str = "",
) -> None:
    """Withdraw the notice of the act, or notify its reader that the act was undone."""
    person = contact(session, submission, now=now)
    if person is not None and not undo.withdraw_notices(session, person.id, act, sent_kind):
        values = {"into": into, "returned": submission.state is SubmissionState.RETURNED}
        kind = NoticeKind.SUBMISSION_UNDONE
        notify_person(session, submission, kind, person, now=now, by=actor, **values)
