"""The open work of all submissions, found by indexes, for counts and views.

It matches `progress.work_left`, which reads the posts of each row of a page. For all open
submissions that would take a dozen subqueries per row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

from sqlalchemy import (
    CompoundSelect,
    Label,
    Select,
    and_,
    false,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from approvals.states import PostState
from publisher.models.deliveries import OF_TEXTS, Delivery, ReceiptRow
from publisher.models.posts import Post
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports import sql_conditions, sql_scheduling
from publisher.reports.progress import PRESSING, Stage, published_of, states_at
from publisher.reports.sql_basics import has
from publisher.reports.sql_conditions import Condition
from publisher.states import (
    ENDED_SUBMISSION,
    OPEN_DELIVERY,
    OPEN_SUBMISSION,
    STUCK,
    DeliveryState,
    SubmissionState,
)

RankedIds = Select[int, int]
"""Ids of submissions, each with the rank of a stage in `PRESSING`."""
ORDER = len(PRESSING)
"""The rank of an order (deletion, hiding), which needs work and is no stage of a text."""


def open_work_query() -> CompoundSelect[int, int]:
    """Return the submissions with open work and its rank, one row for each piece of work."""
    return union_all(*_of_submissions(), *_of_deliveries(), *_of_orders(), *_of_posts())


def stage_in(stages: Collection[Stage]) -> Condition:
    """The most pressing work of the row of `submissions` is in one of these stages."""
    rows = open_work_query().subquery()
    ranks = [PRESSING.index(stage) for stage in stages]
    submission_ids = select(rows.c.submission_id).group_by(rows.c.submission_id)
    most_pressing = func.min(rows.c.rank).in_(ranks)
    return and_(
        Submission.state.in_(OPEN_SUBMISSION),
        Submission.id.in_(submission_ids.having(most_pressing)),
    )


def counted(narrowed: Collection[Condition]) -> Select[int, int]:
    """Return the number of submissions at each rank that meet the conditions."""
    # `submission_id + 0` stops the planner from using that index: each submission is looked up by
    # primary key.
    rows = open_work_query().subquery()
    first = (
        select(func.min(rows.c.rank).label("rank"))
        .join(Submission, Submission.id == rows.c.submission_id + 0)
        .where(Submission.state.in_(OPEN_SUBMISSION), *narrowed)
        .group_by(rows.c.submission_id)
        .subquery()
    )
    return select(first.c.rank, func.count()).group_by(first.c.rank)


def _of_submissions() -> Iterator[RankedIds]:
    for stage, state in (
        (Stage.RECEIVED, SubmissionState.RECEIVED),
        (Stage.RETURNED, SubmissionState.RETURNED),
    ):
        yield select(Submission.id.label("submission_id"), _rank(stage)).where(
            Submission.state == state
        )


def _of_deliveries() -> Iterator[RankedIds]:
    """Yield texts in flight or stuck."""
    # One subquery per state, so that each uses its partial index.
    for stage in PRESSING:
        for state in states_at(stage):
            is_in_state = (
                sql_conditions.stands_still([state]) if state in STUCK else Delivery.state == state
            )
            yield _resting(_rank(stage), Delivery.action.in_(OF_TEXTS), is_in_state)


def _of_orders() -> Iterator[RankedIds]:
    order, of_order = literal(ORDER).label("rank"), Delivery.action.not_in(OF_TEXTS)
    for state in OPEN_DELIVERY:
        yield _resting(order, of_order, Delivery.state == state)
    yield _resting(order, of_order, sql_conditions.stands_still())


def _of_posts() -> Iterator[RankedIds]:
    in_review, draft = Post.state == PostState.IN_REVIEW, Post.state == PostState.DRAFT
    for stage, condition in (
        (Stage.APPROVED, sql_scheduling.is_without_a_time()),
        (Stage.BLOCKED, sql_conditions.is_blocked()),
        (Stage.IN_REVIEW, in_review),
        (Stage.CHANGES_WANTED, and_(draft, sql_conditions.returned())),
        (Stage.DRAFT, draft),
    ):
        yield (
            select(PostSubmission.submission_id, _rank(stage))
            .join(Post, Post.id == PostSubmission.post_id)
            .where(condition)
        )


def is_open() -> Condition:
    """The row of `submissions` has open work."""
    # The query starts from work in progress, of which there is little, and not from all that was
    # ever published.
    submission = aliased(Submission)
    waiting = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
    waiting_ids = select(submission.id).where(submission.state.in_(waiting))
    deliveries = select(Delivery.post_id)
    under_way = union_all(
        select(Post.id).where(Post.state.in_((PostState.DRAFT, PostState.IN_REVIEW))),
        select(Post.id).where(sql_scheduling.is_without_a_time()),
        *(deliveries.where(Delivery.state == state) for state in OPEN_DELIVERY),
        deliveries.where(sql_conditions.stands_still()),
    )
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(under_way))
    return and_(
        Submission.state.in_(OPEN_SUBMISSION), Submission.id.in_(union_all(waiting_ids, rests))
    )


def is_ended() -> Condition:
    """The row of `submissions` has no open work and nothing live."""
    submission = aliased(Submission)
    submission_ids = select(submission.id).where(submission.state.in_(ENDED_SUBMISSION))
    may_be = Submission.state.in_((*ENDED_SUBMISSION, SubmissionState.DRAFTED))
    return and_(may_be, Submission.id.in_(union_all(submission_ids, _not_live())), ~is_open())


def is_drafted() -> Condition:
    """The row of `submissions` is drafted: it is live, or meets `is_drafted_only`."""
    return Submission.state == SubmissionState.DRAFTED


def is_drafted_only() -> Condition:
    """The row of `submissions` is drafted, and nothing of it is live."""
    return and_(is_drafted(), Submission.id.in_(_not_live()))


@cache
def _not_live() -> Select[int]:
    """Return the submissions with posts of which nothing is live."""
    # Candidates are submissions with a post that is not approved, not complete (`Post.timed`), not
    # published or gone. All deliveries of any other post are live, so its submission is live.
    unseen = and_(Post.state == PostState.APPROVED, Post.timed == false())
    gone = select(Delivery.post_id).join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
    posts = union_all(
        *(select(Post.id).where(Post.state == state) for state in _NOT_APPROVED),
        select(Post.id).where(unseen),
        *(select(Delivery.post_id).where(Delivery.state == state) for state in _NOT_OUT),
        gone.where(ReceiptRow.gone_at.is_not(None)),
    )
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(posts))
    perhaps = rests.distinct().cte("perhaps").prefix_with("MATERIALIZED")
    live = published_of(perhaps.c.submission_id).correlate(perhaps)
    return select(perhaps.c.submission_id).where(~has(live))


_NOT_APPROVED = [state for state in PostState if state is not PostState.APPROVED]
_NOT_OUT = [state for state in DeliveryState if state is not DeliveryState.PUBLISHED]


def _resting(rank: Label[int], *about: Condition) -> RankedIds:
    """Return the submissions of the posts whose deliveries meet the conditions."""
    query = select(PostSubmission.submission_id, rank)
    return query.join(Delivery, Delivery.post_id == PostSubmission.post_id).where(*about)


def _rank(stage: Stage) -> Label[int]:
    return literal(PRESSING.index(stage)).label("rank")
