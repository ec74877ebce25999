"""The timeline of a submission or a post: its steps so far and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from publisher.models.comments import Comment, Reply
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.history import Event
from publisher.models.posts import Decision, Post, Revision
from publisher.models.submission_details import SubmissionNote
from publisher.models.submissions import Submission
from publisher.reports import sql_conditions
from publisher.reports.next_step import Next, next_for_post, next_for_submission
from publisher.reports.post_bundles import PostBundle, bundle_of, bundles_by_submission, under_posts
from publisher.reports.post_tasks import tasks_of
from publisher.reports.progress import Stage, stage_of
from publisher.reports.timeline_steps import Background, Outlet, StepKind, TimelineStep, steps_of
from publisher.reports.types import Live, account_of, actor_of, with_names
from publisher.states import DeliveryState
from publisher.undo import UNDOES

MOST_ANSWERS = 20
"""How many replies a timeline shows, the newest ones."""


@dataclass(frozen=True)
class Timeline:
    """The steps so far, oldest first, and the next step; `stage` is set for a submission."""

    steps: tuple[TimelineStep, ...]
    next: Next | None
    lives: tuple[Live, ...]
    comments: int
    unanswered: int
    stage: Stage | None = None


def load_timeline(session: Session, *, submission: Submission, now: datetime) -> Timeline:
    """Return the timeline of a submission. The caller checks the actor's access."""
    bundles = bundles_by_submission(session, [submission.id])[submission.id]
    tasks = tasks_of(session, bundles, now=now)
    following = next_for_submission(submission, bundles, tasks)
    posts = [bundle.post.id for bundle in bundles]
    decisions = session.scalars(_decisions(posts)).all()
    timeline = _timeline(session, bundles, decisions, following, submission)
    return replace(timeline, stage=stage_of(submission, bundles, tasks))


def post_timeline(session: Session, *, post: Post, now: datetime) -> Timeline:
    """Return the timeline of a post or reply. The caller checks the actor's access."""
    bundle = bundle_of(session, post)
    tasks = tasks_of(session, [bundle], now=now)
    wishes = [submission.wished_at for submission in post.submissions if submission.wished_at]
    following = next_for_post(bundle, tasks[post.id], min(wishes, default=None))
    decisions = [decision for revision in post.revisions for decision in revision.decisions]
    return _timeline(session, [bundle], decisions, following)


def _timeline(
    session: Session,
    bundles: Sequence[PostBundle],
    decisions: Iterable[Decision],
    following: Next | None,
    submission: Submission | None = None,
) -> Timeline:
    return Timeline(
        steps=tuple(_steps(session, bundles, decisions, submission)),
        next=following,
        lives=tuple(live for bundle in bundles for live in bundle.lives),
        comments=sum(bundle.thread.count for bundle in bundles),
        unanswered=sum(bundle.thread.unanswered for bundle in bundles),
    )


def _steps(
    session: Session,
    bundles: Sequence[PostBundle],
    decisions: Iterable[Decision],
    submission: Submission | None,
) -> list[TimelineStep]:
    posts = [bundle.post.id for bundle in bundles]
    deliveries = {
        delivery.id: delivery
        for bundle in bundles
        for delivery in (*bundle.deliveries, *bundle.orders)
    }
    events = session.scalars(_events(posts, list(deliveries), submission)).all()
    has_notes = any("note" in event.details for event in events)
    rows = Background(
        deliveries=deliveries,
        decisions=_decisions_by_event(events, decisions),
        submission=submission,
        files=len(submission.files) if submission else 0,
        notes={note.id: note for note in session.scalars(_notes(submission))}
        if submission and has_notes
        else {},
        undone=frozenset(event.details.get(UNDOES, 0) for event in events),
    )
    steps = steps_of(events, rows)
    conversation = [*_comments(session, bundles), *_answers(session, bundles)]
    return sorted([*steps, *conversation], key=lambda step: step.at)


