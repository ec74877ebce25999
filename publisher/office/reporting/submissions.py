"""A department's page: what it handed in, how far each is, who has it, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor
from publisher.desk.checking import departments_in_sight
from publisher.models.content import Submission, SubmissionKind
from publisher.notices import paths
from publisher.office.reporting.following import Next, next_for_submission
from publisher.office.reporting.staffing import Roster, asked_by, roster_of
from publisher.office.reporting.stages import Stage, stage_of
from publisher.office.reporting.strands import Strand, strands_of
from publisher.office.reporting.values import (
    Live,
    Office,
    Page,
    Place,
    Who,
    office_of,
    page_of,
    who_acted,
    with_names,
)
from publisher.words import scripts
from publisher.words.numbers import latin_digits

MOST_WORDS = 8


@dataclass(frozen=True)
class SubmissionRow:
    """One submission as its department sees it; `next` is None where nothing follows."""

    submission_id: int
    number: str
    title: str
    kind: SubmissionKind
    department: Office
    stage: Stage
    received_at: datetime
    wished_at: datetime | None
    handed_in_by: Who
    next: Next | None
    lives: tuple[Live, ...]
    comments: int
    unanswered: int
    path: str
    reason: str


def department_submissions(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department_id: int | None = None,
    state: Stage | None = None,
    words: str = "",
    before: Place | None = None,
    limit: int = 25,
) -> Page[SubmissionRow]:
    """The actor's submissions, newest first, in a number of queries that never grows.

    Every word of `words` has to stand in the title, a text or a number. Raises `WrongRole`.
    """
    conditions = [*_in_sight(actor, department_id), *_holding(words)]
    stage = stage_of(now=now)
    if state is not None:
        conditions.append(stage == state.value)
    if before is not None:
        conditions.append(_after(before))
    query = (
        select(Submission, stage)
        .where(*conditions)
        .order_by(Submission.received_at.desc(), Submission.id.desc())
        .limit(limit + 1)
        .options(
            joinedload(Submission.department),
            joinedload(Submission.handed_in_by),
            *with_names(Submission.handed_in_under),
        )
    )
    found = session.execute(query).all()
    return _page(session, found, limit, now)


def stage_counts(
    session: Session, *, actor: Actor, now: datetime, department_id: int | None = None
) -> dict[Stage, int]:
    """How many of the actor's submissions are at each stage; every stage is named."""
    stage = stage_of(now=now).label("stage")
    inner = select(stage).where(*_in_sight(actor, department_id)).subquery()
    rows = session.execute(select(inner.c.stage, func.count()).group_by(inner.c.stage))
    found: dict[str, int] = dict(rows.all())
    return {one: found.get(one.value, 0) for one in Stage}


def _page(
    session: Session, found: Sequence[tuple[Submission, str]], limit: int, now: datetime
) -> Page[SubmissionRow]:
    strands = strands_of(session, [submission.id for submission, _ in found[:limit]])
    everything = [one for several in strands.values() for one in several]
    roster = roster_of(session, asked_by(everything), now=now)
    return page_of(
        found,
        limit,
        lambda pair: _row(pair[0], Stage(pair[1]), strands.get(pair[0].id, []), roster),
        lambda pair: (pair[0].received_at, pair[0].id),
    )


def _row(
    submission: Submission, stage: Stage, strands: Sequence[Strand], roster: Roster
) -> SubmissionRow:
    return SubmissionRow(
        submission_id=submission.id,
        number=submission.number,
        title=submission.title,
        kind=submission.kind,
        department=office_of(submission.department),
        stage=stage,
        received_at=submission.received_at,
        wished_at=submission.wished_at,
        handed_in_by=who_acted(submission.handed_in_under, submission.handed_in_by),
        next=next_for_submission(submission, strands, roster),
        lives=tuple(live for one in strands for live in one.lives),
        comments=sum(one.talk.count for one in strands),
        unanswered=sum(one.talk.unanswered for one in strands),
        path=paths.submission(submission.id),
        reason=submission.reason,
    )


def _in_sight(actor: Actor, department_id: int | None) -> list[ColumnElement[bool]]:
    seen = departments_in_sight(actor, Action.SEE_SUBMISSION)
    conditions: list[ColumnElement[bool]] = []
    if seen is not None:
        conditions.append(Submission.department_id.in_(seen))
    if department_id is not None:
        conditions.append(Submission.department_id == department_id)
    return conditions


def _holding(words: str) -> list[ColumnElement[bool]]:
    cleaned = scripts.clean(words)
    wanted = cleaned.text.split()[:MOST_WORDS] if cleaned.ok else []
    return [_holds(word) for word in wanted]


def _holds(word: str) -> ColumnElement[bool]:
    texts = (Submission.title, Submission.text_mr, Submission.text_en, Submission.text_hi)
    numbers = (Submission.number, Submission.outward_number, Submission.inward_number)
    return or_(
        *(column.icontains(word, autoescape=True) for column in (*texts, *numbers)),
        Submission.number.icontains(latin_digits(word), autoescape=True),
    )


def _after(place: Place) -> ColumnElement[bool]:
    at, last = place
    same_moment = and_(Submission.received_at == at, Submission.id < last)
    return or_(Submission.received_at < at, same_moment)
