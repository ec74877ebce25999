"""The page of one comment: its post, conversation, routing history and replies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from approvals.policy import Action, Actor, may
from publisher.models.comments import AnswerKind, Comment, Reply, Routing, Thread
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.replies import ReplyView, replies_to
from publisher.reports.types import AccountName, Office, Who, account_of, office_of, who_of
from publisher.states import CommentState
from publisher.validation import NotFound, check_in_sight

MOST = 100
"""How many comments of a conversation are read at most, centred on the requested comment."""

Links = Mapping[str, tuple[str, int]]
"""By platform id: the parent's platform id and our comment's id, 0 for our own reply."""


def branch_of(session: Session, comment: Comment) -> Sequence[Comment]:
    """Return the comment's conversation, oldest first.

    It starts at the topmost comment under our post. Our own replies connect comments too, since
    citizens answer them.
    """
    links = _links(session, comment.thread_id)
    branch_ids = _below(_top(comment.platform_id, links), links)
    ids = [
        links[platform_id][1]
        for platform_id in links
        if platform_id in branch_ids and links[platform_id][1]
    ]
    position = ids.index(comment.id)
    nearest_ids = ids[max(0, position - MOST // 2) : position + MOST // 2]
    query = select(Comment).where(Comment.id.in_(nearest_ids))
    return list(session.scalars(query.order_by(Comment.written_at, Comment.id)))


def _links(session: Session, thread_id: int) -> Links:
    """Return everything in the thread, oldest first."""
    comments = select(Comment.platform_id, Comment.parent_platform_id, Comment.id).where(
        Comment.thread_id == thread_id
    )
    answered = (
        select(ReceiptRow.platform_id, Comment.platform_id)
        .join(Delivery, Delivery.id == ReceiptRow.delivery_id)
        .join(Reply, Reply.post_id == Delivery.post_id)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(Comment.thread_id == thread_id)
    )
    ordered = session.execute(comments.order_by(Comment.written_at, Comment.id))
    links = {own: (parent, comment_id) for own, parent, comment_id in ordered}
    ours = session.execute(answered)
    return links | {own: (parent, 0) for own, parent in ours}


def _top(own: str, links: Links) -> str:
    """Return the topmost comment of the conversation, below our post."""
    visited = {own}
    while (parent := links[own][0]) in links and parent not in visited:
        visited.add(parent)
        own = parent
    return own


def _below(top: str, links: Links) -> set[str]:
    """Return this platform id and all its descendants."""
    children = defaultdict(list)
    for own, (parent, _) in links.items():
        children[parent].append(own)
    platform_ids, pending = {top}, [top]
    while pending:
        new = [child for child in children[pending.pop()] if child not in platform_ids]
        platform_ids.update(new)
        pending.extend(new)
    return platform_ids


@dataclass(frozen=True)
class ThreadMessage:
    """A citizen's comment or our reply; `is_this` marks the requested comment."""

    at: datetime
    comment_id: int
    author: str
    text: str
    url: str
    state: CommentState | None = None
    parent_id: int | None = None
    reply: ReplyView | None = None
    is_this: bool = False


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

    `reason` is a `RoutingReason`, `words` a person's reason; `title` and `published_at` are those
    of the post. `meant` is the department it was for (`meant_reason`), if nobody serves there.
    """

    reason: str
    since_at: datetime
    until_at: datetime | None
    department: Office | None
    holder: Who | None
    words: str = ""
    title: str = ""
    published_at: datetime | None = None
    came_from: Office | None = None
    meant: Office | None = None
    meant_reason: str = ""


@dataclass(frozen=True)
class CommentPage:
    """Everything on the page of a comment; `acts` are the actions allowed to this actor."""

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
    thread: tuple[ThreadMessage, ...]
    routings: tuple[RoutingStep, ...]
    replies: tuple[ReplyView, ...]
    hidden_at: datetime | None
    acts: frozenset[Action]


_PAGE_OPTIONS: tuple[ORMOption, ...] = (
    joinedload(Comment.account),
    joinedload(Comment.department),
    selectinload(Comment.routings).options(
        joinedload(Routing.department),
        joinedload(Routing.appointment).options(
            joinedload(Appointment.person), joinedload(Appointment.department)
        ),
    ),
    joinedload(Comment.thread)
    .joinedload(Thread.receipt)
    .joinedload(ReceiptRow.delivery)
    .options(
        joinedload(Delivery.account),
        joinedload(Delivery.variant),
        joinedload(Delivery.post).joinedload(Post.department),
    ),
)


def comment_page(session: Session, *, actor: Actor, comment_id: int, now: datetime) -> CommentPage:
    """Return the comment's page; raises `NotFound` if the comment is not visible."""
    query = select(Comment).where(Comment.id == comment_id).options(*_PAGE_OPTIONS)
    comment = session.scalars(query).one_or_none()
    if comment is None:
        raise NotFound(comment_id)
    own = [] if comment.department_id is None else [comment.department_id]
    check_in_sight(actor, Action.SEE_COMMENT, own)
    branch = branch_of(session, comment)
    replies = replies_to(session, [branch_comment.id for branch_comment in branch])
    steps = _routings(session, comment)
    return CommentPage(
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
        holder=steps[-1].holder if steps else None,
        own_post=_own_post(comment.thread.receipt),
        thread=tuple(_thread(comment, branch, replies)),
        routings=steps,
        replies=tuple(reply for reply in replies if reply.comment_id == comment.id),
        hidden_at=comment.hidden_at,
        acts=_acts(actor, comment, replies),
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


def _thread(
    comment: Comment, branch: Sequence[Comment], replies: Sequence[ReplyView]
) -> list[ThreadMessage]:
    """Return comments and replies in order of time, without withdrawn replies."""
    by_id = {branch_comment.platform_id: branch_comment.id for branch_comment in branch}
    messages = [
        ThreadMessage(
            at=branch_comment.written_at,
            comment_id=branch_comment.id,
            author=branch_comment.author_handle or branch_comment.author_name,
            text=branch_comment.text,
            url=branch_comment.url,
            state=branch_comment.state,
            parent_id=by_id.get(branch_comment.parent_platform_id),
            is_this=branch_comment.id == comment.id,
        )
        for branch_comment in branch
    ]
    answers = [_answer(reply) for reply in replies if reply.stands or reply.has_left]
    return sorted([*messages, *answers], key=lambda message: message.at)


def _answer(reply: ReplyView) -> ThreadMessage:
    return ThreadMessage(
        at=reply.published_at or reply.written_at,
        comment_id=reply.comment_id,
        author="",
        text=reply.text,
        url=reply.url,
        parent_id=reply.comment_id,
        reply=reply,
    )


def _routings(session: Session, comment: Comment) -> tuple[RoutingStep, ...]:
    department_ids = {
        routing.details[key]
        for routing in comment.routings
        for key in ("from", "department")
        if routing.details.get(key) is not None
    }
    departments = session.scalars(select(Department).where(Department.id.in_(department_ids)))
    offices = {department.id: office_of(department) for department in departments}
    return tuple(_routing(routing, offices) for routing in comment.routings)


def _routing(routing: Routing, offices: Mapping[int, Office]) -> RoutingStep:
    details = routing.details
    published_at = details.get("published_at")
    return RoutingStep(
        reason=routing.reason,
        since_at=routing.since_at,
        until_at=routing.until_at,
        department=office_of(routing.department) if routing.department else None,
        holder=who_of(routing.appointment) if routing.appointment else None,
        words=str(details.get("words", "")),
        title=str(details.get("title", "")),
        published_at=datetime.fromisoformat(published_at) if published_at else None,
        came_from=offices.get(details.get("from", 0)),
        meant=offices.get(details.get("department", 0)),
        meant_reason=str(details.get("meant", "")),
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


def _acts(actor: Actor, comment: Comment, replies: Collection[ReplyView]) -> frozenset[Action]:
    """Return the actions allowed now; answering is not if a final answer is in force."""
    possible = (*_ACTIONS_BY_STATE[comment.state], *_visibility_actions(comment))
    allowed = {action for action in possible if may(actor, action, comment.department_id)}
    has_final_reply = any(
        reply.comment_id == comment.id and reply.stands and reply.kind is AnswerKind.FINAL
        for reply in replies
    )
    return frozenset(allowed - {Action.ANSWER} if has_final_reply else allowed)
