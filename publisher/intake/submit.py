"""Hand in a submission: once per form, with a number and an acknowledgement by mail.

Departments of duplicates are notified when the original ends without a post.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, ActorKind, Role, Scope, may, require, scope_of
from publisher import transitions
from publisher.intake import persistence
from publisher.intake.form import FIELDS, Checked, HandIn, check
from publisher.intake.persistence import StoredForm
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import Submission
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.numbering import next_number
from publisher.people import responsibility
from publisher.people.departments import is_in_force
from publisher.states import SubmissionState
from publisher.validation import FieldError, Invalid

SAME_WITHIN = timedelta(hours=1)
_OF_A_DEPARTMENT = (Role.MEMBER, Role.OFFICER, Role.HEAD)


def create_submission(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    city_code: str,
    stored_form: StoredForm,
) -> Submission:
    """Create a submission and acknowledge it; the same form submitted twice is one submission.

    A submission by mail is not acknowledged here. Raises `WrongRole`, or `Invalid` with every
    error.
    """
    form = stored_form.form
    require(actor, Action.HAND_IN, form.department_id, now=now)
    is_forwarded = bool(actor.mail_sender and form.brought_by)
    at_desk = is_forwarded or scope_of(actor, Action.HAND_IN) is Scope.ANY
    checked = check(form, at_desk=at_desk, now=now)
    if first := _submission_of_form(session, actor, form) or _same_within_the_hour(
        session, actor, checked, now=now
    ):
        return first
    wrong = _wrong_department(session, form, now)
    wrong += persistence.wrong_wards(session, form.wards, now=now)
    if problems := [*checked.problems, *stored_form.unstored, *wrong]:
        raise Invalid(problems)
    try:
        with session.begin_nested():
            submission = _write(session, checked, actor=actor, now=now, city_code=city_code)
    except IntegrityError:
        # The same form came in twice at once, and the other was first: our number is free again.
        if first := _submission_of_form(session, actor, form):
            return first
        raise
    persistence.fill_files(session, submission, checked.files)
    values = {"number": submission.number, "at_desk": at_desk}
    transitions.record(session, submission, Action.HAND_IN, actor=actor, now=now, values=values)
    if actor.kind is not ActorKind.MAIL:
        _acknowledge(session, submission, now=now)
    return submission


def _submission_of_form(session: Session, actor: Actor, form: HandIn) -> Submission | None:
    """Return the submission that was created from this very form, or None."""
    token = form.form_token
    if not token or not token.isprintable():
        return None
    query = select(Submission).where(Submission.form_token == token)
    first = session.scalars(query).one_or_none()
    if first and not may(actor, Action.SEE_SUBMISSION, first.department_id):
        raise Invalid([FieldError("form_token", "used")])
    return first


def _same_within_the_hour(
    session: Session, actor: Actor, checked: Checked, *, now: datetime
) -> Submission | None:
    """Return the person's identical submission of the last hour, whose response was lost."""
    form = checked.form
    if not form.form_token or actor.kind is ActorKind.MAIL:
        return None
    query = select(Submission).where(
        Submission.handed_in_by_id == actor.person_id,
        Submission.department_id == form.department_id,
        Submission.kind == form.kind,
        Submission.received_at > now - SAME_WITHIN,
        Submission.state == SubmissionState.RECEIVED,
        Submission.title == form.title,
    )
    content = (_words(form), form.wards, [file.sha256 for file in checked.files])
    same = [
        submission
        for submission in session.scalars(query)
        if _submission_content(submission) == content
    ]
    return same[0] if same else None


def _words(source: HandIn | Submission) -> tuple[object, ...]:
    return tuple(getattr(source, name) for name in FIELDS)


def _submission_content(submission: Submission) -> tuple[object, ...]:
    return (
        _words(submission),
        tuple(ward.id for ward in submission.wards),
        [file.sha256 for file in submission.files],
    )


def _wrong_department(session: Session, form: HandIn, now: datetime) -> list[FieldError]:
    department = session.get(Department, form.department_id)
    if department is None:
        return [FieldError("department_id", "unknown_department")]
    if not is_in_force(department, now=now):
        return [FieldError("department_id", "closed", {"until_on": department.until_on})]
    return []


