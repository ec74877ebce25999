"""Answer a comment: a reply is a post, with the same gate and the same delivery.

A comment whose final answer we deleted is unanswered, and is reopened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, WrongState
from approvals.policy import CLOCK, Action, Actor, Role, require
from approvals.states import PostState
from publisher import failpoints, transitions
from publisher.database.noted_changes import note_changed
from publisher.database.session import Database
from publisher.drafting import revisions
from publisher.drafting.drafts import PreparedVariant
from publisher.i18n import text_cleaning
from publisher.inbox import routing
from publisher.inbox.routing import RoutingReason
from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.models.controls import Order
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction
from publisher.models.posts import Language, Post, PostKind, Revision
from publisher.review import decide
from publisher.review.department_approvers import HEAD_HOURS
from publisher.scheduling import schedule
from publisher.scheduling.constraints import LONGEST_LATE_LIMIT
from publisher.states import NOT_PUBLISHED, CommentState, DeliveryState


def reopen_unanswered(session: Session, *, now: datetime) -> int:
    """Reopen comments whose final answer was deleted, each with the reason of the deletion."""
    replies = list(session.scalars(_answers_with_deletion()))
    for reply in replies:
        _reopen(session, reply, now=now)
    return len(replies)


def _answers_with_deletion() -> Select[Reply]:
    """Select the final answers with an executed deletion that is not yet noted.

    The query starts from the orders, which are few, and not from all answers.
    """
    deleted = (
        select(Delivery.post_id)
        .join(Order, Order.delivery_id == Delivery.id)
        .where(
            Order.action == DeliveryAction.DELETE,
            Order.receipt_id.is_not(None),
            Delivery.state == DeliveryState.PUBLISHED,
        )
    )
    return (
        select(Reply)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(
            Reply.post_id.in_(deleted),
            Reply.answer == AnswerKind.FINAL,
            Reply.withdrawn_at.is_(None),
        )
        .with_for_update(skip_locked=True, of=Comment)
    )


def _reopen(session: Session, reply: Reply, *, now: datetime) -> None:
    # A reply of an earlier opening leaves the comment as it is.
    reply.withdrawn_at = now
    session.flush()
    comment = transitions.lock(session, Comment, reply.comment_id)
    note_changed(session, Comment.__tablename__, reply.comment_id, now=now, is_by_person=False)
    answered = (CommentState.ANSWERED, CommentState.CLOSED)
    if comment is None or reply.opening != comment.opening or comment.state not in answered:
        return
    details = {"words": _reason(session, reply)}
    routing_reason = RoutingReason.ANSWER_DELETED
    routing.open_again(session, comment, routing_reason, details, actor=CLOCK, now=now)


def _reason(session: Session, reply: Reply) -> str:
    """Return the reason of the latest order to delete the reply."""
    query = (
        select(Order.reason)
        .join(Delivery, Delivery.id == Order.delivery_id)
        .where(Delivery.post_id == reply.post_id, Order.action == DeliveryAction.DELETE)
        .order_by(Order.id.desc())
    )
    return session.scalars(query).first() or ""


OWN_HAND = (Role.OFFICER, Role.HEAD)


class AlreadyAnswered(NotAllowed):
    """This opening of the comment already has a final answer; `post` is its post's id."""

    code = "already_answered"


class CommentEdited(NotAllowed):
    """The citizen edited the comment after the writer of the answer had read it."""

    code = "comment_edited"


def text_digest(text: str) -> str:
    """Return the digest of a comment's text, by which a form notices that it was edited."""
    return hashlib.sha256(text.encode()).hexdigest()


def answer(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    comment_id: int,
    text: str,
    kind: AnswerKind = AnswerKind.FINAL,
    seen_digest: str = "",
    head_hours: float = HEAD_HOURS,
) -> Post:
    """Write the answer to a comment.

    An officer's own answer is approved by writing it and is sent at once; any other waits for the
    department's officer. `seen_digest` is the digest of the comment's text that the writer saw.
    Raises `Invalid`, `WrongState`, `AlreadyAnswered` or `CommentEdited`.
    """
    comment = routing.lock_comment(session, comment_id, actor=actor)
    require(actor, Action.ANSWER, comment.department_id, now=now)
    if comment.state is not CommentState.ROUTED or comment.department_id is None:
        raise WrongState(state=comment.state, to=CommentState.ANSWERED)
    if seen_digest and seen_digest != text_digest(comment.text):
        raise CommentEdited
    _make_room(session, comment, kind, actor=actor, now=now)
    with session.no_autoflush:  # the post is inserted together with its revision
        post = _new_reply(comment, kind, now=now)
        variant = _variant(comment, text)
        revision = revisions.write_revision(
            session,
            actor=actor,
            now=now,
            post=post,
            variants=[variant],
            not_after=now + decide.USEFUL_FOR,
        )
    _decide(session, post, revision, actor=actor, now=now, head_hours=head_hours)
    failpoints.hit("answer.before_commit")
    return post


