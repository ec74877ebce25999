"""The cell's tasks of posts: to write or change their texts, and to give each a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.database.session import AnyRow
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Decision, DecisionKind, Post, PostKind, Revision, Variant
from publisher.models.submissions import PostSubmission, Submission
from publisher.states import DeliveryState
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)
from publisher.tasks.subjects.noted_posts import exclude_kind

_OPEN_STATES = (PostState.DRAFT, PostState.APPROVED)


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these posts, in at most two statements."""
    post_ids = exclude_kind(session, ids, PostKind.REPLY)
    posts = session.execute(_posts(post_ids)).all() if post_ids else []
    approvals = {post.id: post.state_at for post in posts if post.state is PostState.APPROVED}
    untimed = texts_without_time(session, approvals)
    specs: list[TaskSpec] = []
    looks: dict[int, datetime] = {}
    for post in posts:
        if post.state is PostState.DRAFT:
            specs.append(
                _task(post, TaskKind.POST_RETURNED if post.is_returned else TaskKind.DRAFT)
            )
        elif not untimed.get(post.id):
            continue
        elif post.not_after is not None and post.not_after <= now:
            specs.append(_task(post, TaskKind.OUTLIVED))
        else:
            specs.append(_task(post, TaskKind.TO_SCHEDULE))
            if post.not_after is not None:
                looks[post.id] = post.not_after
    return SpecsOfSubjects(specs, looks=looks)


def _task(post: AnyRow, kind: TaskKind) -> TaskSpec:
    return TaskSpec(
        kind,
        post.id,
        post.state_at,
        department_id=post.department_id,
        queue=TaskQueue.CELL,
        post_id=post.id,
        due_at=post.wished_at,
        due_kind=DueKind.WISHED if post.wished_at is not None else None,
    )


def texts_without_time(
    session: Session, approvals: Mapping[int, datetime]
) -> dict[int, dict[int, int]]:
    """Return the accounts of the texts that wait for a time, by post and by text.

    `approvals` has the time since which each post is approved. A cancelled delivery counts as none
    if it was cancelled before that, or if all were: a post that was stopped waits for a time again,
    while a text left out of a post that goes ahead does not.
    """
    if not approvals:
        return {}
    texts: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for text in session.execute(_texts(approvals)):
        texts[text.post_id].append(text)
    return {post_id: _texts_without_time(texts[post_id], approvals[post_id]) for post_id in texts}


def _texts_without_time(texts: Sequence[AnyRow], approved_at: datetime) -> dict[int, int]:
    goes_ahead = any(text.state not in (None, DeliveryState.CANCELLED) for text in texts)
    has_time = {
        text.id
        for text in texts
        if text.state is not None
        and (
            text.state is not DeliveryState.CANCELLED
            or (goes_ahead and text.state_at >= approved_at)
        )
    }
    return {text.id: text.account_id for text in texts if text.id not in has_time}


def _posts(ids: Collection[int]) -> Select[*tuple[object, ...]]:
    is_returned = (
        select(Decision.id)
        .where(Decision.revision_id == Revision.id, Decision.kind == DecisionKind.RETURNED)
        .exists()
    )
    wished_at = (
        select(func.min(Submission.wished_at))
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == Post.id)
        .scalar_subquery()
    )
    is_newest = (Revision.post_id == Post.id) & (Revision.number == Post.newest)
    return (
        select(
            *(Post.id, Post.state, Post.state_at, Post.department_id, Revision.not_after),
            *(is_returned.label("is_returned"), wished_at.label("wished_at")),
        )
        .outerjoin(Revision, is_newest)
        .where(
            Post.id.in_(ids),
            Post.kind == PostKind.POST,
            Post.state.in_(_OPEN_STATES),
        )
    )


def _texts(post_ids: Collection[int]) -> Select[*tuple[object, ...]]:
    """Select the texts of the newest revisions, with a row for each delivery."""
    is_of_text = (Delivery.variant_id == Variant.id) & Delivery.action.in_(OF_TEXTS)
    columns = (Variant.id, Variant.account_id, Delivery.state, Delivery.state_at)
    return (
        select(Revision.post_id, *columns)
        .join(Post, (Post.id == Revision.post_id) & (Post.newest == Revision.number))
        .join(Variant, Variant.revision_id == Revision.id)
        .outerjoin(Delivery, is_of_text)
        .where(Post.id.in_(post_ids))
        .order_by(Variant.position)
    )


def _open_ids() -> Select[int, int]:
    """Select drafts, and approved posts with a text that may lack a time."""
    has_time = exists().where(
        Delivery.variant_id == Variant.id, Delivery.state != DeliveryState.CANCELLED
    )
    may_lack = exists().where(
        Revision.post_id == Post.id,
        Revision.number == Post.newest,
        Variant.revision_id == Revision.id,
        ~has_time.correlate(Variant),
    )
    return select(Post.id, Post.department_id).where(
        Post.kind == PostKind.POST,
        or_(
            Post.state == PostState.DRAFT,
            (Post.state == PostState.APPROVED) & may_lack.correlate(Post),
        ),
    )


DRAFTS = SubjectTasks(
    table=Post.__tablename__,
    kinds=(TaskKind.DRAFT, TaskKind.POST_RETURNED, TaskKind.TO_SCHEDULE, TaskKind.OUTLIVED),
    specs_of=list_specs,
    open_ids=_open_ids(),
    open_states=_OPEN_STATES,
    has_offices=False,
)
"""What is asked about posts that are written, and about approved ones without a time."""