def _decisions_by_event(
    events: Iterable[Event], decisions: Iterable[Decision]
) -> dict[int, Decision]:
    """Return the decisions by the id of the event that records each."""
    rows = list(decisions)
    by_id = {decision.id: decision for decision in rows}
    # The event of an approval does not name it, but has its person and moment.
    by_moment: dict[tuple[int | None, datetime], Decision] = {
        (decision.person_id, decision.at): decision for decision in rows
    }
    candidates = {
        event.id: by_moment.get((event.person_id, event.at))
        if event.verb == "approve"
        else by_id.get(event.details.get("decision", 0))
        for event in events
    }
    return {event_id: row for event_id, row in candidates.items() if row is not None}


def _notes(submission: Submission) -> Select[SubmissionNote]:
    return select(SubmissionNote).where(SubmissionNote.submission_id == submission.id)


def _decisions(posts: Sequence[int]) -> Select[Decision]:
    return (
        select(Decision)
        .join(Revision, Revision.id == Decision.revision_id)
        .where(Revision.post_id.in_(posts))
    )


def _events(
    posts: Sequence[int], deliveries: Sequence[int], submission: Submission | None
) -> Select[Event]:
    """Return the history of the rows in the order in which it was written."""
    ids_by_subject = {
        "submissions": [submission.id] if submission else [],
        "posts": posts,
        "deliveries": deliveries,
    }
    about = [
        and_(Event.subject == kind, Event.subject_id.in_(ids))
        for kind, ids in ids_by_subject.items()
    ]
    return (
        select(Event)
        .where(or_(*about))
        .options(joinedload(Event.person), *with_names(Event.appointment))
        .order_by(Event.id)
    )


def _comments(session: Session, bundles: Sequence[PostBundle]) -> Iterator[TimelineStep]:
    """Yield a step for each post with the number of its comments and the newest one."""
    posts = [bundle.post.id for bundle in bundles if bundle.thread.count]
    counts = {bundle.post.id: bundle.thread.count for bundle in bundles}
    rank = func.row_number().over(
        partition_by=Delivery.post_id, order_by=(Comment.written_at.desc(), Comment.id.desc())
    )
    columns = select(Delivery.post_id, Comment.written_at, Comment.text, rank.label("rank"))
    ranked = under_posts(columns, posts).subquery()
    for post_id, at, text, _ in session.execute(select(ranked).where(ranked.c.rank == 1)):
        yield TimelineStep(
            StepKind.COMMENTED, at, post_id=post_id, statement=text, count=counts[post_id]
        )


def _answers(session: Session, bundles: Sequence[PostBundle]) -> Iterator[TimelineStep]:
    """Yield the newest live replies under these posts, with their authors."""
    under = under_posts(
        select(Comment.id), [bundle.post.id for bundle in bundles if bundle.thread.count]
    )
    query = (
        select(Reply, Comment, Revision, Delivery, ReceiptRow)
        .join(Comment, Comment.id == Reply.comment_id)
        .join(Post, Post.id == Reply.post_id)
        .join(Revision, sql_conditions.newest())
        .join(Delivery, Delivery.post_id == Reply.post_id)
        .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
        .where(Reply.comment_id.in_(under), Delivery.state == DeliveryState.PUBLISHED)
        .where(Delivery.action == DeliveryAction.PUBLISH, ReceiptRow.gone_at.is_(None))
        .options(
            joinedload(Revision.author),
            *with_names(Revision.author_under),
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
        )
        .order_by(ReceiptRow.published_at.desc(), ReceiptRow.id.desc())
        .limit(MOST_ANSWERS)
    )
    for reply, comment, revision, delivery, receipt in session.execute(query):
        outlet = Outlet(account_of(delivery.account), delivery.variant.language, receipt.url)
        yield TimelineStep(
            StepKind.ANSWERED,
            receipt.published_at,
            actor_of(revision.author_under, revision.author, revision.saved_at),
            post_id=reply.post_id,
            statement=comment.text,
            code=reply.answer.value,
            outlets=(outlet,),
            took=receipt.published_at - comment.written_at,
        )
