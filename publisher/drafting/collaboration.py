"""Work on a post together: add submissions to it, write notes, and show who else has it open."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Insert, bindparam, case, delete, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role, Scope, require, scope_of
from approvals.states import PostState
from publisher import transitions
from publisher.database.bulk import insert_for
from publisher.database.noted_changes import note_changed
from publisher.database.session import core_table
from publisher.i18n.languages import latin_digits
from publisher.models.desk import ClerkNote, OpenDraft
from publisher.models.people import Appointment
from publisher.models.posts import Post, PostKind
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.transitions import NOW
from publisher.validation import FieldError, Invalid, NotFound, Validator, existing, person_of

JOINABLE = (SubmissionState.RECEIVED, SubmissionState.DRAFTED)
"""The states in which a submission can be added to a post that exists already."""

LONGEST_CLERK_NOTE = 2_000
OPEN_DRAFT_TIMEOUT = timedelta(minutes=10)
"""A draft counts as open in a browser until this long after the page last reported it."""


def join_submission(
    session: Session, *, actor: Actor, now: datetime, post_id: int, number: str
) -> Submission:
    """Add the submission with this acknowledgement number to a post; it becomes drafted.

    Raises `NotFound`, `WrongRole`, `WrongState`, or `Invalid` at `number` if the submission is
    unknown, not open, or joined already.
    """
    # The post is checked now and again once it is locked: a submission is locked before its post,
    # here as everywhere, or two transactions could deadlock.
    _check_editable(session.get(Post, post_id), post_id, actor=actor, now=now)
    submission = _submission_by_number(session, number)
    post = _lock_post(session, post_id, actor=actor, now=now)
    if submission in post.submissions:
        raise Invalid([FieldError("number", "joined_already", {"number": submission.number})])
    if submission.state not in JOINABLE:
        raise Invalid([FieldError("number", "not_open", {"number": submission.number})])
    post.submissions.append(submission)
    to, verb, values = SubmissionState.DRAFTED, Action.DRAFT, {"post": post_id}
    transitions.apply_or_record(
        session, submission, to, actor=actor, now=now, verb=verb, values=values
    )
    post_values = {"number": submission.number}
    transitions.record(session, post, "join", actor=actor, now=now, values=post_values)
    return submission


def remove_submission(
    session: Session, *, actor: Actor, now: datetime, post_id: int, submission_id: int
) -> Submission:
    """Remove a submission that was added to a post by mistake, and return it.

    Raises `Invalid` if the post would be left without a submission of its owning department, or the
    submission without a post: a drafted submission has to belong to one.
    """
    post = _lock_post(session, post_id, actor=actor, now=now)
    submissions = {submission.id: submission for submission in post.submissions}
    submission = existing(submissions.get(submission_id), submission_id)
    remaining = [other for other in post.submissions if other is not submission]
    if all(other.department_id != post.department_id for other in remaining):
        raise Invalid([FieldError("number", "last_of_owner", {"number": submission.number})])
    if submission.posts == [post]:
        raise Invalid([FieldError("number", "only_here", {"number": submission.number})])
    post.submissions.remove(submission)
    values = {"number": submission.number}
    transitions.record(session, post, "part", actor=actor, now=now, values=values)
    # A text of this post no longer answers its notes.
    note_changed(session, Submission.__tablename__, submission.id, now=now, is_by_person=True)
    return submission


def _lock_post(session: Session, post_id: int, *, actor: Actor, now: datetime) -> Post:
    return _check_editable(transitions.lock(session, Post, post_id), post_id, actor=actor, now=now)


def _check_editable(post: Post | None, post_id: int, *, actor: Actor, now: datetime) -> Post:
    """Return the post if the actor may write it and it is not withdrawn; raise otherwise."""
    if post is None or post.kind is not PostKind.POST:
        raise NotFound(post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    if post.state is PostState.WITHDRAWN:
        raise Invalid([FieldError("number", "post_withdrawn")])
    return post


def _submission_by_number(session: Session, number: str) -> Submission:
    """Return the submission with this number (Latin or Devanagari digits), locked."""
    normalized_number = latin_digits("".join(number.split())).upper()
    if not normalized_number:
        raise Invalid([FieldError("number", "required")])
    query = select(Submission.id).where(Submission.number == normalized_number)
    submission_id = session.scalars(query).one_or_none()
    submission = (
        transitions.lock(session, Submission, submission_id) if submission_id is not None else None
    )
    if submission is None:
        raise Invalid([FieldError("number", "unknown_number", {"number": normalized_number[:40]})])
    return submission


def write_note(
    session: Session, *, actor: Actor, now: datetime, post_id: int, text: str
) -> ClerkNote:
    """Add a note to a post; raises `NotFound`, `WrongRole`, or `Invalid` at `clerk_note`."""
    post = existing(session.get(Post, post_id), post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    validator = Validator()
    note_text = validator.text("clerk_note", text, most=LONGEST_CLERK_NOTE, required=True)
    validator.finish()
    note = ClerkNote(
        post_id=post_id,
        person_id=person_of(actor),
        appointment_id=actor.appointment_id,
        at=now,
        text=note_text,
    )
    session.add(note)
    session.flush()
    return note


def may_read_notes(actor: Actor) -> bool:
    """Return True if the actor may read the notes between clerks: the cell and the auditor may."""
    sees_all = scope_of(actor, Action.SEE_SUBMISSION) is Scope.ANY
    return sees_all and actor.role in (Role.CELL, Role.CELL_LEAD, Role.AUDITOR)


def list_notes(session: Session, *, actor: Actor, post_id: int) -> list[ClerkNote]:
    """Return the notes about a post, oldest first, or none if the actor may not read them."""
    if not may_read_notes(actor):
        return []
    query = (
        select(ClerkNote)
        .where(ClerkNote.post_id == post_id)
        .order_by(ClerkNote.id)
        .options(
            joinedload(ClerkNote.person),
            joinedload(ClerkNote.appointment).joinedload(Appointment.department),
        )
    )
    return list(session.scalars(query))


def record_open_draft(session: Session, *, actor: Actor, now: datetime, post_id: int) -> None:
    """Record that the actor has the draft open; raises `NotFound` if there is no such post.

    A person has one row, however many tabs are open. If the row has expired, `opened_at` is now.
    """
    post = existing(session.get(Post, post_id), post_id)
    require(actor, Action.DRAFT, post.department_id, now=now)
    connection = session.connection()
    values = {"post_id": post_id, "person_id": person_of(actor), "now": now}
    connection.execute(
        _insert_open_draft(connection.dialect.name),
        {**values, "expired_at": now - OPEN_DRAFT_TIMEOUT},
    )


#: PostgreSQL:
#:   INSERT INTO open_drafts (post_id, person_id, opened_at, touched_at)
#:   VALUES (:post_id, :person_id, :now, :now)
#:   ON CONFLICT (post_id, person_id) DO UPDATE SET opened_at = CASE
#:       WHEN (open_drafts.touched_at <= :expired_at) THEN :now ELSE open_drafts.opened_at END,
#:       touched_at = :now
@cache
def _insert_open_draft(dialect: str) -> Insert:
    table = core_table(OpenDraft)
    expired_at = bindparam("expired_at", type_=table.c.touched_at.type)
    opened_at = case((table.c.touched_at <= expired_at, NOW), else_=table.c.opened_at)
    names = ("post_id", "person_id")
    row = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return (
        insert_for(dialect, OpenDraft)
        .values({**row, "opened_at": NOW, "touched_at": NOW})
        .on_conflict_do_update(
            index_elements=names, set_={"touched_at": NOW, "opened_at": opened_at}
        )
    )


def delete_open_draft(session: Session, *, actor: Actor, post_id: int) -> None:
    """Delete the actor's open-draft row, after the draft was sent for review."""
    own_row = (OpenDraft.post_id == post_id, OpenDraft.person_id == person_of(actor))
    session.execute(delete(OpenDraft).where(*own_row))


def other_editors(
    session: Session, *, actor: Actor, now: datetime, post_id: int
) -> list[OpenDraft]:
    """Return the open-draft rows of other persons, the longest open first."""
    query = (
        select(OpenDraft)
        .where(
            OpenDraft.post_id == post_id,
            OpenDraft.person_id != person_of(actor),
            OpenDraft.touched_at > now - OPEN_DRAFT_TIMEOUT,
        )
        .order_by(OpenDraft.opened_at, OpenDraft.person_id)
        .options(joinedload(OpenDraft.person))
    )
    return list(session.scalars(query))
