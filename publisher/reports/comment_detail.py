"""The page of one comment: its post, conversation, routing history and replies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import Action, Actor, may
from publisher.models.comments import AnswerKind, Comment, CommentVersion, Routing, Thread
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.conversation import list_conversation
from publisher.reports.replies import ReplyView, list_replies
from publisher.reports.types import (
    AccountName,
    Office,
    Who,
    account_of,
    holder_of,
    office_of,
)
from publisher.states import CommentState
from publisher.validation import check_in_sight, existing


@dataclass(frozen=True)
class ThreadMessage:
    """A citizen's comment or our reply; `is_this` marks the requested comment.

    `before` are a comment's earlier texts, oldest first. A reply has an `answered_text`, what the
    comment said when it was answered, if the comment was edited after that.
    """

    at: datetime
    comment_id: int
    author: str
    text: str
    url: str
    state: CommentState | None = None
    parent_id: int | None = None
    reply: ReplyView | None = None
    is_this: bool = False
    before: tuple[CommentVersion, ...] = ()
    answered_text: str = ""


@dataclass(frozen=True)
class OwnPost:
    """The post under which the comment was written, as published."""

    post_id: int
    path: str
    title: str
    text: str
    url: str
    published_at: datetime
    department: Office
    account: AccountName


@dataclass(frozen=True)
class RoutingStep:
    """A period in which a department or officer had the comment.

    `reason` is a `RoutingReason`, and `person_reason` the sentence that a person wrote. `title` and
    `published_at` are those of the post. If nobody serves in the department that the rules name,
    the comment goes to the cell, and `intended` is that department.
    """

    reason: str
    since_at: datetime
    until_at: datetime | None
    department: Office | None
    holder: Who | None
    person_reason: str = ""
    title: str = ""
    published_at: datetime | None = None
    intended: Office | None = None


@dataclass(frozen=True)
class CommentDetail:
    """Everything on the page of a comment.

    `reason` says why it was closed, `opening` counts how often it was opened, and `acts` are the
    actions allowed to this actor now.
    """

    comment_id: int
    account: AccountName
    author_name: str
    author_handle: str
    text: str
    url: str
    written_at: datetime
    seen_at: datetime
    state: CommentState
    state_at: datetime
    due_at: datetime
    is_overdue: bool
    interim_at: datetime | None
    reason: str
    opening: int
    department: Office | None
    holder: Who | None
    own_post: OwnPost | None
    messages: tuple[ThreadMessage, ...]
    routing_steps: tuple[RoutingStep, ...]
    replies: tuple[ReplyView, ...]
    hidden_at: datetime | None
    gone_at: datetime | None
    acts: frozenset[Action]


def comment_page(
    session: Session, *, actor: Actor, comment_id: int, now: datetime
) -> CommentDetail:
    """Return the comment's page; raises `NotFound` if the comment is not visible."""
    query = session.scalars(_comment_in_full(), {"comment_id": comment_id})
    comment = existing(query.one_or_none(), comment_id)
    department_ids = [] if comment.department_id is None else [comment.department_id]
    check_in_sight(actor, Action.SEE_COMMENT, department_ids)
    conversation = list_conversation(session, comment)
    replies = list_replies(session, [branch_comment.id for branch_comment in conversation])
    routing_steps = _routing_steps(session, comment)
    return CommentDetail(
        comment_id=comment.id,
        account=account_of(comment.account),
        author_name=comment.author_name,
        author_handle=comment.author_handle,
        text=comment.text,
        url=comment.url,
        written_at=comment.written_at,
        seen_at=comment.seen_at,
        state=comment.state,
        state_at=comment.state_at,
        due_at=comment.due_at,
        is_overdue=comment.state in sql_conditions.OPEN and comment.due_at <= now,
        interim_at=comment.interim_at,
        reason=comment.reason,
        opening=comment.opening,
        department=office_of(comment.department) if comment.department else None,
        holder=routing_steps[-1].holder if routing_steps else None,
        own_post=_own_post(comment.thread.receipt),
        messages=tuple(_messages(comment, conversation, replies)),
        routing_steps=routing_steps,
        replies=tuple(reply for reply in replies if reply.comment_id == comment.id),
        hidden_at=comment.hidden_at,
        gone_at=comment.gone_at,
        acts=_current_actions(actor, comment, replies),
    )


@cache
def _comment_in_full() -> Select[Comment]:
    delivery = joinedload(Comment.thread).joinedload(Thread.receipt).joinedload(ReceiptRow.delivery)
    return (
        select(Comment)
        .where(Comment.id == bindparam("comment_id"))
        .options(
            joinedload(Comment.account),
            joinedload(Comment.department),
            selectinload(Comment.routings).options(
                joinedload(Routing.department),
                joinedload(Routing.appointment).options(
                    joinedload(Appointment.person), joinedload(Appointment.department)
                ),
            ),
            delivery.options(
                joinedload(Delivery.account),
                joinedload(Delivery.variant),
                joinedload(Delivery.post).joinedload(Post.department),
            ),
        )
    )


