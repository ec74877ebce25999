"""The tasks of submissions: to make posts, to read notes, to complete what was returned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from approvals.policy import Role
from publisher.database.noted_changes import NotedChanges
from publisher.database.session import AnyRow
from publisher.intake.questions import is_unseen
from publisher.models.people import Appointment
from publisher.models.posts import Post, PostKind
from publisher.models.submission_details import NoteKind, SubmissionNote
from publisher.models.submissions import PostSubmission, Priority, Submission
from publisher.states import SubmissionState
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)
from publisher.tasks.subjects.noted_posts import exclude_kind
from publisher.tasks.subjects.offices import offices_by_department

_OPEN_STATES = (SubmissionState.RECEIVED, SubmissionState.RETURNED, SubmissionState.DRAFTED)
_OFFICES = (Role.OFFICER, Role.HEAD, Role.MEMBER)


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these submissions, in at most two statements."""
    submissions = session.execute(_submissions(ids)).all()
    returned_to = {
        submission.department_id
        for submission in submissions
        if submission.state is SubmissionState.RETURNED
    }
    offices = offices_by_department(session, returned_to, _OFFICES, now=now)
    return SpecsOfSubjects(
        [
            spec
            for submission in submissions
            for spec in _submission_tasks(submission, offices.get(submission.department_id, ()))
        ]
    )


def _submission_tasks(submission: AnyRow, offices: Iterable[AnyRow]) -> Iterator[TaskSpec]:
    due_at, due_kind = submission.wished_at, DueKind.WISHED
    if due_at is None:
        due_at, due_kind = submission.useful_until, DueKind.USEFUL_UNTIL
    task = TaskSpec(
        TaskKind.SUBMISSION,
        submission.id,
        submission.state_at,
        department_id=submission.department_id,
        due_at=due_at,
        due_kind=due_kind if due_at is not None else None,
        is_urgent=submission.priority is Priority.URGENT,
    )
    if submission.state is SubmissionState.RECEIVED:
        yield replace(task, queue=TaskQueue.CELL)
    elif submission.state is SubmissionState.RETURNED:
        for office in offices:
            if office.role is not Role.MEMBER or _is_of_member(submission, office.person_id):
                returned = TaskKind.SUBMISSION_RETURNED
                yield replace(task, kind=returned, appointment_id=office.id)
    elif submission.noted_at is not None:
        yield replace(task, kind=TaskKind.NOTE, since_at=submission.noted_at, queue=TaskQueue.CELL)


def _is_of_member(submission: AnyRow, person_id: int) -> bool:
    """Return True if the member handed it in, or nobody of their own department did.

    Then the cell recorded it for the department, or it came by mail from an address that is
    nobody's.
    """
    is_at_the_desk = submission.desk_department_id not in (None, submission.department_id)
    return submission.handed_in_by_id in (None, person_id) or is_at_the_desk


def _submissions(ids: Collection[int]) -> Select[*tuple[object, ...]]:
    newest_note = (
        select(func.max(SubmissionNote.at))
        .where(SubmissionNote.submission_id == Submission.id, is_unseen())
        .correlate(Submission)
        .scalar_subquery()
    )
    under = aliased(Appointment)
    return (
        select(
            *(Submission.id, Submission.state, Submission.state_at, Submission.department_id),
            *(Submission.wished_at, Submission.useful_until, Submission.priority),
            *(Submission.handed_in_by_id, under.department_id.label("desk_department_id")),
            newest_note.label("noted_at"),
        )
        .outerjoin(under, under.id == Submission.handed_in_under_id)
        .where(Submission.id.in_(ids), Submission.state.in_(_OPEN_STATES))
    )


def _depending(session: Session, noted: NotedChanges) -> Iterator[Select[int]]:
    """Yield submissions of changed posts that have a note: a new text answers it."""
    post_ids = exclude_kind(session, noted.ids[Post.__tablename__], PostKind.REPLY)
    has_note = exists().where(
        SubmissionNote.submission_id == PostSubmission.submission_id,
        SubmissionNote.kind == NoteKind.NOTE,
    )
    if post_ids:
        rests_on = PostSubmission.post_id.in_(post_ids)
        yield select(PostSubmission.submission_id).where(rests_on, has_note)


def _open_ids() -> Select[int, int]:
    with_note = select(SubmissionNote.submission_id).where(is_unseen())
    is_drafted = Submission.state == SubmissionState.DRAFTED
    return select(Submission.id, Submission.department_id).where(
        or_(
            Submission.state.in_((SubmissionState.RECEIVED, SubmissionState.RETURNED)),
            and_(is_drafted, Submission.id.in_(with_note)),
        )
    )


SUBMISSIONS = SubjectTasks(
    table=Submission.__tablename__,
    kinds=(TaskKind.SUBMISSION, TaskKind.NOTE, TaskKind.SUBMISSION_RETURNED),
    specs_of=list_specs,
    open_ids=_open_ids(),
    depends_on=(Post.__tablename__,),
    depending=_depending,
    open_states=_OPEN_STATES,
)
"""What is asked about submissions."""