def _write(
    session: Session, checked: Checked, *, actor: Actor, now: datetime, city_code: str
) -> Submission:
    form = checked.form
    submission = Submission(
        number=next_number(session, prefix=city_code, now=now),
        state_at=now,
        department_id=form.department_id,
        handed_in_by_id=actor.person_id,
        handed_in_under_id=actor.appointment_id,
        mail_sender=actor.mail_sender,
        received_at=now,
        form_token=form.form_token or None,
    )
    with session.no_autoflush:
        persistence.fill(session, submission, form)
    session.add(submission)
    session.flush()
    return submission


def _acknowledge(session: Session, submission: Submission, *, now: datetime) -> None:
    """Send the number to the department's contact."""
    notify(
        session,
        submission,
        NoticeKind.ACKNOWLEDGEMENT,
        now=now,
        department=submission.department,
        received_at=submission.received_at,
        wished_at=submission.wished_at,
    )


def notify(
    session: Session,
    submission: Submission,
    kind: NoticeKind,
    *,
    now: datetime,
    by: Actor | None = None,
    **more_values: object,
) -> None:
    """Queue a mail about a submission to the department's contact, if there is one."""
    person = contact(session, submission, now=now)
    if person is not None:
        notify_person(session, submission, kind, person, now=now, by=by, **more_values)


def notify_person(
    session: Session,
    submission: Submission,
    kind: NoticeKind,
    person: Person,
    *,
    now: datetime,
    by: Actor | None,
    **more_values: object,
) -> None:
    """Queue a mail about a submission to this person; `by` is who caused it."""
    values = {"number": submission.number, "title": submission.title, **more_values}
    if by is not None:
        values["by"] = session.get(Person, by.person_id) if by.person_id else by.name
    path = links.submission(submission.id)
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def contact(session: Session, submission: Submission, *, now: datetime) -> Person | None:
    """Return the person to notify: the submitter, otherwise the first responsible person.

    If nobody is in office, return the first who is confirmed, or None.
    """
    under = submission.handed_in_under
    person = submission.handed_in_by
    if under is not None and person is not None and _acts_still(under, person, now):
        is_own_department = under.department_id == submission.department_id
        if is_own_department and under.role in _OF_A_DEPARTMENT:
            return person
    chain = responsibility.responsible_chain(session, submission.department_id, now=now)
    chain = chain or responsibility.list_informed(session, submission.department_id, now=now)
    return chain[0].person if chain else None


def _acts_still(under: Appointment, person: Person, now: datetime) -> bool:
    return under.in_force(now) and person.disabled_at is None


ORIGINAL_ENDED = "original_ended"
ENDED = (SubmissionState.DECLINED, SubmissionState.WITHDRAWN)


def find_original(submission: Submission) -> Submission | None:
    """Return the submission that a duplicate was finally merged into, or None."""
    original = submission.merged_into
    while original is not None and original.merged_into is not None:
        original = original.merged_into
    return original


def find_ended_original(submission: Submission) -> Submission | None:
    """Return the original if it was declined or withdrawn, otherwise None."""
    original = find_original(submission)
    return original if original is not None and original.state in ENDED else None


def notify_duplicates(
    session: Session, original: Submission, *, actor: Actor, now: datetime
) -> None:
    """Notify the department of each duplicate that the original has ended, and why.

    A duplicate stays merged and keeps its number.
    """
    notice_values = {
        "into": original.number,
        "declined": original.state is SubmissionState.DECLINED,
        "reason": original.reason,
    }
    for duplicate in all_duplicates(original):
        same = duplicate.department_id == original.department_id
        values = {"into": original.number, "into_id": original.id, "same": same}
        transitions.record(session, duplicate, ORIGINAL_ENDED, actor=actor, now=now, values=values)
        notify(session, duplicate, NoticeKind.ORIGINAL_ENDED, now=now, by=actor, **notice_values)


def all_duplicates(original: Submission) -> Iterator[Submission]:
    """Yield the duplicates of the submission, and their duplicates."""
    for duplicate in original.duplicates:
        yield duplicate
        yield from all_duplicates(duplicate)
