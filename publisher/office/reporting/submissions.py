"""The list of submissions: how far each is, who has it since when, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import UnaryExpression, and_, case, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from approvals.policy import Actor
from publisher.lifecycle import DeliveryState
from publisher.models.content import Priority, Submission, SubmissionKind
from publisher.notices import paths
from publisher.office.reporting import stages
from publisher.office.reporting.conditions import Condition
from publisher.office.reporting.following import Next, next_for_submission
from publisher.office.reporting.staffing import Roster, asked_by, roster_of
from publisher.office.reporting.stages import Stage
from publisher.office.reporting.strands import Strand, strands_of
from publisher.office.reporting.values import (
    Live,
    Office,
    Page,
    Place,
    Who,
    office_of,
    who_acted,
    with_names,
)
from publisher.office.reporting.wanted import LEFT, SubmissionView, Wanted, in_view, narrowed

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Where what wishes no time stands among the others: behind all of them."""
Found = Sequence[tuple[Submission, str, str | None]]
Moment = InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime]


@dataclass(frozen=True)
class SubmissionRow:
    """One submission as its department sees it; `next` is None where nothing follows.

    `left` is what still needs work, and differs from `stage` where a part is live already.
    `leaves_on` are the platforms on which something is scheduled or on its way.
    """

    submission_id: int
    number: str
    title: str
    kind: SubmissionKind
    department: Office
    stage: Stage
    left: Stage | None
    received_at: datetime
    wished_at: datetime | None
    handed_in_by: Who
    next: Next | None
    lives: tuple[Live, ...]
    comments: int
    unanswered: int
    path: str
    reason: str
    outward_number: str = ""
    leaves_on: tuple[str, ...] = ()
    is_urgent: bool = False


@dataclass(frozen=True)
class Listing:
    """A page of the list: its rows, the place of the first among all, and where to read on.

    `following` is given as `after`, `preceding` as `before`; each is None where the list ends.
    """

    rows: tuple[SubmissionRow, ...]
    first: int
    total: int
    preceding: Place | None
    following: Place | None


def submissions_in(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    wanted: Wanted,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = 25,
    total: int | None = None,
) -> Listing:
    """A page of the submissions in the actor's sight, in a number of queries that never grows.

    By wished time, the earliest first and those without one last; what is live, ended, or
    everything the newest first. `total` where it is known already. Raises `WrongRole`.
    """
    conditions = _conditions(wanted, actor, now)
    bounds = [_ahead(wanted, before)] if before else [_behind(wanted, after)] if after else []
    backwards = before is not None
    found = _read(session, [*conditions, *bounds], wanted, now, limit=limit, backwards=backwards)
    found = found[::-1] if backwards else found
    places = [_place(wanted, one) for one, _, _ in found]
    start = places[0] if places and (after or before) else None
    ahead, everything = _counted(session, conditions, wanted, start, total)
    return Listing(
        rows=_rows(session, found, now),
        first=ahead + 1 if found else 0,
        total=everything,
        preceding=places[0] if ahead else None,
        following=places[-1] if places and ahead + len(found) < everything else None,
    )


def read_on(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    wanted: Wanted,
    after: Place | None = None,
    limit: int = 500,
) -> Page[SubmissionRow]:
    """The next so many rows of the list, uncounted: for reading all of it part by part."""
    conditions = _conditions(wanted, actor, now)
    if after is not None:
        conditions.append(_behind(wanted, after))
    found = _read(session, conditions, wanted, now, limit=limit + 1)
    place = _place(wanted, found[limit - 1][0]) if len(found) > limit else None
    return Page(_rows(session, found[:limit], now), place)


def submission_total(session: Session, *, actor: Actor, now: datetime, wanted: Wanted) -> int:
    """How many submissions the list holds."""
    return _counted(session, _conditions(wanted, actor, now), wanted, None, None)[1]


def submission_counts(
    session: Session, *, actor: Actor, now: datetime, wanted: Wanted
) -> dict[SubmissionView, int]:
    """How many submissions each view of what is open holds under these filters, in one query."""
    left = stages.work_left(now=now).label("left_over")
    conditions = narrowed(wanted, actor=actor, now=now)
    inner = select(left).where(*conditions, stages.is_open()).subquery()
    rows = session.execute(select(inner.c.left_over, func.count()).group_by(inner.c.left_over))
    found: dict[str | None, int] = dict(rows.all())
    parts = {view: sum(found.get(one.value, 0) for one in LEFT[view]) for view in LEFT}
    return {SubmissionView.OPEN: sum(found.values()), **parts}


