"""What of all submissions still needs work, gathered from states by index: for counts and views.

The same as `stages.work_left`, which asks of each row of a page how far its posts are. Asked of
everything that is open, that would be a dozen questions for every row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
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
from publisher.reports.progress import PRESSING, Stage, published_of
from publisher.reports.sql_basics import has
from publisher.reports.sql_conditions import Condition
from publisher.states import DeliveryState, SubmissionState

Placed = Select[int, int]
"""Ids of submissions, each with the place of a stage in `PRESSING`."""
ORDER = len(PRESSING)
"""The place of an order about what is out: it needs work, and is no stage of a text."""
OPEN = (SubmissionState.RECEIVED, SubmissionState.RETURNED, SubmissionState.DRAFTED)
ENDED = (SubmissionState.DECLINED, SubmissionState.MERGED, SubmissionState.WITHDRAWN)
NOT_SETTLED = (
    DeliveryState.SCHEDULED,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
)


def open_work_query(*, now: datetime) -> CompoundSelect[int, int]:
    """The submissions of which something needs work, once for each such thing, with its place."""
    return union_all(*_of_submissions(), *_of_deliveries(), *_of_orders(), *_of_posts(now))


def stage_in(stages: Collection[Stage], *, now: datetime) -> Condition:
    """What is most pressing of the row of `submissions` is one of these stages."""
    rows = open_work_query(now=now).subquery()
    places = [PRESSING.index(one) for one in stages]
    found = select(rows.c.submission_id).group_by(rows.c.submission_id)
    most_pressing = func.min(rows.c.place).in_(places)
    return and_(Submission.state.in_(OPEN), Submission.id.in_(found.having(most_pressing)))


def counted(narrowed: Collection[Condition], *, now: datetime) -> Select[int, int]:
    """How many submissions stand at each place, of those that meet the conditions.

    By what is reckoned with, no index can be made: each submission is looked up by its own.
    """
    rows = open_work_query(now=now).subquery()
    first = (
        select(func.min(rows.c.place).label("place"))
        .join(Submission, Submission.id == rows.c.submission_id + 0)
        .where(Submission.state.in_(OPEN), *narrowed)
        .group_by(rows.c.submission_id)
        .subquery()
    )
    return select(first.c.place, func.count()).group_by(first.c.place)


def _of_submissions() -> Iterator[Placed]:
    for stage, state in (
        (Stage.RECEIVED, SubmissionState.RECEIVED),
        (Stage.RETURNED, SubmissionState.RETURNED),
    ):
        yield select(Submission.id.label("submission_id"), _place(stage)).where(
            Submission.state == state
        )


def _of_deliveries() -> Iterator[Placed]:
    """Texts on their way or stuck; each state is asked by itself, so that its index serves."""
    for stage, states in (
        (Stage.HELD, (DeliveryState.HELD,)),
        (Stage.UNCONFIRMED, (DeliveryState.UNCONFIRMED,)),
        (Stage.SENDING, (DeliveryState.CLAIMED, DeliveryState.SENDING)),
        (Stage.SCHEDULED, (DeliveryState.SCHEDULED,)),
    ):
        for state in states:
            yield _resting(_place(stage), Delivery.action.in_(OF_TEXTS), Delivery.state == state)
    for stage, state in (
        (Stage.FAILED, DeliveryState.FAILED),
        (Stage.MISSED, DeliveryState.MISSED),
    ):
        yield _resting(
            _place(stage), Delivery.action.in_(OF_TEXTS), sql_conditions.stands_still([state])
        )


def _of_orders() -> Iterator[Placed]:
    order, of_order = literal(ORDER).label("place"), Delivery.action.not_in(OF_TEXTS)
    for state in NOT_SETTLED:
        yield _resting(order, of_order, Delivery.state == state)
    yield _resting(order, of_order, sql_conditions.stands_still())


def _of_posts(now: datetime) -> Iterator[Placed]:
    in_review, draft = Post.state == PostState.IN_REVIEW, Post.state == PostState.DRAFT
    for stage, condition in (
        (Stage.APPROVED, sql_scheduling.is_without_a_time()),
        (Stage.BLOCKED, sql_conditions.blocked(now=now)),
        (Stage.IN_REVIEW, in_review),
        (Stage.CHANGES_WANTED, and_(draft, sql_conditions.returned())),
        (Stage.DRAFT, draft),
    ):
        yield (
            select(PostSubmission.submission_id, _place(stage))
            .join(Post, Post.id == PostSubmission.post_id)
            .where(condition)
        )


def is_open() -> Condition:
    """Something of the row of `submissions` still needs work.

    Asked of what is under way, of which there is little, and not of all that was ever published.
    """
    one = aliased(Submission)
    waiting = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
    todo_kinds = select(one.id).where(one.state.in_(waiting))
    deliveries = select(Delivery.post_id)
    under_way = union_all(
        select(Post.id).where(Post.state.in_((PostState.DRAFT, PostState.IN_REVIEW))),
        select(Post.id).where(sql_scheduling.is_without_a_time()),
        *(deliveries.where(Delivery.state == state) for state in NOT_SETTLED),
        deliveries.where(sql_conditions.stands_still()),
    )
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(under_way))
    return and_(Submission.state.in_(OPEN), Submission.id.in_(union_all(todo_kinds, rests)))


def is_ended() -> Condition:
    """Nothing of the row of `submissions` needs work or is live."""
    one = aliased(Submission)
    own = select(one.id).where(one.state.in_(ENDED))
    may_be = Submission.state.in_((*ENDED, SubmissionState.DRAFTED))
    return and_(may_be, Submission.id.in_(union_all(own, _not_live())), ~is_open())


def is_drafted() -> Condition:
    """The row of `submissions` is live, or meets `is_drafted_only`."""
    return Submission.state == SubmissionState.DRAFTED


def is_drafted_only() -> Condition:
    """Drafted, and nothing of it is live."""
    return and_(is_drafted(), Submission.id.in_(_not_live()))


@cache
def _not_live() -> Select[int]:
    """The submissions of which nothing is live, though posts rest on them.

    Looked for among those that rest on a post of which something is not out, or out no longer.
    What is drafted rests on a post; that of any other one is approved, has its times
    (`Post.timed`), and each of its deliveries was published and still stands.
    """
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


_NOT_APPROVED = [one for one in PostState if one is not PostState.APPROVED]
_NOT_OUT = [one for one in DeliveryState if one is not DeliveryState.PUBLISHED]


def _resting(place: Label[int], *about: Condition) -> Placed:
    """The submissions that rest on the posts of such deliveries."""
    query = select(PostSubmission.submission_id, place)
    return query.join(Delivery, Delivery.post_id == PostSubmission.post_id).where(*about)


def _place(stage: Stage) -> Label[int]:
    return literal(PRESSING.index(stage)).label("place")