def _own_post(receipt: ReceiptRow | None) -> OwnPost | None:
    if receipt is None:
        return None
    delivery = receipt.delivery
    return OwnPost(
        post_id=delivery.post_id,
        path=links.post(delivery.post_id),
        title=delivery.post.title,
        text=delivery.variant.text,
        url=receipt.url,
        published_at=receipt.published_at,
        department=office_of(delivery.post.department),
        account=account_of(delivery.account),
    )


def _messages(
    comment: Comment, conversation: Sequence[Comment], replies: Sequence[ReplyView]
) -> list[ThreadMessage]:
    """Return comments and replies in order of time, without withdrawn replies."""
    ids_by_platform_id = {
        branch_comment.platform_id: branch_comment.id for branch_comment in conversation
    }
    messages = [
        ThreadMessage(
            at=branch_comment.written_at,
            comment_id=branch_comment.id,
            author=branch_comment.author_handle or branch_comment.author_name,
            text=branch_comment.text,
            url=branch_comment.url,
            state=branch_comment.state,
            parent_id=ids_by_platform_id.get(branch_comment.parent_platform_id),
            is_this=branch_comment.id == comment.id,
            before=tuple(branch_comment.versions),
        )
        for branch_comment in conversation
    ]
    before = {branch_comment.id: branch_comment.versions for branch_comment in conversation}
    reply_messages = [
        _reply_message(reply, before[reply.comment_id])
        for reply in replies
        if reply.is_in_force or reply.may_be_live
    ]
    return sorted([*messages, *reply_messages], key=lambda message: message.at)


def _reply_message(reply: ReplyView, before: Sequence[CommentVersion]) -> ThreadMessage:
    later_replaced = (version.text for version in before if version.replaced_at > reply.answered_at)
    return ThreadMessage(
        at=reply.published_at or reply.written_at,
        comment_id=reply.comment_id,
        author="",
        text=reply.text,
        url=reply.url,
        parent_id=reply.comment_id,
        reply=reply,
        answered_text=next(later_replaced, ""),
    )


def _routing_steps(session: Session, comment: Comment) -> tuple[RoutingStep, ...]:
    department_ids = {
        routing.details["department"]
        for routing in comment.routings
        if routing.details.get("department") is not None
    }
    query = select(Department).where(Department.id.in_(department_ids))
    departments = session.scalars(query) if department_ids else ()
    offices = {department.id: office_of(department) for department in departments}
    return tuple(_routing_step(routing, offices) for routing in comment.routings)


def _routing_step(routing: Routing, offices: Mapping[int, Office]) -> RoutingStep:
    details = routing.details
    published_at = details.get("published_at")
    return RoutingStep(
        reason=routing.reason,
        since_at=routing.since_at,
        until_at=routing.until_at,
        department=office_of(routing.department) if routing.department else None,
        holder=holder_of(routing.appointment, routing.since_at) if routing.appointment else None,
        person_reason=str(details.get("words", "")),
        title=str(details.get("title", "")),
        published_at=datetime.fromisoformat(published_at) if published_at else None,
        intended=offices.get(details.get("department", 0)),
    )


_ACTIONS_BY_STATE: Mapping[CommentState, tuple[Action, ...]] = {
    CommentState.RECEIVED: (Action.ASSIGN, Action.CLOSE),
    CommentState.ROUTED: (Action.ANSWER, Action.TRANSFER, Action.CLOSE),
    CommentState.ANSWERED: (Action.CLOSE, Action.REOPEN),
    CommentState.CLOSED: (Action.REOPEN,),
}


def _visibility_actions(comment: Comment) -> tuple[Action, ...]:
    """Return hide or unhide if the comment is under a post of ours that is still live."""
    receipt = comment.thread.receipt
    if receipt is None or receipt.gone_at is not None:
        return ()
    return (Action.HIDE,) if comment.hidden_at is None else (Action.UNHIDE,)


def _current_actions(
    actor: Actor, comment: Comment, replies: Collection[ReplyView]
) -> frozenset[Action]:
    """Return the actions allowed now; answering is not if a final answer is in force."""
    possible = (*_ACTIONS_BY_STATE[comment.state], *_visibility_actions(comment))
    allowed = {action for action in possible if may(actor, action, comment.department_id)}
    has_final_reply = any(
        reply.comment_id == comment.id and reply.is_in_force and reply.kind is AnswerKind.FINAL
        for reply in replies
    )
    return frozenset(allowed - {Action.ANSWER} if has_final_reply else allowed)