def _conditions(wanted: Wanted, actor: Actor, now: datetime) -> list[Condition]:
    return [*narrowed(wanted, actor=actor, now=now), *in_view(wanted, now=now)]


def _read(
    session: Session,
    conditions: Sequence[Condition],
    wanted: Wanted,
    now: datetime,
    *,
    limit: int,
    backwards: bool = False,
) -> Found:
    """The first rows in this order; how far each has come is asked of these alone."""
    order = _order(wanted, backwards=backwards)
    page = select(Submission.id).where(*conditions).order_by(*order).limit(limit).subquery()
    query = (
        select(Submission, stages.stage_of(now=now), stages.work_left(now=now))
        .join(page, page.c.id == Submission.id)
        .order_by(*order)
        .options(
            joinedload(Submission.department),
            joinedload(Submission.handed_in_by),
            *with_names(Submission.handed_in_under),
        )
    )
    return session.execute(query).all()


def _order(wanted: Wanted, *, backwards: bool) -> tuple[UnaryExpression[Any], UnaryExpression[int]]:
    moment = _moment(wanted)
    if wanted.by_wish != backwards:
        return moment.asc().nulls_last(), Submission.id.asc()
    return moment.desc().nulls_first(), Submission.id.desc()


def _moment(wanted: Wanted) -> Moment:
    return Submission.wished_at if wanted.by_wish else Submission.received_at


def _place(wanted: Wanted, one: Submission) -> Place:
    return (one.wished_at or NEVER) if wanted.by_wish else one.received_at, one.id


def _behind(wanted: Wanted, place: Place) -> Condition:
    """Comes after the place in the order of the list."""
    return _later(_moment(wanted), place) if wanted.by_wish else _earlier(_moment(wanted), place)


def _ahead(wanted: Wanted, place: Place) -> Condition:
    """Comes before the place in the order of the list."""
    return _earlier(_moment(wanted), place) if wanted.by_wish else _later(_moment(wanted), place)


def _later(moment: Moment, place: Place) -> Condition:
    at, last = place
    if at >= NEVER:
        return and_(moment.is_(None), Submission.id > last)
    return or_(moment > at, moment.is_(None), and_(moment == at, Submission.id > last))


def _earlier(moment: Moment, place: Place) -> Condition:
    at, last = place
    if at >= NEVER:
        return or_(moment.is_not(None), Submission.id < last)
    return or_(moment < at, and_(moment == at, Submission.id < last))


def _counted(
    session: Session,
    conditions: Sequence[Condition],
    wanted: Wanted,
    start: Place | None,
    total: int | None,
) -> tuple[int, int]:
    """How many rows come before this place, and how many there are."""
    if start is None and total is not None:
        return 0, total
    ahead = _ahead(wanted, start) if start is not None else false()
    columns = func.coalesce(func.sum(case((ahead, 1), else_=0)), 0), func.count()
    query = select(*columns).select_from(Submission).where(*conditions)
    before, everything = session.execute(query).one()
    return before, everything


def _rows(session: Session, found: Found, now: datetime) -> tuple[SubmissionRow, ...]:
    strands = strands_of(session, [submission.id for submission, _, _ in found])
    everything = [one for several in strands.values() for one in several]
    roster = roster_of(session, asked_by(everything), now=now)
    return tuple(
        _row(one, Stage(stage), Stage(left) if left else None, strands.get(one.id, []), roster)
        for one, stage, left in found
    )


def _row(
    submission: Submission,
    stage: Stage,
    left: Stage | None,
    strands: Sequence[Strand],
    roster: Roster,
) -> SubmissionRow:
    return SubmissionRow(
        submission_id=submission.id,
        number=submission.number,
        title=submission.title,
        kind=submission.kind,
        department=office_of(submission.department),
        stage=stage,
        left=left,
        received_at=submission.received_at,
        wished_at=submission.wished_at,
        handed_in_by=who_acted(submission.handed_in_under, submission.handed_in_by),
        next=next_for_submission(submission, strands, roster),
        lives=tuple(live for one in strands for live in one.lives),
        comments=sum(one.talk.count for one in strands),
        unanswered=sum(one.talk.unanswered for one in strands),
        path=paths.submission(submission.id),
        reason=submission.reason,
        outward_number=submission.outward_number,
        leaves_on=_leaves_on(strands),
        is_urgent=submission.priority is Priority.URGENT,
    )


def _leaves_on(strands: Sequence[Strand]) -> tuple[str, ...]:
    ahead = (DeliveryState.SCHEDULED, DeliveryState.CLAIMED, DeliveryState.SENDING)
    found = [one for strand in strands for one in strand.deliveries if one.state in ahead]
    return tuple(dict.fromkeys(one.account.platform for one in found))
