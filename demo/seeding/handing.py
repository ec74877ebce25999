"""What becomes of a submission: handed in, asked about, merged, declined, withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo import cast
from demo.notices import Notice, PhotoSpec
from demo.plan import COURSES, Course
from demo.seeding import details
from demo.seeding.stage import AT_THE_CELL, OF_A_DEPARTMENT, Stage
from publisher.intake import close, questions, submit
from publisher.intake.form import HandIn
from publisher.intake.merge import merge as intake_merge
from publisher.intake.uploads import UploadedFile
from publisher.models.submissions import Submission
from publisher.states import SubmissionState
from publisher.validation import Missing
from publisher.working_time import from_local, local_day

LAST_MINUTE = time(23, 59)


def token_of(number: int, course: Course) -> str:
    """The form's own token, by which the submission of a course is found again."""
    return f"demo-{number}-{course.notice}"


def useful_until(notice: Notice, base: datetime) -> datetime:
    """The end of the last day on which anybody needs it."""
    return from_local(notice.last_useful_day(local_day(base)), LAST_MINUTE)


def hand_in(stage: Stage, number: int, course: Course, base: datetime) -> None:
    """Hand the notice in with its photos, or let the cell record it at its desk."""
    notice = stage.notices[course.notice]
    files = tuple(_file(spec) for spec in notice.photos)
    with stage.write() as session:
        department_id = stage.department(session, notice.department)
        if course.recorded_by is None:
            actor = stage.actor(session, course.handed_in_by, OF_A_DEPARTMENT, department_id)
        else:
            actor = stage.actor(session, course.recorded_by, AT_THE_CELL)
        submit.hand_in(
            session,
            actor=actor,
            now=stage.now,
            city_code=stage.settings.city.code,
            store=stage.store,
            form=_with_details(
                session, _form(notice, course, number, department_id, files, base), notice, base
            ),
        )


def _form(
    notice: Notice,
    course: Course,
    number: int,
    department_id: int,
    files: tuple[UploadedFile, ...],
    base: datetime,
) -> HandIn:
    bringer = cast.by_key()[course.handed_in_by]
    return HandIn(
        department_id=department_id,
        kind=notice.kind,
        title=notice.mr.title,
        text_mr=notice.mr.body,
        text_en=notice.en.body,
        link=notice.link or "",
        wished_at=notice.wished.moment(base),
        useful_until=useful_until(notice, base),
        outward_number=_outward(notice, course),
        files=files,
        form_token=token_of(number, course),
        brought_by=f"{bringer.name_mr}, {bringer.designation_mr}" if course.recorded_by else "",
    )


def _with_details(session: Session, form: HandIn, notice: Notice, base: datetime) -> HandIn:
    found = details.DETAILS.get(notice.key, details.NOTHING)
    return replace(
        form,
        event_on=details.day_of(notice, found.first_day, base),
        event_until_on=details.day_of(notice, found.last_day, base),
        event_place=found.place,
        wards=details.ward_ids(session, found),
        priority=found.priority,
        urgent_reason=found.urgent,
    )


def _outward(notice: Notice, course: Course) -> str:
    """What was handed in twice by mistake came the second time under another letter."""
    if course.submission is SubmissionState.WITHDRAWN:
        return f"{notice.outward}-अ"
    return notice.outward


def _file(spec: PhotoSpec) -> UploadedFile:
    return UploadedFile(spec.name, spec.read(), spec.alt_mr, spec.alt_en)


def submission_of(session: Session, number: int, course: Course) -> Submission:
    """The submission of a course; `Missing` before it was handed in."""
    query = select(Submission).where(Submission.form_token == token_of(number, course))
    found = session.scalars(query).one_or_none()
    if found is None:
        raise Missing(course.notice)
    return found


def decline(stage: Stage, number: int, course: Course) -> None:
    """The cell declines it."""
    with stage.write() as session:
        submission = submission_of(session, number, course)
        if submission.state is SubmissionState.RECEIVED:
            close.decline(
                session,
                actor=stage.actor(session, course.decided_by or "", AT_THE_CELL),
                now=stage.now,
                submission_id=submission.id,
                reason=course.reason or "",
            )


def send_back(stage: Stage, number: int, course: Course) -> None:
    """The cell asks the department for what is missing."""
    with stage.write() as session:
        submission = submission_of(session, number, course)
        if submission.state is SubmissionState.RECEIVED:
            questions.return_submission(
                session,
                actor=stage.actor(session, course.decided_by or "", AT_THE_CELL),
                now=stage.now,
                submission_id=submission.id,
                question=course.reason or "",
            )


def complete(stage: Stage, number: int, course: Course) -> None:
    """The department answers."""
    with stage.write() as session:
        submission = submission_of(session, number, course)
        if submission.state is SubmissionState.RETURNED:
            own = submission.department_id
            questions.complete(
                session,
                actor=stage.actor(session, course.handed_in_by, OF_A_DEPARTMENT, own),
                now=stage.now,
                submission_id=submission.id,
                answer=course.answer or "",
            )


def merge(stage: Stage, number: int, course: Course) -> None:
    """The cell lets it go on under the number of the first submission of the same notice."""
    first = next(at for at, one in enumerate(COURSES) if one.notice == course.merged_into)
    with stage.write() as session:
        submission = submission_of(session, number, course)
        if submission.state is SubmissionState.RECEIVED:
            intake_merge(
                session,
                actor=stage.actor(session, course.decided_by or "", AT_THE_CELL),
                now=stage.now,
                submission_id=submission.id,
                number=submission_of(session, first, COURSES[first]).number,
                reason=course.reason or "",
            )


def withdraw(stage: Stage, number: int, course: Course) -> None:
    """The department takes it back."""
    with stage.write() as session:
        submission = submission_of(session, number, course)
        by, own = course.decided_by or "", submission.department_id
        if submission.state is SubmissionState.RECEIVED:
            close.withdraw(
                session,
                actor=stage.actor(session, by, OF_A_DEPARTMENT, own),
                now=stage.now,
                submission_id=submission.id,
                reason=course.reason or "",
            )
