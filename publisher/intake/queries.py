"""Query submissions within the actor's sight: lists, counts, and a single one in full."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor
from publisher.i18n import text_cleaning
from publisher.i18n.languages import latin_digits
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.models.submissions import Submission, SubmissionKind
from publisher.states import SubmissionState
from publisher.validation import NotFound, check_in_sight, departments_in_sight

MOST_WORDS = 8
PageCursor = tuple[datetime, int]
"""The position where a page ended: `received_at` and `id` of its last submission."""


def submissions_for(
    session: Session,
    *,
    actor: Actor,
    states: Collection[SubmissionState] = (),
    department_id: int | None = None,
    kind: SubmissionKind | None = None,
    search_text: str = "",
    before: PageCursor | None = None,
    limit: int = 50,
) -> list[Submission]:
    """Return the actor's submissions, newest first, after the cursor `before` if given.

    Every word of `search_text` must occur in the title, a text or a number. Raises `WrongRole`.
    """
    query = select(Submission).where(*_in_sight(actor, department_id), *contains_words(search_text))
    if states:
        query = query.where(Submission.state.in_(states))
    if kind is not None:
        query = query.where(Submission.kind == kind)
    if before is not None:
        query = query.where(_after(before))
    order = (Submission.received_at.desc(), Submission.id.desc())
    return list(session.scalars(query.order_by(*order).limit(limit).options(*_LIST)))


def counts(
    session: Session, *, actor: Actor, department_id: int | None = None
) -> dict[SubmissionState, int]:
    """Return the number of the actor's submissions for every state."""
    query = select(Submission.state, func.count()).group_by(Submission.state)
    rows = session.execute(query.where(*_in_sight(actor, department_id)))
    count_by_state = dict(rows.all())
    return {state: count_by_state.get(state, 0) for state in SubmissionState}


def submission_for(session: Session, *, actor: Actor, submission_id: int) -> Submission:
    """Return a submission with its files, wards and posts; raises `NotFound`."""
    query = select(Submission).where(Submission.id == submission_id).options(*_IN_FULL)
    submission = session.scalars(query).unique().one_or_none()
    if submission is None:
        raise NotFound(submission_id)
    check_in_sight(actor, Action.SEE_SUBMISSION, [submission.department_id])
    return submission


def _in_sight(actor: Actor, department_id: int | None) -> list[ColumnElement[bool]]:
    visible_ids = departments_in_sight(actor, Action.SEE_SUBMISSION)
    conditions: list[ColumnElement[bool]] = []
    if visible_ids is not None:
        conditions.append(Submission.department_id.in_(visible_ids))
    if department_id is not None:
        conditions.append(Submission.department_id == department_id)
    return conditions


def contains_words(search_text: str) -> list[ColumnElement[bool]]:
    """Return conditions: each word occurs in the title, a text or a number."""
    cleaned = text_cleaning.clean(search_text)
    if not cleaned.ok:
        return [false()]
    return [_holds(word) for word in cleaned.text.split()[:MOST_WORDS]]


def _holds(word: str) -> ColumnElement[bool]:
    texts = (Submission.title, Submission.text_mr, Submission.text_en, Submission.text_hi)
    numbers = (Submission.number, Submission.outward_number, Submission.inward_number)
    return or_(
        *(column.icontains(word, autoescape=True) for column in (*texts, *numbers)),
        Submission.number.icontains(latin_digits(word), autoescape=True),
    )


def _after(cursor: PageCursor) -> ColumnElement[bool]:
    at, last = cursor
    same_moment = and_(Submission.received_at == at, Submission.id < last)
    return or_(Submission.received_at < at, same_moment)


_LIST: tuple[ORMOption, ...] = (
    joinedload(Submission.department),
    joinedload(Submission.handed_in_by),
    selectinload(Submission.posts).selectinload(Post.deliveries),
)
_IN_FULL: tuple[ORMOption, ...] = (
    joinedload(Submission.department),
    joinedload(Submission.handed_in_by),
    joinedload(Submission.handed_in_under).joinedload(Appointment.department),
    joinedload(Submission.files),
    joinedload(Submission.wards),
    selectinload(Submission.posts).joinedload(Post.department),
)
