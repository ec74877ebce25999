"""The open work of submissions, for counts and views; a person's work is in rows of tasks.

It matches `progress.work_left`, which looks at the posts of the rows of a page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from approvals.policy import Actor
from approvals.states import PostState
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Post, Revision
from publisher.models.submissions import PostSubmission, Submission
from publisher.models.tasks import Task
from publisher.reports.progress import PRESSING, STAGE_OF_DELIVERY, Stage, live_deliveries
from publisher.reports.sql_basics import has
from publisher.reports.sql_conditions import Condition, newest
from publisher.states import (
    ENDED_SUBMISSION,
    OPEN_DELIVERY,
    OPEN_SUBMISSION,
    DeliveryState,
    SubmissionState,
)
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

_STAGES: Mapping[TaskKind, Stage] = {
    TaskKind.DELIVERY_HELD: Stage.HELD,
    TaskKind.DELIVERY_FAILED: Stage.FAILED,
    TaskKind.DELIVERY_MISSED: Stage.MISSED,
    TaskKind.TO_SCHEDULE: Stage.APPROVED,
    TaskKind.OUTLIVED: Stage.APPROVED,
    TaskKind.BLOCKED: Stage.BLOCKED,
    TaskKind.TO_APPROVE: Stage.IN_REVIEW,
    TaskKind.POST_RETURNED: Stage.CHANGES_WANTED,
    TaskKind.DRAFT: Stage.DRAFT,
}
"""The stages of posts and their texts that wait for a person, by the kind of task."""


@cache
def _open_work() -> Subquery:
    """Return the submissions with open work and its rank, a row for each piece of work.

    The rank is that of a stage in `PRESSING`, or the next one for an order (deletion, hiding),
    which is not a stage of a text.
    """
    posts = union_all(_waiting(), *_posts_in_delivery()).subquery()
    order = posts.c.action.not_in(OF_TEXTS)
    of_posts = select(
        PostSubmission.submission_id,
        case((order, literal_column(str(len(PRESSING)))), else_=posts.c.rank),
    ).join(posts, posts.c.post_id == PostSubmission.post_id)
    return union_all(*_submission_ranks(), of_posts).subquery()


def _submission_ranks() -> Iterator[Select[int, int]]:
    submission = aliased(Submission)
    for stage in (Stage.RECEIVED, Stage.RETURNED):
        query = select(submission.id.label("submission_id"), _rank(stage).label("rank"))
        yield query.where(submission.state == SubmissionState(stage.value))


def _waiting() -> Select[int | None, int, DeliveryAction]:
    """Return the posts that wait for a person, with the action of a delivery that does."""
    ranks = {kind.value: _rank(stage) for kind, stage in _STAGES.items()}
    is_of_delivery = (Task.subject == Delivery.__tablename__) & (Task.subject_id == Delivery.id)
    return (
        select(Task.post_id, case(ranks, value=Task.kind).label("rank"), Delivery.action)
        .outerjoin(Delivery, is_of_delivery)
        .where(open_tasks.is_open(*_STAGES))
    )


def _posts_in_delivery() -> Iterator[Select[int, int, DeliveryAction]]:
    """Yield the posts with something scheduled or in flight: by state, each by an index."""
    for state in OPEN_DELIVERY:
        if state is not DeliveryState.HELD:
            query = select(Delivery.post_id, _rank(STAGE_OF_DELIVERY[state]), Delivery.action)
            yield query.where(Delivery.state == state)


def _rank(stage: Stage) -> ColumnElement[int]:
    return literal_column(str(PRESSING.index(stage)), Integer)


def is_at_stage(stages: Collection[Stage]) -> Condition:
    """The most pressing work of the row of `submissions` is in one of these stages."""
    rows = _open_work()
    ranks = [PRESSING.index(stage) for stage in stages]
    submission_ids = select(rows.c.submission_id).group_by(rows.c.submission_id)
    most_pressing = func.min(rows.c.rank).in_(ranks)
    return and_(
        Submission.state.in_(OPEN_SUBMISSION),
        Submission.id.in_(submission_ids.having(most_pressing)),
    )


def count_by_rank(narrowed: Collection[Condition]) -> Select[int, int]:
    """Return the number of submissions at each rank that meet the conditions."""
    # `submission_id + 0` stops the planner from using that index: each submission is looked up by
    # primary key.
    rows = _open_work()
    first = (
        select(func.min(rows.c.rank).label("rank"))
        .join(Submission, Submission.id == rows.c.submission_id + 0)
        .where(Submission.state.in_(OPEN_SUBMISSION), *narrowed)
        .group_by(rows.c.submission_id)
        .subquery()
    )
    return select(first.c.rank, func.count()).group_by(first.c.rank)


def is_open() -> Condition:
    """The row of `submissions` has open work."""
    rows = _open_work()
    return and_(
        Submission.state.in_(OPEN_SUBMISSION), Submission.id.in_(select(rows.c.submission_id))
    )


def is_held_personally(actor: Actor) -> Condition:
    """The submission waits for the actor in person, not for the whole cell."""
    drafts = (
        select(Post.id)
        .join(Revision, newest())
        .where(Post.state == PostState.DRAFT, Revision.author_id == actor.person_id)
    )
    to_decide = open_tasks.posts(actor, TaskKind.TO_APPROVE, TaskKind.BLOCKED)
    rests = select(PostSubmission.submission_id)
    return or_(
        Submission.id.in_(open_tasks.subjects(actor, TaskKind.SUBMISSION_RETURNED)),
        # Two conditions on indexes: an OR would use none.
        Submission.id.in_(rests.where(PostSubmission.post_id.in_(union_all(drafts, to_decide)))),
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
    """The row of `submissions` is drafted, and no part of it is live."""
    return and_(is_drafted(), Submission.id.in_(_not_live()))


@cache
def _not_live() -> Select[int]:
    """Return the submissions with posts, none of which has a live part."""
    # Candidates are submissions with a post that is not approved, that lacks a time, or that has a
    # part not published or gone. All deliveries of any other post are live.
    gone = select(Delivery.post_id).join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
    without_a_time = open_tasks.is_open(TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED)
    posts: CompoundSelect[int | None] = union_all(
        *(select(Post.id).where(Post.state == state) for state in _NOT_APPROVED),
        select(Task.post_id).where(without_a_time),
        *(select(Delivery.post_id).where(Delivery.state == state) for state in _NOT_OUT),
        gone.where(ReceiptRow.gone_at.is_not(None)),
    )
    rests = select(PostSubmission.submission_id).where(PostSubmission.post_id.in_(posts))
    perhaps = rests.distinct().cte("perhaps").prefix_with("MATERIALIZED")
    live = live_deliveries(perhaps.c.submission_id).correlate(perhaps)
    return select(perhaps.c.submission_id).where(~has(live))


_NOT_APPROVED = [state for state in PostState if state is not PostState.APPROVED]
_NOT_OUT = [state for state in DeliveryState if state is not DeliveryState.PUBLISHED]