def _variant(comment: Comment, text: str) -> PreparedVariant:
    """Return the variant on the comment's own account, as a reply to the comment."""
    return PreparedVariant(
        account_id=comment.account_id,
        language=Language(text_cleaning.detect_language(text) or Language.MARATHI),
        text=text,
        target=comment.platform_id,
    )


def _make_room(
    session: Session, comment: Comment, kind: AnswerKind, *, actor: Actor, now: datetime
) -> None:
    """Withdraw an earlier final answer that was rejected or not sent. Raises AlreadyAnswered."""
    earlier_reply = routing.standing_answer(session, comment)
    if kind is not AnswerKind.FINAL or earlier_reply is None:
        return
    if not came_to_nothing(earlier_reply.post):
        raise AlreadyAnswered(post=earlier_reply.post_id)
    routing.withdraw_reply(session, earlier_reply, actor=actor, now=now, why="answered_anew")
    session.flush()


def came_to_nothing(post: Post) -> bool:
    """Return the result of `has_come_to_nothing` for a reply's post."""
    return has_come_to_nothing(post.state, [delivery.state for delivery in post.deliveries])


def has_come_to_nothing(state: PostState, deliveries: Collection[DeliveryState]) -> bool:
    """Return True if a reply was rejected, or failed, was missed or cancelled on delivery."""
    if state in (PostState.DRAFT, PostState.REJECTED):
        return True
    return bool(deliveries) and set(deliveries) <= set(NOT_PUBLISHED)


def _new_reply(comment: Comment, kind: AnswerKind, *, now: datetime) -> Post:
    # The empty collections need not be read from the database.
    return Post(
        kind=PostKind.REPLY,
        title=f"@{comment.author_handle or comment.author_name}",
        department_id=comment.department_id,
        state=PostState.DRAFT,
        newest=0,
        created_at=now,
        state_at=now,
        reply=Reply(comment=comment, answer=kind, opening=comment.opening),
        submissions=[],
        revisions=[],
    )


def _decide(
    session: Session,
    post: Post,
    revision: Revision,
    *,
    actor: Actor,
    now: datetime,
    head_hours: float,
) -> None:
    # An officer of the responsible department approves by writing; others need a review.
    if actor.role not in OWN_HAND or actor.department_id != post.department_id:
        decide.send_for_review(
            session,
            actor=actor,
            now=now,
            post_id=post.id,
            seen_revision=revision.number,
            head_hours=head_hours,
        )
        return
    decide.approve_by_own_hand(session, actor=actor, now=now, post=post, revision=revision)
    (variant,) = revision.variants
    # It was written just now, so it has no delivery yet.
    schedule.add_delivery(
        session, actor=actor, now=now, variant=variant, due_at=now, late_limit=LONGEST_LATE_LIMIT
    )


def tick_answers(database: Database, *, now: datetime) -> int:
    """Mark comments whose answer is live: as answered, or with an interim answer.

    Reopen comments whose final answer we deleted. Returns the number of comments changed.
    """
    with database.transaction() as session:
        live = list(session.scalars(_live_replies()))
        for reply in live:
            _note_live(session, reply, now=now)
        reopened = reopen_unanswered(session, now=now)
    return len(live) + reopened


def _live_replies() -> Select[Reply]:
    """Select the live replies to open comments that are not yet noted."""
    return (
        select(Reply)
        .join(Comment, Comment.id == Reply.comment_id)
        .join(Delivery, Delivery.post_id == Reply.post_id)
        .where(
            Comment.state == CommentState.ROUTED,
            Reply.opening == Comment.opening,
            Reply.withdrawn_at.is_(None),
            Delivery.state == DeliveryState.PUBLISHED,
            Delivery.action.in_(OF_TEXTS),
            or_(Reply.answer == AnswerKind.FINAL, Comment.interim_at.is_(None)),
        )
        .with_for_update(skip_locked=True, of=Comment)
    )


def _note_live(session: Session, reply: Reply, *, now: datetime) -> None:
    comment, values = reply.comment, {"post": reply.post_id}
    if reply.answer is AnswerKind.INTERIM:
        comment.interim_at = now
        transitions.record(session, comment, "interim", actor=CLOCK, now=now, values=values)
        return
    transitions.apply(
        session,
        comment,
        CommentState.ANSWERED,
        actor=CLOCK,
        now=now,
        verb="answer_live",
        values=values,
    )
