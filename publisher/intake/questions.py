"""Questions of the cell to the department, their answers, and notes of the department.

A submission that is returned with a question waits for the answer. A note can be added until the
submission is declined, merged or withdrawn, even when it can no longer be edited.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from approvals.errors import WrongState
from approvals.policy import Action, Actor
from publisher import transitions
from publisher.intake.close import lock_submission
from publisher.intake.edit import check_recorded_here
from publisher.intake.submit import contact, notify_person
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.models.posts import Revision
from publisher.models.submission_details import NoteKind, SubmissionNote
from publisher.models.submissions import PostSubmission, Submission
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.states import SUBMISSION_MOVES, SubmissionState
from publisher.validation import clean_reason

ADD_NOTE = "add_note"
SEE_NOTE = "see_note"
_STATES_FOR_NOTES = (SubmissionState.RECEIVED, SubmissionState.RETURNED, SubmissionState.DRAFTED)


def return_submission(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, question: str
) -> Submission:
    """Return a submission to its department with a question; it keeps its number.

    Notifies the person who handed it in and the department's first responsible person. Raises
    `NotFound`, `WrongRole`, `WrongState`, or `Invalid` for the question.
    """
    action, target = Action.RETURN_SUBMISSION, SubmissionState.RETURNED
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    transitions.check_move(SUBMISSION_MOVES, submission.state, target)
    submission.reason = clean_reason(question, field="question")
    note = _store_note(session, submission, NoteKind.QUESTION, submission.reason, actor, now)
    transitions.apply(
        session, submission, target, actor=actor, now=now, verb=action, values={"note": note.id}
    )
    kind, reason = NoticeKind.SUBMISSION_RETURNED, submission.reason
    for person in _people_to_notify(session, submission, now):
        notify_person(session, submission, kind, person, now=now, by=actor, reason=reason)
    return submission


def answer_question(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, answer: str
) -> Submission:
    """Answer the question: the submission is with the cell again, under the same number.

    Notifies the person who asked. Raises as `return_submission`.
    """
    action, target = Action.COMPLETE_SUBMISSION, SubmissionState.RECEIVED
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    check_recorded_here(submission, actor)
    transitions.check_move(SUBMISSION_MOVES, submission.state, target)
    cleaned_answer = clean_reason(answer, field="answer")
    note = _store_note(session, submission, NoteKind.ANSWER, cleaned_answer, actor, now)
    submission.reason = ""
    transitions.apply(
        session, submission, target, actor=actor, now=now, verb=action, values={"note": note.id}
    )
    question = last_note(session, submission, NoteKind.QUESTION)
    asker = question.person if question is not None else None
    if asker is not None and asker.id != actor.person_id:
        kind = NoticeKind.SUBMISSION_COMPLETED
        notify_person(session, submission, kind, asker, now=now, by=actor, answer=cleaned_answer)
    return submission


def add_note(
    session: Session, *, actor: Actor, now: datetime, submission_id: int, note_text: str
) -> Submission:
    """Add a note of the department to a submission that can no longer be edited.

    Notifies the person who drafts it, or has taken it. Raises as `return_submission`.
    """
    action = Action.CHANGE_SUBMISSION
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    check_recorded_here(submission, actor)
    if submission.state not in _STATES_FOR_NOTES:
        raise WrongState(state=submission.state, to=submission.state)
    text = clean_reason(note_text, field="note")
    note = _store_note(session, submission, NoteKind.NOTE, text, actor, now)
    transitions.record(
        session, submission, ADD_NOTE, actor=actor, now=now, values={"note": note.id}
    )
    clerk = _drafting_clerk(session, submission)
    if clerk is not None and clerk.id != actor.person_id:
        kind = NoticeKind.SUBMISSION_NOTE
        notify_person(session, submission, kind, clerk, now=now, by=actor, answer=text)
    return submission


def mark_notes_seen(
    session: Session, *, actor: Actor, now: datetime, submission_id: int
) -> Submission:
    """Mark the department's notes so far as seen by the cell.

    Raises `NotFound` or `WrongRole`.
    """
    action = Action.DRAFT
    submission = lock_submission(session, submission_id, actor=actor, action=action, now=now)
    transitions.record(session, submission, SEE_NOTE, actor=actor, now=now)
    return submission


def is_unseen() -> ColumnElement[bool]:
    """Return the condition that the note is not marked as seen, and no revision was saved after it.

    A note that came by mail may ask to withdraw the submission: only marking it settles that.
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


def last_note(session: Session, submission: Submission, kind: NoteKind) -> SubmissionNote | None:
    """Return the newest note of this kind, or None."""
    query = select(SubmissionNote).where(
        SubmissionNote.submission_id == submission.id, SubmissionNote.kind == kind
    )
    return session.scalars(query.order_by(SubmissionNote.id.desc()).limit(1)).first()


def _store_note(
    session: Session,
    submission: Submission,
    kind: NoteKind,
    text: str,
    actor: Actor,
    now: datetime,
) -> SubmissionNote:
    note = SubmissionNote(
        submission_id=submission.id,
        kind=kind,
        text=text,
        person_id=actor.person_id,
        appointment_id=actor.appointment_id,
        mail_sender=actor.mail_sender,
        at=now,
    )
    session.add(note)
    session.flush()
    return note


def _people_to_notify(session: Session, submission: Submission, now: datetime) -> Iterator[Person]:
    """Yield the contact person and the department's first responsible person, each once."""
    contact_person = contact(session, submission, now=now)
    if contact_person is not None:
        yield contact_person
    chain = responsibility.responsible_chain(session, submission.department_id, now=now)
    if chain and contact_person is not None and chain[0].person_id != contact_person.id:
        yield chain[0].person


def _drafting_clerk(session: Session, submission: Submission) -> Person | None:
    """Return the author of the newest revision, else who began to draft, else who has taken it."""
    authors = [post.revisions[-1].author for post in submission.posts if post.revisions]
    if authors:
        return authors[-1]
    draft_events = select(Event).where(
        Event.subject == "submissions", Event.subject_id == submission.id, Event.verb == "draft"
    )
    event = session.scalars(draft_events.order_by(Event.id.desc()).limit(1)).first()
    return event.person if event is not None else submission.taken_by
