"""Handing in: once for each form, with a number at once and an acknowledgement by mail.

What becomes of duplicates when the submission under which they went on ends without a post.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, Scope, may, require, scope_of
from publisher import transitions
from publisher.intake import persistence
from publisher.intake.form import Checked, HandIn, check
from publisher.intake.numbering import next_number
from publisher.media.store import MediaStore
from publisher.models.people import Department, Person
from publisher.models.submissions import Submission
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.people import responsibility
from publisher.people.departments import is_in_force
from publisher.states import SubmissionState
from publisher.validation import FieldError, Invalid, person_of

SAME_WITHIN = timedelta(hours=1)
_OF_A_DEPARTMENT = (Role.MEMBER, Role.OFFICER, Role.HEAD)


def hand_in(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    city_code: str,
    store: MediaStore,
    form: HandIn,
) -> Submission:
    """Record what a department hands in and acknowledge it; the same form twice is one submission.

    Files are looked over and stored before the session is first used, so that no transaction
    waits for them. Raises `WrongRole`, or `Invalid` with every problem at once.
    """
    require(actor, Action.HAND_IN, form.department_id, now=now)
    at_desk = scope_of(actor, Action.HAND_IN) is Scope.ANY
    checked = check(form, at_desk=at_desk, now=now)
    missing = persistence.keep_contents(store, checked)
    if first := _handed_in_before(session, actor, form) or _same_within_the_hour(
        session, actor, checked, now=now
    ):
        return first
    wrong = [*_wrong_department(session, form, now), *persistence.wrong_wards(session, form.wards)]
    if problems := [*checked.problems, *missing, *wrong]:
        raise Invalid(problems)
    try:
        with session.begin_nested():
            submission = _write(session, checked, actor=actor, now=now, city_code=city_code)
    except IntegrityError:
        # The same form came in twice at once, and the other was first: our number is free again.
        if first := _handed_in_before(session, actor, form):
            return first
        raise
    persistence.fill_files(session, submission, checked.files)
    _acknowledge(session, submission, actor=actor, now=now, at_desk=at_desk)
    return submission


def _handed_in_before(session: Session, actor: Actor, form: HandIn) -> Submission | None:
    """What this very form became when it was handed in before."""
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
    """The same to the letter from the same person's page within the hour: its answer was lost."""
    form = checked.form
    if not form.form_token:
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
        submission for submission in session.scalars(query) if _content_of(submission) == content
    ]
    return same[0] if same else None


def _words(source: HandIn | Submission) -> tuple[object, ...]:
    return tuple(getattr(source, name) for name in persistence.COPIED)


def _content_of(submission: Submission) -> tuple[object, ...]:
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
        number=next_number(session, city_code=city_code, now=now),
        state_at=now,
        department_id=form.department_id,
        handed_in_by_id=person_of(actor),
        handed_in_under_id=actor.appointment_id,
        received_at=now,
        form_token=form.form_token or None,
    )
    with session.no_autoflush:
        persistence.fill(session, submission, form)
    session.add(submission)
    session.flush()
    return submission


def _acknowledge(
    session: Session, submission: Submission, *, actor: Actor, now: datetime, at_desk: bool
) -> None:
    """Write the history's first line, and send the number to whoever stands for the department."""
    values = {"number": submission.number, "at_desk": at_desk}
    transitions.record(session, submission, Action.HAND_IN, actor=actor, now=now, values=values)
    more: dict[str, object] = {
        "department": submission.department,
        "received_at": submission.received_at,
    }
    if submission.wished_at is not None:
        more["wished_at"] = submission.wished_at
    tell(session, submission, NoticeKind.ACKNOWLEDGEMENT, now=now, more=more)


def tell(
    session: Session,
    submission: Submission,
    kind: NoticeKind,
    *,
    now: datetime,
    more: Mapping[str, object],
) -> None:
    """Queue a mail about a submission to the department, if anybody there can get one."""
    person = contact(session, submission, now=now)
    if person is None:
        return
    values = {"number": submission.number, "title": submission.title, **more}
    path = links.submission(submission.id)
    compose.queue(session, kind=kind, person=person, values=values, now=now, path=path)


def contact(session: Session, submission: Submission, *, now: datetime) -> Person | None:
    """Who is told about a submission: who handed it in for the department, else its first rung.

    None where the department has nobody in office.
    """
    under = submission.handed_in_under
    person = submission.handed_in_by
    if under is not None and under.in_force(now) and person.disabled_at is None:
        own = under.department_id == submission.department_id
        if own and under.role in _OF_A_DEPARTMENT:
            return person
    chain = responsibility.responsible_chain(session, submission.department_id, now=now)
    return chain[0].person if chain else None


VERB = "original_ended"
ENDED = (SubmissionState.DECLINED, SubmissionState.WITHDRAWN)


def original_of(submission: Submission) -> Submission | None:
    """The submission under which a duplicate goes on in the end; None where it is no duplicate."""
    original = submission.merged_into
    while original is not None and original.merged_into is not None:
        original = original.merged_into
    return original


def ended_original(submission: Submission) -> Submission | None:
    """The same where that one was declined or withdrawn: nothing comes of the duplicate either."""
    original = original_of(submission)
    return original if original is not None and original.state in ENDED else None


def tell_duplicates(session: Session, original: Submission, *, actor: Actor, now: datetime) -> None:
    """Tell the department of each duplicate that the original has ended, why, and what to do.

    A duplicate stays merged and keeps its number: it has been answered for by the original.
    """
    by = session.get_one(Person, person_of(actor))
    more: dict[str, object] = {
        "into": original.number,
        "declined": original.state is SubmissionState.DECLINED,
        "reason": original.reason,
        "by": by,
    }
    for duplicate in _all_duplicates(original):
        same = duplicate.department_id == original.department_id
        values = {"into": original.number, "into_id": original.id, "same": same}
        transitions.record(session, duplicate, VERB, actor=actor, now=now, values=values)
        tell(session, duplicate, NoticeKind.ORIGINAL_ENDED, now=now, more=more)


def _all_duplicates(original: Submission) -> Iterator[Submission]:
    """Everything that was merged into it, by way of others too."""
    for duplicate in original.duplicates:
        yield duplicate
        yield from _all_duplicates(duplicate)
